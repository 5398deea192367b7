"""What a run computes on, and in how many bits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import keras
import tensorflow as tf

_FULL = "float32"
_FIRST_FAST = (7, 0)
"""NVIDIA's compute capability from which 16 bits are faster (Keras's guide to mixed precision)."""


class Precision:
    """The dtype policies of a model's layers during a run; weights stay in 32 bits whatever the policy is.

    Attributes:
        policy: Name of Keras's policy, such as `mixed_float16`; None leaves every layer as it is.
    """

    def __init__(self, model: keras.Model, policy: str | None) -> None:
        self.policy = policy
        self._before = [(layer, layer._dtype_policy) for layer in model._flatten_layers()]
        kept = _output_layers(model)
        self._changed = [
            layer
            for layer, old in self._before
            if policy and old.name == _FULL and not isinstance(layer, keras.layers.InputLayer) and layer not in kept
        ]

    @contextmanager
    def applied(self) -> Iterator[None]:
        """The policy on the layers for a while; then each has its own again."""
        self._apply()
        try:
            yield
        finally:
            self._take_back()

    @contextmanager
    def lifted(self) -> Iterator[None]:
        """The layers' own policies for a while, for what is saved in mid-run."""
        self._take_back()
        try:
            yield
        finally:
            self._apply()

    def _apply(self) -> None:
        # By the setter a layer of whole numbers would be quantized.
        for layer in self._changed:
            layer._dtype_policy = keras.dtype_policies.get(self.policy)

    def _take_back(self) -> None:
        for layer, old in self._before:
            layer._dtype_policy = old


def _output_layers(model: keras.Model) -> list[keras.Layer]:
    """The layers that give a model's outputs: probabilities and losses need all their bits."""
    found: list[keras.Layer] = []
    for tensor in getattr(model, "outputs", None) or []:
        layer = tensor._keras_history.operation
        found += _output_layers(layer) if isinstance(layer, keras.Model) else [layer]
    return found


def mixed_policy() -> str | None:
    """The policy in which the device is faster; None where it is not."""
    for device in tf.config.list_physical_devices("GPU"):
        capability = tf.config.experimental.get_device_details(device).get("compute_capability", (0, 0))
        if tuple(capability) >= _FIRST_FAST:
            return "mixed_float16"
    return None


def precision_note(policy: str | None) -> str:
    """What a person who asked for mixed precision is told; empty where they get it."""
    if policy:
        return ""
    device = "this GPU" if tf.config.list_physical_devices("GPU") else "a CPU"
    return f"Layers compute in 32 bits: mixed precision is not faster on {device}."


def layers_without_xla(model: keras.Model) -> tuple[str, ...]:
    """The names of the layers that XLA cannot compile."""
    return tuple(layer.name for layer in model._flatten_layers() if not layer.supports_jit)


def device_text(*, policy: str | None, is_compiled: bool) -> str:
    """What a run computes on, such as `GPU, mixed precision`."""
    device = "GPU" if tf.config.list_physical_devices("GPU") else "CPU"
    parts = (device, "mixed precision" if policy else "", "XLA" if is_compiled else "")
    return ", ".join(part for part in parts if part)
