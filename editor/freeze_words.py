"""What the `freeze` command reads and says, whether it loads the model or not."""

from __future__ import annotations

from pathlib import Path

from editor.errors import FileError
from editor.layers.freeze_map import FreezeMap
from editor.layers.patch_plan import PatchResult
from editor.layers.tree import LayerTree


def read_map(path: Path) -> FreezeMap:
    """A freeze map in a file of its own.

    Raises:
        FileError: It cannot be read.
        FreezeMapError: It is none.
    """
    try:
        return FreezeMap.from_json(path.read_bytes())
    except OSError as error:
        raise FileError(f"The freeze map {str(path)!r} cannot be read.", hint="Check its name.") from error


def saved_lines(tree: LayerTree, target: Path, result: PatchResult) -> str:
    """What is in a file that was saved, and what of it plain Keras forgets."""
    account = tree.account(tree.root)
    lines = [f"{target}: {account.trainable.parameters:,} trainable, {account.frozen.parameters:,} frozen parameters"]
    if result.forgotten:
        lines.append(f"Plain Keras will load as trainable, though frozen: {', '.join(result.forgotten)}")
    return "\n".join((*lines, *result.notes))
