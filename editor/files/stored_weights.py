"""The weights in an HDF5 file as its groups tell them: names, shapes and types, without the values.

Keras writes them in two ways. The older one has a list of layers and, for each, a list of its weights, as attributes
(`layer_names`, `weight_names`); Keras 3 has nested groups that are named by its walk (fact F22), with the datasets
`vars/0`, `vars/1`, …. That nothing in a file leads elsewhere or in a circle is looked at before (`hdf5_guard`).
"""

from __future__ import annotations

import math
import posixpath
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
from h5py import h5a, h5d, h5g, h5o

from editor.files.signatures import ZIP_SIGNATURES

LAYER_NAMES = "layer_names"
WEIGHT_NAMES = "weight_names"
ROOT_WEIGHTS = "top_level_model_weights"
"""The group of the weights that a model itself owns, which `layer_names` leaves out."""

MODEL_WEIGHTS = "model_weights"
"""The group of the weights in a file that holds a whole model."""

LAYERS = "layers"
OLD_LAYERS = "_layer_checkpoint_dependencies"
"""What Keras 2.12 and 2.13 called `layers`."""

_VARIABLES = "vars"
_MARKS = {_VARIABLES, LAYERS, OLD_LAYERS}
_OPTIMIZER = "optimizer"
_DTYPE = "dtype"
_NO_TYPE = "|V"
"""How NumPy names bytes of anything."""


@dataclass(frozen=True)
class StoredWeight:
    """One dataset.

    Attributes:
        name: As the file names it: `dense_1/kernel:0`, or a number where Keras 3 wrote it.
        dataset: Its path in the file.
        shape: Of its values.
        dtype: As Keras names it, such as `float32`.
        num_bytes: Size of its values.
    """

    name: str
    dataset: str
    shape: tuple[int, ...]
    dtype: str
    num_bytes: int


@dataclass(frozen=True)
class StoredLayer:
    """One group with weights, or without.

    Attributes:
        key: The group: the layer's name in the older way, else its key, such as `layers/functional/layers/dense`;
            empty for the model itself.
        name: Keras's name of the layer; empty where the file does not tell.
        weights: In the order of the file.
    """

    key: str
    name: str
    weights: tuple[StoredWeight, ...]


@dataclass(frozen=True)
class StoredWeights:
    """All of a file.

    Attributes:
        is_by_name: Whether it is written in the older way.
        layers: In the order of the file.
    """

    is_by_name: bool
    layers: tuple[StoredLayer, ...]


def stored_weights(file: h5py.File) -> StoredWeights:
    """The weights in an open file, in whichever way they are written.

    Raises:
        KeyError: As the other `DAMAGED_HDF5`: something that is listed is not there.
    """
    group = group_by_name(file)
    if group is None:
        return StoredWeights(False, tuple(read_layers_by_key(file)))
    return StoredWeights(True, tuple(read_layers_by_name(group)))


def is_weights_file(path: Path) -> bool:
    """Whether a file that a reader found sound holds weights without an architecture."""
    with path.open("rb") as stream:
        # The weights in an archive may begin where HDF5 looks for a file with a user block.
        is_archive = stream.read(4) in ZIP_SIGNATURES
    if is_archive or not h5py.is_hdf5(path):
        return False
    with h5py.File(path, "r") as file:
        return "model_config" not in file.attrs


def read_layers_by_name(group: h5py.Group) -> list[StoredLayer]:
    """The layers in the older way, in the order of `layer_names`; the model's own weights last, if it has any.

    Raises:
        KeyError: As the other `DAMAGED_HDF5`: something that is listed is not there.
    """
    names = read_names(group, LAYER_NAMES)
    above = group.name.strip("/")
    layers = [_layer_by_name(group, above, name, name) for name in names]
    if ROOT_WEIGHTS in group and ROOT_WEIGHTS not in names:
        layers.append(_layer_by_name(group, above, ROOT_WEIGHTS, ""))
    return [layer for layer in layers if layer.key != ROOT_WEIGHTS or layer.weights]


