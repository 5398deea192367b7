"""What Keras does to LoRA layers on saving: it merges them, so a file holds other weights and the same outputs."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from editor.keras_model.walk import ModelIndex, own_variables


def merged_by_saving(index: ModelIndex) -> dict[int, np.ndarray[Any, Any]]:
    """The values that a `.keras` file gives back where they are not the live ones, by `weight_id` (fact F23).

    The base weight of a LoRA layer comes back with the product of A and B added to it, and A and B as zeros.
    """
    weight_ids = {id(variable): weight_id for weight_id, variable in enumerate(index.variables)}
    return {
        weight_ids[id(variable)]: value
        for layer in index.layers
        if getattr(layer, "lora_enabled", False) and not getattr(layer, "quantization_mode", None)
        for variable, value in _merged(layer)
    }


def _merged(layer: keras.Layer) -> list[tuple[keras.Variable, np.ndarray[Any, Any]]]:
    store: dict[str, Any] = {}
    layer.save_own_variables(store)
    own = own_variables(layer)
    lora = [variable for variable in own if variable.name.startswith("lora_")]
    base = [variable for variable in own if not variable.name.startswith("lora_")]
    stored = [np.array(keras.ops.convert_to_numpy(store[str(at)])) for at in range(len(store))]
    zeros = [np.zeros(variable.shape, str(variable.dtype)) for variable in lora]
    return [*zip(base, stored, strict=True), *zip(lora, zeros, strict=True)]
