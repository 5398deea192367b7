"""Finds in the outline of a weights file of Keras 3 which groups there are, and the variables in each."""

from __future__ import annotations

from collections.abc import Iterator

from editor.files.hdf5_outline import DatasetOutline, GroupOutline
from editor.files.preview.drafts import Variable

VARIABLES = "vars"
_OLD_LAYERS = "_layer_checkpoint_dependencies"
"""What Keras 2.12 and 2.13 call `layers`."""


class WeightGroups:
    """The groups of a weights file."""

    def __init__(self, outline: GroupOutline) -> None:
        self._root = outline
        self._is_old = _OLD_LAYERS.encode() in outline.groups

    def variables(self, store: str) -> list[Variable] | None:
        """The variables of a layer in the order of their numbers; None where it has no group."""
        group = self._open(f"{store}/{VARIABLES}")
        if group is None:
            return None
        names = sorted(group.datasets, key=_number)
        return [variable for name in names if (variable := _variable(name, group.datasets[name]))]

    def layer_name(self, store: str) -> str:
        """Keras's name of the layer, which newer versions write beside its variables; empty if it is not there."""
        group = self._open(f"{store}/{VARIABLES}")
        return group.texts.get(b"name", "") if group else ""

    def groups(self, store: str) -> list[str]:
        """The names of the groups in a group."""
        group = self._open(store)
        return [name.decode("utf-8", "replace") for name in group.groups] if group else []

    def has(self, path: str) -> bool:
        """Whether there is a group."""
        return self._open(path) is not None

    def has_variables(self, store: str) -> bool:
        """Whether a group is that of a layer, and not of a list of layers."""
        return self._open(f"{store}/{VARIABLES}") is not None

    def _open(self, path: str) -> GroupOutline | None:
        group = self._root.group(path)
        if group is None and self._is_old:
            return self._root.group(path.replace("layers", _OLD_LAYERS))
        return group


def _number(name: bytes) -> tuple[int, bytes]:
    return (int(name), name) if name.isdigit() else (1 << 31, name)


def _variable(name: bytes, dataset: DatasetOutline) -> Variable | None:
    """What a dataset holds; None if that is nothing at all."""
    if dataset.shape is None or dataset.dtype is None:
        return None
    # NumPy has no bfloat16, so Keras writes two bytes of anything and says what they are.
    text = dataset.texts.get(b"dtype") if dataset.dtype.kind == "V" else ""
    own_name = "" if name.isdigit() else name.decode("utf-8", "replace")
    return Variable(dataset.shape, text or str(dataset.dtype), own_name)


def walk_order_of_groups(names: list[str]) -> Iterator[str]:
    """Groups in the order of Keras's walk as far as their names tell it: public first, numbers as numbers."""
    yield from sorted(names, key=_walk_key)


def _walk_key(name: str) -> tuple[bool, str, int]:
    stem, _, number = name.rpartition("_")
    return (name.startswith("_"), stem, int(number)) if stem and number.isdigit() else (name.startswith("_"), name, -1)
