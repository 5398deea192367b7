"""Weights from another Keras, by the place of their layer, put into a model that was rebuilt in Keras 3."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
import numpy.typing as npt

from editor.errors import ModelError
from editor.files.preview.saved_objects import alike
from editor.keras_model.walk import ModelIndex, walk_model
from editor.layers.nodes import LayerNode
from editor.layers.tree import LayerTree

Array = npt.NDArray[Any]


class StoredWeight(NamedTuple):
    """A weight of a layer: its name there, and its values."""

    name: str
    value: Array


Places = Mapping[str, Sequence[StoredWeight]]
"""The weights that each layer itself owns, by the layer's path; a shared layer is at each of its places."""


def set_weights(model: keras.Model, places: Places, file_name: str) -> None:
    """Gives a model the weights of its layers, all of them.

    Args:
        model: A built model; its values are overwritten.
        places: What the file holds.
        file_name: For what is said if they do not fit.

    Raises:
        ModelError: A layer has other weights than the file, or one of the two has layers that the other has not.
    """
    index = walk_model(model)
    stored = {alike(path): weights for path, weights in places.items() if weights}
    set_layers: set[int] = set()
    for layer in LayerTree(index.root).walk_layers():
        weights = stored.pop(alike(layer.path), ())
        if layer.record.layer_id not in set_layers and (weights or layer.record.weights):
            set_layers.add(layer.record.layer_id)
            _set_layer(index, layer, weights, file_name)
    if stored:
        raise ModelError(
            f"{file_name!r} holds weights of {_listed(stored)}, which Keras 3 has no layers for.",
            hint="Open it with the Keras that wrote it, and save it as a .keras file.",
        )


def _listed(paths: Iterable[str]) -> str:
    first, *others = map(repr, paths)
    return first + (f" and {len(others)} more layers" if others else "")


def _set_layer(index: ModelIndex, layer: LayerNode, weights: Sequence[StoredWeight], file_name: str) -> None:
    names = [weight.name for weight in layer.record.weights]
    variables = [index.variables[weight.weight_id] for weight in layer.record.weights]
    stored = dict(weights)
    # Some have another name in Keras 3, such as the kernel of a DepthwiseConv2D; their order is the same.
    values = [stored[name] for name in names] if stored.keys() == set(names) else [each.value for each in weights]
    if [np.shape(value) for value in values] != [tuple(variable.shape) for variable in variables]:
        own = [StoredWeight(name, variable) for name, variable in zip(names, variables, strict=True)]
        raise ModelError(
            f"The weights of {layer.path or 'the model'!r} in {file_name!r} are {_described(weights)}; in Keras 3 they"
            f" are {_described(own)}.",
            hint="Open it with the Keras that wrote it, and save it as a .keras file.",
        )
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _described(weights: Sequence[StoredWeight]) -> str:
    return ", ".join(f"{weight.name} {tuple(weight.value.shape)}" for weight in weights) or "none"
