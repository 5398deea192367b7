"""Layers with LoRA: in `.keras` and `.weights.h5` Keras stores them merged (fact F23); in `.h5` as they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from editor.keras_model.values import Array, weight_values
from editor.keras_model.walk import ModelIndex
from editor.layers.records import LayerRecord

_MERGED = ("kernel", "embeddings")
"""Names of the weight that LoRA's product is added to; Keras stores it as a layer's first value."""


def has_lora(record: LayerRecord) -> bool:
    """Whether LoRA is enabled on a layer or on any below it."""
    return record.has_lora or any(has_lora(child) for child in record.children)


def values_after_merging(index: ModelIndex) -> list[Array]:
    """What each weight is when a `.keras` file of the model is opened again, by `weight_id`; copies.

    Keras adds the product of A and B to the kernel on saving and fills A and B with zeros on loading. The merged values
    are asked of Keras itself, so that they can be compared bit for bit; outputs could be only up to rounding.
    """
    values = weight_values(index)
    for record in _lora_layers(index.root):
        merged = _merged_value(index.layers[record.layer_id])
        for weight in record.weights:
            if weight.name in _MERGED:
                values[weight.weight_id] = merged
            elif weight.name.startswith("lora_"):
                values[weight.weight_id] = np.zeros_like(values[weight.weight_id])
    return values


def lora_note(index: ModelIndex) -> str | None:
    """The sentence to say about a `.keras` file of the model; None where LoRA is not enabled anywhere."""
    num_layers = len({record.layer_id for record in _lora_layers(index.root)})
    if not num_layers:
        return None
    layers = "1 layer" if num_layers == 1 else f"{num_layers} layers"
    return (
        f"Keras merges LoRA into the kernel in the file ({layers}): outputs stay the same, A and B are zero "
        "when it is opened again and would not train from there."
    )


def _lora_layers(record: LayerRecord) -> Iterator[LayerRecord]:
    if record.has_lora:
        yield record
    for child in record.children:
        yield from _lora_layers(child)


def _merged_value(layer: keras.Layer) -> Array:
    store: dict[str, Any] = {}
    layer.save_own_variables(store)
    return np.array(keras.ops.convert_to_numpy(store["0"]))
