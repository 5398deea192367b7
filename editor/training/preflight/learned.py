"""Which layers have been trained before: their biases and statistics are not those of a new layer."""

from __future__ import annotations

import keras

from editor.keras_model.walk import ModelIndex
from editor.layers.flow import weighted_layers
from editor.layers.nodes import LayerNode
from editor.layers.tree import LayerTree

_ZERO_AT_FIRST = frozenset({"bias", "beta", "moving_mean"})


def learned_layers(index: ModelIndex, tree: LayerTree) -> tuple[LayerNode, ...]:
    """The layers that own weights and have learned; one that gives no sign is taken for its neighbour.

    Biases, BatchNormalization's beta and moving mean begin at 0 unless somebody chose otherwise.
    """
    layers = weighted_layers(tree)
    signs = [_sign(index, layer) for layer in layers]
    known: bool | None = next((sign for sign in signs if sign is not None), None)
    found = []
    for layer, sign in zip(layers, signs, strict=True):
        known = sign if sign is not None else known
        if known:
            found.append(layer)
    return tuple(found)


def _sign(index: ModelIndex, layer: LayerNode) -> bool | None:
    starts = [weight for weight in layer.record.weights if weight.name in _ZERO_AT_FIRST]
    if not starts:
        return None
    return any(bool(keras.ops.any(index.variables[weight.weight_id] != 0)) for weight in starts)
