"""Tells from a layer's configuration how its weights were laid out in the file."""

from __future__ import annotations

from typing import Any

CONVOLUTIONS = frozenset({"Conv1D", "Conv2D", "Conv3D", "Conv2DTranspose"})


def layouts(class_name: str, today: str, settings: dict[str, Any], *, version: int, backend: str) -> tuple[str, ...]:
    """The steps by which the arrays in the file become today's weights; see `stored_weights.STEPS`.

    Args:
        class_name: In the file.
        today: The class in Keras 3.
        settings: The arguments in the file.
        version: First number of the version that wrote it.
        backend: As the file says; empty where it does not.
    """
    if class_name in ("CuDNNGRU", "CuDNNLSTM"):
        return (f"cudnn-{today.lower()}",)
    steps = _of_keras_1(today, settings) if version == 1 else ()
    if backend == "theano" and today in CONVOLUTIONS:
        return (*steps, "flip-kernel")
    return steps


def _of_keras_1(today: str, settings: dict[str, Any]) -> tuple[str, ...]:
    if today in ("LSTM", "GRU"):
        return (f"keras-1-{today.lower()}",)
    if today == "Conv1D":
        return ("keras-1-conv1d",)
    if today in ("Conv2D", "Conv3D") and settings.get("dim_ordering") == "th":
        return ("channels-first-kernel",)
    if today == "Conv2DTranspose" and settings.get("dim_ordering") == "th":
        return ("channels-first-transposed-kernel",)
    return ()
