"""The flags of a model's file beside edited layers, kept so that the next start can tell what has changed since."""

from __future__ import annotations

from pathlib import Path

import msgspec

from editor.files.atomic import write_atomically
from editor.layers.changes import FlagSnapshot
from editor.layers.kept import opened_after
from editor.layers.rebase import TreeKeys, match_keys
from editor.layers.tree import LayerTree

_FILE = "opened.json"


class OpenedFlags(msgspec.Struct, frozen=True, kw_only=True):
    """The flags in the file as it was opened, told in the ids of other layers.

    Attributes:
        structure: Number of these layers.
        keys: What the ids stand for.
        snapshot: The flags, and the layers that are gone.
    """

    structure: int
    keys: TreeKeys
    snapshot: FlagSnapshot

    def on(self, tree: LayerTree) -> FlagSnapshot:
        """The flags in the ids of another tree of the same layers."""
        return opened_after(self.snapshot, match_keys(self.keys, tree))


def write_opened_flags(folder: Path, flags: OpenedFlags) -> None:
    """Writes them into a workspace folder.

    Raises:
        FileError: The file cannot be written.
    """
    with write_atomically(folder / _FILE) as temporary:
        temporary.write_bytes(msgspec.json.encode(flags))


def read_opened_flags(folder: Path, structure: int) -> OpenedFlags | None:
    """Those that were written for a structure; None where there are none that can be read."""
    try:
        flags = msgspec.json.decode((folder / _FILE).read_bytes(), type=OpenedFlags)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return None
    return flags if flags.structure == structure else None