def read_layers_by_key(file: h5py.Group) -> list[StoredLayer]:
    """The layers of a file of Keras 3, the model itself first; the optimizer is left out."""
    return list(_layers_below(file.id, ""))


def group_by_name(file: h5py.File) -> h5py.Group | None:
    """The group that is written in the older way; None where there is none."""
    group = file.get(MODEL_WEIGHTS, file)
    return group if LAYER_NAMES in group.attrs or f"{LAYER_NAMES}0" in group.attrs else None


def is_by_key(file: h5py.File) -> bool:
    """Whether a file has weights as Keras 3 writes them."""
    return bool(_MARKS.intersection(file)) and any(True for _ in _layers_below(file.id, ""))


def type_obstacle(layers: Iterable[StoredLayer]) -> str:
    """Why a model with these weights is never loaded, as a sentence: no type; empty if each has one."""
    for layer in layers:
        if any(weight.dtype.startswith(_NO_TYPE) for weight in layer.weights):
            return (
                f"The file has weights of {layer.name or 'the model itself'!r} without their type, as Keras writes"
                " bfloat16 into an .h5, and Keras cannot read them back; save the model as a .keras file instead."
            )
    return ""


def read_names(group: h5py.Group, key: str) -> list[str]:
    """A list of names, which Keras cuts in pieces (`weight_names0`, `weight_names1`, …) where it is long."""
    attributes = group.attrs
    if h5a.exists(group.id, key.encode()):
        return [text_of(name) for name in attributes[key]]
    names: list[str] = []
    number = 0
    while f"{key}{number}" in attributes:
        names += [text_of(name) for name in attributes[f"{key}{number}"]]
        number += 1
    return names


def text_of(value: Any) -> str:
    """An attribute as text: h5py gives str, bytes, or an array of one."""
    if hasattr(value, "item"):
        value = value.item()
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)


def _layer_by_name(group: h5py.Group, above: str, key: str, name: str) -> StoredLayer:
    # h5py's own objects take three times as long as its lower level.
    inner = h5py.Group(h5g.open(group.id, key.encode()))
    path = posixpath.join(above, key)
    weights = (_weight(inner.id, each, posixpath.join(path, each)) for each in read_names(inner, WEIGHT_NAMES))
    return StoredLayer(key, name, tuple(weights))


def _layers_below(group: Any, key: str) -> Iterator[StoredLayer]:
    """Each group that has variables, depth first."""
    names = _names_in(group)
    if _VARIABLES in names:
        yield _layer_by_key(h5g.open(group, _VARIABLES.encode()), key)
    for name in names:
        if name == _VARIABLES or (not key and name.startswith(_OPTIMIZER)):
            continue
        inner = h5o.open(group, name.encode())
        if isinstance(inner, h5g.GroupID):
            yield from _layers_below(inner, f"{key}/{name}" if key else name)


def _names_in(group: Any) -> list[str]:
    return [group.get_objname_by_idx(at).decode() for at in range(len(group))]


def _layer_by_key(variables: Any, key: str) -> StoredLayer:
    name = ""
    if h5a.exists(variables, b"name"):
        name = text_of(h5py.Group(variables).attrs["name"])
    numbers = sorted(_names_in(variables), key=lambda each: (len(each), each))
    path = posixpath.join(key, _VARIABLES)
    weights = (_weight(variables, number, posixpath.join(path, number)) for number in numbers)
    return StoredLayer(key, name, tuple(weights))


def _weight(group: Any, name: str, path: str) -> StoredWeight:
    dataset = h5d.open(group, name.encode())
    num_bytes = dataset.dtype.itemsize * math.prod(dataset.shape)
    return StoredWeight(name, path, tuple(dataset.shape), _dtype(dataset), num_bytes)


def _dtype(dataset: Any) -> str:
    """Keras writes bfloat16, which HDF5 does not know, as bytes with an attribute."""
    if dataset.dtype.kind != "V" or not h5a.exists(dataset, _DTYPE.encode()):
        return str(dataset.dtype)
    return text_of(h5py.Dataset(dataset).attrs[_DTYPE])
