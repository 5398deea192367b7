"""The values of a model's weights: copies, and digests by which bits are compared without keeping them."""

from __future__ import annotations

import hashlib
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from editor.keras_model.walk import ModelIndex

Array = npt.NDArray[Any]


def weight_values(index: ModelIndex) -> list[Array]:
    """A copy of each weight, by `weight_id`."""
    return [np.array(keras.ops.convert_to_numpy(variable)) for variable in index.variables]


def weight_digests(index: ModelIndex) -> tuple[str, ...]:
    """The digest of each weight, by `weight_id`; nothing is copied."""
    return tuple(digest(keras.ops.convert_to_numpy(variable)) for variable in index.variables)


def digest(value: Array) -> str:
    """SHA-256 of dtype, shape and bits, as 64 hexadecimal digits: equal digests are equal bit for bit."""
    summary = hashlib.sha256(f"{value.dtype}{value.shape}".encode())
    summary.update(np.ascontiguousarray(value).reshape(-1).view(np.uint8).data)
    return summary.hexdigest()
