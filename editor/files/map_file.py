"""Reads the freeze map of any file that may hold one. To be called in the reader only, as it reads untrusted files."""

from __future__ import annotations

from pathlib import Path

from editor.errors import FileError, FreezeMapError
from editor.files.keras_archive import read_freeze_map
from editor.files.probe import probe_file
from editor.layers.freeze_map import FreezeMap

_MAX_JSON_BYTES = 32 << 20
_JSON_STARTS = (b"{", b"\xef\xbb\xbf")


def read_map_of(path: Path) -> FreezeMap:
    """The map in a `.freeze.json`, a `.keras` or an HDF5 file; the content decides, never the name.

    Raises:
        FileError: The file is missing, cannot be read, or is neither a map nor a sound model.
        FreezeMapError: It holds no freeze map, or one of a newer version.
    """
    if _is_json(path):
        if path.stat().st_size > _MAX_JSON_BYTES:
            raise FileError(f"{path.name} is too large for a freeze map.", hint="Use a file that Frostline wrote.")
        return FreezeMap.from_json(path.read_bytes())
    probe_file(path)
    found = read_freeze_map(path)
    if found is None:
        raise FreezeMapError(
            f"{path.name} holds no freeze map: Frostline did not write it.",
            hint="Open it and save it here, or export its map.",
        )
    return found


def _is_json(path: Path) -> bool:
    if not path.is_file():
        return False
    if path.suffix == ".json":
        return True
    with path.open("rb") as stream:
        return stream.read(64).lstrip().startswith(_JSON_STARTS)
