"""A freeze map in a file of its own, `NAME.freeze.json`. Imports no h5py, so that the window can write one."""

from __future__ import annotations

from pathlib import Path

from editor.errors import FileError
from editor.files.atomic import write_atomically
from editor.layers.freeze_map import FreezeMap

MAP_ENDING = ".freeze.json"


def map_path_for(model: Path) -> Path:
    """Where the map of a model file goes: `NAME.freeze.json` beside it."""
    return model.with_name(f"{model.name.removesuffix(model.suffix)}{MAP_ENDING}")


def write_freeze_json(target: Path, freeze_map: FreezeMap) -> None:
    """Writes a map beside the target, reads it back, and only then renames it over the target.

    Raises:
        FileError: The target cannot be written.
        OSError: Writing failed halfway.
    """
    with write_atomically(target) as path:
        path.write_bytes(freeze_map.to_json())
        if FreezeMap.from_json(path.read_bytes()) != freeze_map:
            raise FileError(f"{target.name} was written, but reading it back gave something else.")
