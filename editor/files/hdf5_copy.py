"""Copies the objects of an HDF5 file into another, some groups with other datasets, and compares the two."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any

import h5py
import numpy as np

from editor.files.optimizer_slots import AS_THE_WEIGHT, Fresh, Kept

_CHUNK_BYTES = 1 << 20
_COMPARED_BYTES = 1 << 17
"""Pieces that stay in the processor's cache: twice as fast as pieces of a megabyte."""


@dataclass(frozen=True)
class FreshData:
    """A dataset that is made anew.

    Attributes:
        start: The number that it is filled with, or the path of the dataset that it is a copy of.
    """

    shape: tuple[int, ...]
    dtype: str
    start: float | str


Content = str | FreshData
"""What a dataset of the copy holds: what stands at a path of the source, or something new."""


@dataclass(frozen=True)
class NewGroup:
    """A group that the copy has in place of the source's.

    Attributes:
        datasets: What it holds, by name.
    """

    datasets: Mapping[str, Content]


Changes = Mapping[str, NewGroup | None]
"""The groups that differ, by path; None for one that is left out."""


def copy_objects(
    source: h5py.Group, target: h5py.Group, changes: Changes, at: str = "", *, without: Collection[str] = ()
) -> None:
    """Copies attributes and members of a group, recursively, but for what `changes` says.

    Args:
        source: The group to copy.
        target: The group that takes its place; empty.
        changes: What differs, by path from the file's root.
        at: The path of `source`.
        without: Attributes of `source` itself that are not copied.
    """
    copy_attributes(source, target, without)
    for name in source:
        path = posixpath.join(at, name)
        if path in changes:
            change = changes[path]
            if change is not None:
                _make_group(source, name, target, change)
        elif any(changed.startswith(f"{path}/") for changed in changes):
            copy_objects(source[name], target.create_group(name), changes, path)
        else:
            source.copy(name, target, name)


def copy_attributes(source: h5py.Group, target: h5py.Group, without: Collection[str] = ()) -> None:
    """Copies attributes as they are."""
    for key in source.attrs:
        if key not in without:
            target.attrs[key] = source.attrs[key]


def _make_group(source: h5py.Group, name: str, target: h5py.Group, change: NewGroup) -> None:
    group = target.create_group(name)
    copy_attributes(source[name], group)
    for dataset, content in change.datasets.items():
        put_dataset(source.file, group, dataset, content)


def put_dataset(source: h5py.File, group: h5py.Group, name: str, content: Content) -> None:
    """Makes one dataset, without holding its values in memory."""
    if isinstance(content, str):
        source.copy(content, group, name)
    elif isinstance(content.start, str):
        source.copy(content.start, group, name)
    else:
        # A fill value takes no room, and HDF5 gives it for what was never written.
        group.create_dataset(name, content.shape, content.dtype, fillvalue=np.dtype(content.dtype).type(content.start))


def changed_contents(changes: Changes) -> dict[str, Content]:
    """The contents of all new datasets, by their path in the copy."""
    return {
        posixpath.join(path, name): content
        for path, change in changes.items()
        if change is not None
        for name, content in change.datasets.items()
    }


def contents_of(variables: Sequence[Kept | Fresh], group: str, weight_paths: Mapping[int, str]) -> dict[str, Content]:
    """The contents of a group of numbered variables (`vars/0`, `vars/1`), where the source has one at `group`.

    Args:
        variables: The variables in their new order.
        group: The path of the group in the source.
        weight_paths: The dataset of each weight that a slot starts with, by `weight_id`.
    """
    contents: dict[str, Content] = {}
    for number, variable in enumerate(variables):
        if isinstance(variable, Kept):
            contents[str(number)] = posixpath.join(group, str(variable.index))
        else:
            contents[str(number)] = fresh_data(variable, weight_paths)
    return contents


def fresh_data(variable: Fresh, weight_paths: Mapping[int, str]) -> FreshData:
    """The data of a slot that starts anew."""
    weight, start = variable.weight, variable.slot.start
    return FreshData(weight.shape, weight.dtype, weight_paths[weight.weight_id] if start == AS_THE_WEIGHT else start)


