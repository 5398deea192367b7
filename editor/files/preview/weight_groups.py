"""Looks into a weights file of Keras 3: which groups there are, and the shapes and types of the variables in each.

No values are read. To be used on a file that `hdf5_guard` has walked: links are followed here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import h5py
from h5py import h5a, h5d, h5g

from editor.files.preview.skeleton import Variable

VARIABLES = "vars"
_OLD_LAYERS = "_layer_checkpoint_dependencies"
"""What Keras 2.12 and 2.13 call `layers`."""


class WeightGroups:
    """The groups of a weights file that is open; to be asked only as long as it is.

    h5py's own objects take three times as long as its lower level (816 variables of 566 layers: 0.3 s and 0.1 s).
    """

    def __init__(self, file: h5py.File) -> None:
        self._root = file.id
        self._is_old = _OLD_LAYERS.encode() in _names(file.id)

    def variables(self, store: str) -> list[Variable] | None:
        """The variables of a layer in the order of their numbers; None where it has no group."""
        group = self._open(f"{store}/{VARIABLES}" if store else VARIABLES)
        if group is None:
            return None
        names = sorted(_names(group), key=_number)
        found = [(name, _dataset(group, name)) for name in names]
        return [_variable(name, dataset) for name, dataset in found if dataset is not None]

    def layer_name(self, store: str) -> str:
        """Keras's name of the layer, which newer versions write beside its variables; empty if it is not there."""
        group = self._open(f"{store}/{VARIABLES}" if store else VARIABLES)
        return _text_attribute(group, b"name") if group is not None else ""

    def groups(self, store: str) -> list[str]:
        """The names of the groups in a group."""
        group = self._open(store) if store else h5g.open(self._root, b"/")
        if group is None:
            return []
        inner = (name for name in _names(group) if _is_group(group, name))
        return [name.decode("utf-8", "replace") for name in inner]

    def has_variables(self, store: str) -> bool:
        """Whether a group is that of a layer, and not of a list of layers."""
        return self._open(f"{store}/{VARIABLES}") is not None

    def _open(self, path: str) -> Any:
        group = _follow(self._root, path)
        if group is None and self._is_old:
            return _follow(self._root, path.replace("layers", _OLD_LAYERS))
        return group


def _follow(root: Any, path: str) -> Any:
    """The group at a path; None where there is none."""
    try:
        return h5g.open(root, path.encode())
    except (KeyError, ValueError):  # by h5py's version, and where a group on the way is not there
        return None


def _is_group(group: Any, name: bytes) -> bool:
    return bool(h5g.get_objinfo(group, name).type == h5g.GROUP)


def _names(group: Any) -> list[bytes]:
    return list(group)


def _number(name: bytes) -> tuple[int, bytes]:
    return (int(name), name) if name.isdigit() else (1 << 31, name)


def _dataset(group: Any, name: bytes) -> Any:
    return h5d.open(group, name) if h5g.get_objinfo(group, name).type == h5g.DATASET else None


def _variable(name: bytes, dataset: Any) -> Variable:
    dtype = dataset.dtype
    # NumPy has no bfloat16, so Keras writes two bytes of anything and says what they are.
    text = _text_attribute(dataset, b"dtype") if dtype.kind == "V" else ""
    own_name = "" if name.isdigit() else name.decode("utf-8", "replace")
    return Variable(tuple(int(size) for size in dataset.shape), text or str(dtype), own_name)


def _text_attribute(holder: Any, name: bytes) -> str:
    if not h5a.exists(holder, name):
        return ""
    value = h5py.AttributeManager(_Holder(holder)).get(name.decode())
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


class _Holder:
    """What h5py's attributes want of an object."""

    def __init__(self, low_level: Any) -> None:
        self.id = low_level


def walk_order_of_groups(names: list[str]) -> Iterator[str]:
    """Groups in the order of Keras's walk as far as their names tell it: public first, numbers as numbers."""
    yield from sorted(names, key=_walk_key)


def _walk_key(name: str) -> tuple[bool, str, int]:
    stem, _, number = name.rpartition("_")
    return (name.startswith("_"), stem, int(number)) if stem and number.isdigit() else (name.startswith("_"), name, -1)
