"""How data flow among the layers that a layer holds: by its graph, or by the order in which it calls them."""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import keras
from keras.src.backend import compute_output_spec

_plain_call = keras.Layer.__call__
_recording = threading.Lock()
_orders: dict[int, dict[int, int]] = {}
"""The calls noted so far, by thread."""


@dataclass
class DataFlow:
    """The flow in one container.

    Attributes:
        takes_from: The layers whose output each layer takes, by `id` of the layer, in the order of the graph.
        fixed_training: The value of `training` that a call of a layer was given in the graph, by `id` of the layer; not
            its default. Keras 3 overrides it in `fit` and wherever the model itself is called with another (fact F6).
        num_calls: How often a graph calls each layer, by `id` of the layer.
    """

    takes_from: dict[int, list[keras.Layer]] = field(default_factory=dict)
    fixed_training: dict[int, bool] = field(default_factory=dict)
    num_calls: Counter[int] = field(default_factory=Counter)


def is_graph(layer: keras.Layer) -> bool:
    """Whether a layer is a Functional or Sequential model."""
    return isinstance(layer, keras.Sequential) or (
        isinstance(layer, keras.Model) and bool(layer._obj_type() == "Functional")
    )


def data_flow(container: keras.Layer, children: list[keras.Layer], calls: dict[int, int]) -> DataFlow:
    """The flow among the children of a container.

    Args:
        container: Any layer.
        children: The layers it holds.
        calls: The place of each layer in the order of calls, by `id`, as `call_order` found it.
    """
    if isinstance(container, keras.Sequential):
        return _chain(children)
    if is_graph(container):
        return _graph_flow(container)
    called = [child for child in children if id(child) in calls]
    return _chain(sorted(called, key=lambda child: calls[id(child)]))


def _chain(children: list[keras.Layer]) -> DataFlow:
    return DataFlow({id(layer): [before] for before, layer in itertools.pairwise(children)})


def _graph_flow(container: keras.Model) -> DataFlow:
    flow = DataFlow()
    producers: dict[int, list[keras.Layer]] = {}
    for depth in sorted(container._nodes_by_depth, reverse=True):
        for node in container._nodes_by_depth[depth]:
            sources = [tensor._keras_history.operation for tensor in node.input_tensors]
            found = _distinct(layer for source in sources for layer in _layers_at(source, producers))
            if not isinstance(node.operation, keras.Layer):
                # A bare operation, as an addition of two tensors, hands on what it takes.
                producers[id(node.operation)] = found
                continue
            flow.num_calls[id(node.operation)] += 1
            flow.takes_from[id(node.operation)] = _distinct([*flow.takes_from.get(id(node.operation), []), *found])
            training = node.arguments.kwargs.get("training")
            # Keras writes a default of the layer's own, such as Dropout's, into the call as if it had been given.
            if isinstance(training, bool) and training is not _default_training(node.operation):
                flow.fixed_training[id(node.operation)] = training
    return flow


def _default_training(layer: keras.Layer) -> Any:
    parameter = layer._call_signature.parameters.get("training")
    return parameter.default if parameter else None


def _layers_at(operation: Any, producers: dict[int, list[keras.Layer]]) -> list[keras.Layer]:
    return [operation] if isinstance(operation, keras.Layer) else producers.get(id(operation), [])


def _distinct(layers: Any) -> list[keras.Layer]:
    return list({id(layer): layer for layer in layers}.values())


def call_order(model: keras.Model) -> dict[int, int]:
    """The place of each layer in the order of first calls, by `id` of the layer.

    The model is called once with symbolic tensors: nothing is computed. Empty where that fails, since a layer's own
    code runs here and may want what a symbol is not.
    """
    order: dict[int, int] = {}
    try:
        with _recorded(order):
            compute_output_spec(model.call, *symbolic_inputs(model))
    except Exception:  # noqa: BLE001
        return {}
    return order


def symbolic_inputs(model: keras.Model) -> list[Any]:
    """The arguments of a call as symbols of the shapes that the model was built with."""
    if isinstance(model, keras.Sequential):
        return list(model.inputs)
    if is_graph(model):
        return [model._inputs_struct]
    return [_symbol(shape) for shape in (model._build_shapes_dict or {}).values()]


def _symbol(shape: Any) -> Any:
    if isinstance(shape, dict):
        return {name: _symbol(inner) for name, inner in shape.items()}
    if any(isinstance(size, list | tuple) for size in shape):
        return [_symbol(inner) for inner in shape]
    return keras.KerasTensor(shape)


@contextmanager
def _recorded(order: dict[int, int]) -> Iterator[None]:
    """Notes the calls of all layers on this thread meanwhile; models may be opened on several threads at a time."""
    with _recording:
        _orders[threading.get_ident()] = order
        keras.Layer.__call__ = _noted_call
    try:
        yield
    finally:
        with _recording:
            del _orders[threading.get_ident()]
            if not _orders:
                keras.Layer.__call__ = _plain_call


def _noted_call(self: keras.Layer, *args: Any, **kwargs: Any) -> Any:
    order = _orders.get(threading.get_ident())
    if order is not None:
        order.setdefault(id(self), len(order))
    return _plain_call(self, *args, **kwargs)