def datasets_in(file: h5py.File) -> set[str]:
    """The paths of all datasets; asked of HDF5 itself, as h5py takes ten times as long for thousands of them."""
    found: set[str] = set()

    def note(name: bytes, info: Any) -> None:
        if info.type == h5py.h5o.TYPE_DATASET:
            found.add(name.decode())

    h5py.h5o.visit(file.id, note, info=True)
    return found


@dataclass(frozen=True)
class OpenFile:
    """An open HDF5 file and the bytes that it is made of.

    Attributes:
        file: The file as h5py sees it.
        stream: A stream that has the same bytes.
        offset: Where the HDF5 file begins in it.
    """

    file: h5py.File
    stream: IO[bytes]
    offset: int = 0


def first_difference(source: OpenFile, target: OpenFile, contents: Mapping[str, Content], removed: Changes) -> str:
    """Compares every dataset of a copy with what it should hold, bit for bit; the path of one that differs, or empty.

    Args:
        source: Where the values came from.
        target: The copy.
        contents: What the datasets hold that are not at their old place.
        removed: The groups of the source whose datasets need not be in the copy.
    """
    expected: dict[str, Content] = {
        path: path for path in datasets_in(source.file) if not any(path.startswith(f"{group}/") for group in removed)
    }
    expected.update(contents)
    found = datasets_in(target.file)
    if found != expected.keys():
        return min(found ^ expected.keys())
    for path, content in expected.items():
        if not _is_as_told(source, target, path, content):
            return path
    return ""


def _is_as_told(source: OpenFile, target: OpenFile, path: str, content: Content) -> bool:
    if isinstance(content, FreshData):
        dataset = target.file[path]
        if (dataset.shape, dataset.dtype) != (content.shape, np.dtype(content.dtype)):
            return False
        if not isinstance(content.start, str):
            return all(bool((values == content.start).all()) for values in _pieces(dataset))
        content = content.start
    was, now = h5py.h5d.open(source.file.id, content.encode()), h5py.h5d.open(target.file.id, path.encode())
    if was.shape != now.shape or not was.get_type().equal(now.get_type()):
        return False
    offsets = was.get_offset(), now.get_offset()
    num_bytes = was.get_storage_size()
    if None in offsets or num_bytes != now.get_storage_size():  # compressed, or without values of its own
        pairs = zip(_pieces(h5py.Dataset(was)), _pieces(h5py.Dataset(now)), strict=True)
        return all(before.tobytes() == after.tobytes() for before, after in pairs)
    return is_same_range(
        (source.stream, source.offset + offsets[0]), (target.stream, target.offset + offsets[1]), num_bytes
    )


def is_same_range(first: tuple[IO[bytes], int], second: tuple[IO[bytes], int], num_bytes: int) -> bool:
    """Whether two stretches of bytes are equal, each given by its stream and where it starts there."""
    for stream, at in (first, second):
        stream.seek(at)
    for start in range(0, num_bytes, _COMPARED_BYTES):
        wanted = min(num_bytes - start, _COMPARED_BYTES)
        piece = first[0].read(wanted)
        if len(piece) != wanted or piece != second[0].read(wanted):
            return False
    return True


def _pieces(dataset: h5py.Dataset) -> Iterator[np.ndarray[Any, Any]]:
    """The values of a dataset in pieces of a few megabytes."""
    if not dataset.shape or dataset.id.get_space_status() == h5py.h5d.SPACE_STATUS_NOT_ALLOCATED:
        # What was never written is one value over and over.
        yield np.asarray(dataset[()] if not dataset.shape else dataset.fillvalue)
        return
    row_bytes = max(1, dataset.nbytes // max(1, dataset.shape[0]))
    rows = max(1, _CHUNK_BYTES // row_bytes)
    for start in range(0, dataset.shape[0], rows):
        yield dataset[start : start + rows]
