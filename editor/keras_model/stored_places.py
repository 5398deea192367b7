"""Weights from another Keras, by the place of their layer, put into a model that was rebuilt in Keras 3."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import keras
import numpy as np
import numpy.typing as npt

from editor.errors import ModelError
from editor.files.preview.saved_objects import alike
from editor.files.repair.stored_weights import StoredLayer, converted
from editor.keras_model.places import Place, above, at_place, layer_places
from editor.keras_model.tables import finish, give_state, holds_state
from editor.keras_model.walk import ModelIndex, walk_model
from editor.layers.nodes import LayerNode
from editor.layers.paths import escape
from editor.layers.tree import LayerTree

Array = npt.NDArray[Any]


class StoredWeight(NamedTuple):
    """A weight of a layer: its name there, and its values."""

    name: str
    value: Array


Places = Mapping[str, Sequence[StoredWeight]]
"""The weights that each layer itself owns, by the layer's path; a shared layer is at each of its places."""


def set_weights(
    model: keras.Model, places: Places, file_name: str, repaired: Mapping[Place, StoredLayer] | None = None
) -> None:
    """Gives a model the weights of its layers, all of them.

    Args:
        model: A built model; its values are overwritten.
        places: What the file holds.
        file_name: For what is said if they do not fit.
        repaired: What of the layers was changed in the configuration that the model was built from.

    Raises:
        ModelError: A layer has other weights than the file, or one of the two has layers that the other has not.
    """
    live = _Live(walk_model(model), layer_places(model), repaired or {})
    stored = {alike(path): list(weights) for path, weights in places.items() if weights}
    set_layers: set[int] = set()
    for layer in LayerTree(live.index.root).walk_layers():
        weights = stored.pop(alike(live.path_in_file(layer)), [])
        if layer.record.layer_id not in set_layers and (weights or layer.record.weights):
            set_layers.add(layer.record.layer_id)
            _set_layer(live, layer, weights, file_name)
    if stored:
        raise ModelError(
            f"{file_name!r} holds weights of {_listed(stored)}, which Keras 3 has no layers for.",
            hint="Open it with the Keras that wrote it, and save it as a .keras file.",
        )


@dataclass(frozen=True)
class _Live:
    """A live model, and what of its layers is otherwise in the file.

    Attributes:
        places: The names that lead to each layer, by `id`.
        repaired: What differs, by such names.
    """

    index: ModelIndex
    places: Mapping[int, Place]
    repaired: Mapping[Place, StoredLayer]

    def path_in_file(self, layer: LayerNode) -> str:
        """The path with the names that the layers of graphs have in the file."""
        parts: list[str] = []
        node: LayerNode | None = layer
        while node and node.parent:
            known = at_place(self.repaired, self._place(node)) if node.parent.record.is_graph else None
            parts.append(escape(known.name) if known else node.name)
            node = node.parent
        return "/".join(reversed(parts))

    def steps(self, layer: LayerNode) -> tuple[str, ...]:
        """What becomes of its arrays in the file."""
        known = above(self.repaired, self._place(layer))
        return known.steps if known else ()

    def _place(self, layer: LayerNode) -> Place:
        return self.places.get(id(self.index.layers[layer.record.layer_id]), ())


def _listed(paths: Iterable[str]) -> str:
    first, *others = map(repr, paths)
    return first + (f" and {len(others)} more layers" if others else "")


def _set_layer(live: _Live, layer: LayerNode, weights: list[StoredWeight], file_name: str) -> None:
    owner = live.index.layers[layer.record.layer_id]
    if holds_state(owner):
        give_state(owner, [weight.value for weight in weights])
        return
    names = [weight.name for weight in layer.record.weights]
    variables = [live.index.variables[weight.weight_id] for weight in layer.record.weights]
    values = _values(weights, names, live.steps(layer))
    if [np.shape(value) for value in values] != [tuple(variable.shape) for variable in variables]:
        own = [StoredWeight(name, variable) for name, variable in zip(names, variables, strict=True)]
        raise ModelError(
            f"The weights of {layer.path or 'the model'!r} in {file_name!r} are {_described(weights)}; in Keras 3 they"
            f" are {_described(own)}.",
            hint="Open it with the Keras that wrote it, and save it as a .keras file.",
        )
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
    finish(owner)


def _values(weights: list[StoredWeight], names: list[str], steps: tuple[str, ...]) -> list[Array]:
    stored = dict(weights)
    # Some have another name in Keras 3, such as the kernel of a DepthwiseConv2D; their order is the same.
    values = [stored[name] for name in names] if stored.keys() == set(names) else [each.value for each in weights]
    return converted(steps, values) if steps and values else values


def _described(weights: Sequence[StoredWeight]) -> str:
    return ", ".join(f"{weight.name} {tuple(weight.value.shape)}" for weight in weights) or "none"
