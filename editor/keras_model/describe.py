"""What can be told of a layer beside its weights: output shapes and configuration, as plain values."""

from __future__ import annotations

from typing import Any

import keras

from editor.layers.plain_config import plain_config
from editor.layers.records import Shape


def output_shapes_of(layer: keras.Layer) -> tuple[Shape, ...]:
    """The shape of each output, from the graph where the layer stands in one; empty where Keras cannot tell."""
    try:
        return _shapes(_outputs(layer))
    # A layer's own code runs here, and any error in it only means that the shape is not known.
    except Exception:  # noqa: BLE001
        return ()


def _outputs(layer: keras.Layer) -> Any:
    if layer._inbound_nodes:
        return [tensor.shape for tensor in layer._inbound_nodes[0].output_tensors]
    if isinstance(layer, keras.Model) and getattr(layer, "outputs", None):
        return [tensor.shape for tensor in layer.outputs]
    # Keras's default traces the call, which takes long in deep models; only a layer's own formula is asked.
    if type(layer).compute_output_shape is keras.Layer.compute_output_shape or not layer._build_shapes_dict:
        return []
    return layer.compute_output_shape(*layer._build_shapes_dict.values())


def _shapes(value: Any) -> tuple[Shape, ...]:
    if isinstance(value, list | tuple) and all(size is None or isinstance(size, int) for size in value):
        return (tuple(value),) if value else ()
    items = value.values() if isinstance(value, dict) else value
    return tuple(shape for item in items for shape in _shapes(tuple(item)))


def config_of(layer: keras.Layer) -> dict[str, Any]:
    """A layer's `get_config()` as plain JSON values, without the layers inside it; empty where there is none."""
    try:
        config = layer.get_config()
    # A custom layer's own code, or Keras saying that there is none.
    except Exception:  # noqa: BLE001
        return {}
    return plain_config(config)
