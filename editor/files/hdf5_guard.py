"""Walks a whole HDF5 file before anything else reads it: nothing in it may lead elsewhere, go in circles, or swell.

What Keras reads of a model file is a tree of groups with plain datasets. HDF5 can do much more: links into other
files, data that lie in other files, links that come back to where they started, shapes of petabytes, filters that load
plugins. All that is refused here, in a reader, so that the engine never meets it. No value of a dataset is read,
unless it is packed or of variable length.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple, NoReturn

import h5py
import numpy as np
import numpy.typing as npt

from editor.errors import FileError
from editor.files.hdf5_chunks import check_chunks
from editor.files.hdf5_outline import MAX_TEXT, TEXT_NAMES, DatasetOutline, GroupOutline

MAX_LINKS = 50_000
"""A model of 566 layers has less than 3,000 groups and datasets."""
MAX_DEPTH = 100
"""Groups within groups: a nested model or a composite layer takes two levels."""
MAX_ATTRIBUTES = 1_000
"""On one object. Keras cuts long lists of names into pieces of 64 KB, an attribute each."""
MAX_ATTRIBUTE_BYTES = 32 << 20
MAX_TEXTS = 10_000
"""Values of variable length in one dataset: weights have none, a custom layer may keep a few words."""
MAX_EXPANSION = 100
"""How many times the size of the file its values may take, as with archives."""
SMALL_BYTES = 1 << 20
"""What a dataset may declare without having written it."""

_HOSTILE_HINT = "No Keras writes that: get the model from its maker again, and do not open this file elsewhere."
_DAMAGED_HINT = "Copy or download it again."


def check_hdf5(file: h5py.File, name: str, num_bytes: int) -> GroupOutline:
    """Follows every link of an open file and looks at every attribute and at the header of every dataset.

    Args:
        file: The file.
        name: As a person knows it, such as `model.weights.h5 in model.keras`.
        num_bytes: Its size; what is declared is held against it.

    Returns:
        What was met on the way, so that nobody has to go through the file again for it.

    Raises:
        FileError: Something in it is hostile, or damaged beyond what a model can be read from.
        OSError: As the other `DAMAGED_HDF5`: the library cannot make sense of it.
    """
    return _Walk(name, num_bytes).follow(file.id)


class _Walk:
    """One look at one file, with what was found so far."""

    def __init__(self, name: str, num_bytes: int) -> None:
        self._name = name
        self._num_bytes = num_bytes
        self._seen: set[int] = set()
        self._num_links = 0
        self._places: list[tuple[int, int]] = []
        self._unpacked = 0

    def follow(self, file: h5py.h5f.FileID) -> GroupOutline:
        root = h5py.h5o.open(file, b"/")
        self._seen.add(h5py.h5o.get_info(root).addr)
        outline = GroupOutline(self._check_attributes(root))
        # Not by recursion: how deep it goes is for the file to say. In the order of the file, which is read ahead.
        waiting = [(root, outline, link, 1) for link in reversed(self._links(root))]
        while waiting:
            group, above, link, depth = waiting.pop()
            item = h5py.h5o.open(group, link)
            texts = self._check_attributes(item)
            if isinstance(item, h5py.h5d.DatasetID):
                above.datasets[link] = self._check_dataset(item, link, texts)
            elif not isinstance(item, h5py.h5g.GroupID):
                self._refuse(f"has a data type in the place of {_shown(link)}, where a group or weights belong")
            elif depth == MAX_DEPTH:
                self._refuse(f"nests groups more than {MAX_DEPTH} deep")
            else:
                below = above.groups[link] = GroupOutline(texts)
                waiting += [(item, below, inner, depth + 1) for inner in reversed(self._links(item))]
        self._check_places()
        return outline

    # -- links --------------------------------------------------------------------------------------------------

    def _links(self, group: h5py.h5g.GroupID) -> list[bytes]:
        """The names in a group, all of which lead to objects that no other name leads to."""
        found: list[tuple[bytes, int, int]] = []

        # What is raised in here would not come out; whatever is returned ends the walk.
        def note(name: bytes, info: h5py.h5l.LinkInfo) -> bool | None:
            found.append((name, info.type, info.u))
            return len(found) > MAX_LINKS or None

        order = {"idx_type": h5py.h5.INDEX_NAME, "order": h5py.h5.ITER_NATIVE}
        group.links.iterate(note, info=True, **order)
        self._num_links += len(found)
        if self._num_links > MAX_LINKS:
            self._refuse(f"has more than {MAX_LINKS:,} groups and datasets")
        for name, kind, address in found:
            self._check_link(name, kind, address)
        return [name for name, _, _ in found]

    def _check_link(self, name: bytes, kind: int, address: int) -> None:
        if kind == h5py.h5l.TYPE_EXTERNAL:
            self._refuse(f"has a link to another file in the place of {_shown(name)}")
        if kind != h5py.h5l.TYPE_HARD:
            self._refuse(f"has a link to another place of its own in the place of {_shown(name)}")
        if address in self._seen:
            self._refuse(f"leads to one object by two names or in a circle, at {_shown(name)}")
        self._seen.add(address)

    # -- attributes ---------------------------------------------------------------------------------------------

    def _check_attributes(self, item: h5py.h5g.GroupID | h5py.h5d.DatasetID) -> dict[bytes, str]:
        """Looks at all attributes of an object; gives those that are kept."""
        num_attributes = h5py.h5a.get_num_attrs(item)
        if num_attributes > MAX_ATTRIBUTES:
            self._refuse(f"has {num_attributes:,} attributes in one place, at most {MAX_ATTRIBUTES:,} are read")
        attributes = [h5py.h5a.open(item, index=index) for index in range(num_attributes)]
        return {attribute.name: text for attribute in attributes if (text := self._check_attribute(attribute))}

    def _check_attribute(self, attribute: h5py.h5a.AttrID) -> str:
        """Looks at one attribute; gives its text if it is to be kept."""
        kind, name = _kind(attribute.get_type().encode()), attribute.name
        num_bytes = attribute.get_space().get_simple_extent_npoints() * kind.num_bytes
        if num_bytes > MAX_ATTRIBUTE_BYTES:
            self._refuse(f"has an attribute {_shown(name)} of more than {MAX_ATTRIBUTE_BYTES >> 20} MB")
        is_kept = name in TEXT_NAMES and num_bytes <= MAX_TEXT and kind.is_text
        self._check_kind(kind, name)
        if not kind.is_variable and not is_kept:
            return ""
        # It may lie in another place of the file, where the library may hang (fact F24): better here than later.
        value = np.empty(attribute.shape, dtype=attribute.dtype if kind.dtype is None else kind.dtype)
        attribute.read(value)
        return _text(value) if is_kept else ""

    # -- datasets -----------------------------------------------------------------------------------------------

    def _check_dataset(self, dataset: h5py.h5d.DatasetID, link: bytes, texts: dict[bytes, str]) -> DatasetOutline:
        settings = dataset.get_create_plist()
        layout = settings.get_layout()
        if settings.get_external_count():
            self._refuse(f"keeps the values of {_shown(link)} in another file")
        if layout == h5py.h5d.VIRTUAL:
            self._refuse(f"puts {_shown(link)} together from other datasets")
        kind, space = _kind(dataset.get_type().encode()), dataset.get_space()
        num_values = space.get_simple_extent_npoints()
        num_bytes = num_values * kind.num_bytes
        stored = dataset.get_storage_size()
        self._count(link, num_bytes, stored)
        if layout == h5py.h5d.CHUNKED:
            check_chunks(dataset, settings, f"{_shown(link)} in {self._name}", self._num_bytes)
        elif layout == h5py.h5d.CONTIGUOUS and num_bytes and stored:
            self._note_place(link, dataset.get_offset(), stored)
        self._check_kind(kind, link)
        if kind.is_variable:
            self._read_texts(dataset, num_values)
        return DatasetOutline(space.get_simple_extent_dims(), kind.dtype, texts)

    def _count(self, link: bytes, num_bytes: int, stored: int) -> None:
        """Holds what is declared against what is there."""
        self._unpacked += num_bytes
        if num_bytes > max(SMALL_BYTES, MAX_EXPANSION * stored):
            self._refuse(f"declares {num_bytes:,} bytes of values for {_shown(link)} and holds {stored:,}")
        if self._unpacked > max(SMALL_BYTES, MAX_EXPANSION * self._num_bytes):
            self._refuse(f"declares {self._unpacked:,} bytes of values in a file of {self._num_bytes:,}")

    def _note_place(self, link: bytes, offset: int | None, stored: int) -> None:
        if offset is None or offset + stored > self._num_bytes:
            raise FileError(
                f"{self._name} is damaged: the values of {_shown(link)} lie beyond its end.", hint=_DAMAGED_HINT
            )
        self._places.append((offset, offset + stored))

    def _check_places(self) -> None:
        self._places.sort()
        for (_, end), (start, _) in pairwise(self._places):
            if start < end:
                self._refuse("uses one part of the file for several weights")

    def _read_texts(self, dataset: h5py.h5d.DatasetID, num_values: int) -> None:
        if num_values > MAX_TEXTS:
            self._refuse(f"has {num_values:,} values of variable length in one dataset")
        dataset.read(h5py.h5s.ALL, h5py.h5s.ALL, np.empty(dataset.shape, dtype=dataset.dtype))

    # -- kinds of values ----------------------------------------------------------------------------------------

    def _check_kind(self, kind: _Kind, name: bytes) -> None:
        if kind.has_references:
            self._refuse(f"has a reference to another object in {_shown(name)}")

    def _refuse(self, what: str) -> NoReturn:
        raise FileError(f"{self._name} {what}.", hint=_HOSTILE_HINT)


class _Kind(NamedTuple):
    """What is asked of a type of values.

    Attributes:
        num_bytes: Of one value.
        dtype: The NumPy type; None if there is none.
        is_text: Whether values are texts.
        is_variable: Whether values lie elsewhere in the file than the object that they belong to.
        has_references: Whether there are references to other objects in it.
    """

    num_bytes: int
    dtype: np.dtype[Any] | None
    is_text: bool
    is_variable: bool
    has_references: bool


@lru_cache(maxsize=64)
def _kind(encoded: bytes) -> _Kind:
    """A type as HDF5 writes it down; a model has two or three, at thousands of places."""
    kind = h5py.h5t.decode(encoded)
    classes = [(part.get_class(), part) for part in _parts(kind)]
    return _Kind(
        kind.get_size(),
        _dtype(kind),
        kind.get_class() == h5py.h5t.STRING,
        any(
            number == h5py.h5t.VLEN or (number == h5py.h5t.STRING and part.is_variable_str())
            for number, part in classes
        ),
        any(number == h5py.h5t.REFERENCE for number, _ in classes),
    )


def _dtype(kind: h5py.h5t.TypeID) -> np.dtype[Any] | None:
    """The NumPy type of an HDF5 type; None where there is none."""
    try:
        dtype: np.dtype[Any] = kind.dtype
    except (TypeError, ValueError):
        return None
    return dtype


def _parts(kind: h5py.h5t.TypeID) -> Iterator[h5py.h5t.TypeID]:
    """A type and all that it is made of."""
    waiting = [kind]
    while waiting:
        part = waiting.pop()
        yield part
        number = part.get_class()
        if number == h5py.h5t.COMPOUND:
            waiting += [part.get_member_type(at) for at in range(part.get_nmembers())]
        elif number in {h5py.h5t.ARRAY, h5py.h5t.VLEN}:
            waiting.append(part.get_super())


def _text(value: npt.NDArray[Any]) -> str:
    """The one text in an array; empty if it is none."""
    text = value.item() if value.size == 1 else ""
    text = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return text[:MAX_TEXT] if isinstance(text, str) else ""


def _shown(name: bytes) -> str:
    """A name from the file, fit for a sentence."""
    text = name.decode("utf-8", "replace")
    return repr(text if len(text) <= 60 else f"{text[:60]}…")
