"""A save of flags alone, as plain data that a process without Keras can carry out."""

from __future__ import annotations

from pathlib import Path

import msgspec

from editor.layers.freeze_map import FreezeMap
from editor.layers.records import LayerRecord
from editor.layers.tree import LayerTree


class PatchPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be written.

    Attributes:
        source: The model file that has the weights.
        target: The file to write, of the same format; may be the source.
        num_bytes: Size of the source, as it was when its model was loaded or last saved.
        mtime_ns: Its time of change then, in nanoseconds.
        root: The model's layers as they were walked, with no more of each configuration than the name.
        is_as_read: Whether the flags in `root` are those that Keras read from this very source.
        freeze_map: The flags to write; it names every layer of `root` that has weights, by its path there.
    """

    source: str
    target: str
    num_bytes: int
    mtime_ns: int
    root: LayerRecord
    is_as_read: bool
    freeze_map: FreezeMap


class PatchResult(msgspec.Struct, frozen=True, kw_only=True):
    """A file whose flags were changed, verified and in its place.

    Attributes:
        forgotten: Paths of the weights that plain Keras will not restore as frozen.
        notes: What a person should know about the file, a sentence each.
    """

    forgotten: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def patch_plan(
    tree: LayerTree, source: Path, target: Path, *, num_bytes: int, mtime_ns: int, is_as_read: bool
) -> PatchPlan:
    """The plan that writes the flags of a tree; see `PatchPlan`."""
    return PatchPlan(
        source=str(source.absolute()),
        target=str(target.absolute()),
        num_bytes=num_bytes,
        mtime_ns=mtime_ns,
        root=_named_only(tree.root.record),
        is_as_read=is_as_read,
        freeze_map=tree.freeze_map(),
    )


def _named_only(record: LayerRecord) -> LayerRecord:
    name = record.config.get("name")
    return msgspec.structs.replace(
        record, config={"name": name} if name else {}, children=tuple(map(_named_only, record.children))
    )
