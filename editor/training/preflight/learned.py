"""Which layers were trained before they came here: their biases and statistics are not those of a new layer.

It is looked at once, when a model is opened. A run of this program may leave a new head after one batch, which has
learned nothing by then, although its biases have moved.
"""

from __future__ import annotations

import keras

from editor.keras_model.walk import ModelIndex
from editor.layers.flow import weighted_layers
from editor.layers.nodes import LayerNode
from editor.layers.tree import LayerTree

_ZERO_AT_FIRST = frozenset({"bias", "beta", "moving_mean"})


def learned_layers(index: ModelIndex) -> tuple[str, ...]:
    """Paths of the layers that own weights and have learned; one that gives no sign is taken for its neighbour.

    Biases, BatchNormalization's beta and moving mean begin at 0 unless somebody chose otherwise.
    """
    layers = weighted_layers(LayerTree(index.root))
    signs = [has_learned(index, layer) for layer in layers]
    known: bool | None = next((sign for sign in signs if sign is not None), None)
    found = []
    for layer, sign in zip(layers, signs, strict=True):
        known = sign if sign is not None else known
        if known:
            found.append(layer.path)
    return tuple(found)


def has_learned(index: ModelIndex, layer: LayerNode) -> bool | None:
    """Whether a layer's own weights show that it was trained; None if they give no sign.

    An LSTM's bias begins with ones where it forgets.
    """
    starts = [weight for weight in layer.record.weights if weight.name in _ZERO_AT_FIRST]
    if not starts:
        return None
    values = (index.variables[weight.weight_id] for weight in starts)
    return any(bool(keras.ops.any((value != 0) & (value != 1))) for value in values)
