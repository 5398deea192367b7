"""Cuts a model behind a layer and puts other layers there; the layers that stay are the same objects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
from keras.src.models.functional import Functional

from editor.errors import ModelError

Place = tuple[keras.Layer, ...]
"""A layer with all that hold it: the model first, the layer itself last."""


@dataclass(frozen=True)
class Cut:
    """A model that was cut and continued.

    Attributes:
        model: Another model of the same layers.
        notes: What a person should know, a sentence each.
    """

    model: keras.Model
    notes: tuple[str, ...] = ()


def continue_behind(place: Place, layers: Sequence[keras.Layer]) -> Cut:
    """Takes off all that comes behind a layer, and puts layers there.

    An output that does not depend on the layer stays as it is.

    Raises:
        ModelError: It cannot be cut there.
    """
    model = place[0]
    for holder in place[:-1]:
        _check_class(holder)
    if isinstance(model, keras.Sequential):
        return Cut(_sequential(model, [*_kept(model, place), *layers]))
    node = _only_node(model, place[1])
    cut = _call_again(node, _shortened(place[1:])) if len(place) > 2 else _only_tensor(place[1], node.outputs)
    return _with_outputs(model, node, _through(layers, cut))


def continue_output(model: keras.Model, layers: Sequence[keras.Layer]) -> Cut:
    """Puts layers behind the only output of a model.

    Raises:
        ModelError: It has several, or is not made of a graph.
    """
    _check_class(model)
    if isinstance(model, keras.Sequential):
        return Cut(_sequential(model, [*model.layers, *layers]))
    if len(model.outputs) != 1:
        raise ModelError(
            f"The model has {len(model.outputs)} outputs, and layers go on top of one.",
            hint="Replace the head behind the layer that the new layers are to take from.",
        )
    output = _through(layers, model.outputs[0])
    return Cut(keras.Model(model._inputs_struct, output, name=model.name))


def _check_class(container: keras.Layer) -> None:
    if type(container) not in (keras.Sequential, Functional):
        raise ModelError(
            f"{container.name!r} is a {type(container).__name__}, whose own code says what follows what.",
            hint="Layers can be taken off and added in Sequential and Functional models.",
        )


# -- Sequential -----------------------------------------------------------------------------------------------


def _kept(model: keras.Sequential, place: Place) -> list[keras.Layer]:
    """The layers of a Sequential up to a place, the last one shortened where the place is inside it."""
    at = model.layers.index(place[1])
    return [*model.layers[:at], _shortened(place[1:])]


def _sequential(model: keras.Sequential, layers: Sequence[keras.Layer]) -> keras.Sequential:
    if not model.inputs:
        raise ModelError(
            f"{model.name!r} does not tell the shape of its input, so no layer can be put behind another.",
            hint="Save it with an Input layer first.",
        )
    begin = keras.layers.InputLayer.from_config(model.inputs[0]._keras_history.operation.get_config())
    return keras.Sequential([begin, *layers], name=model.name)


# -- Functional -----------------------------------------------------------------------------------------------


def _shortened(place: Place) -> keras.Layer:
    """What stays of a layer that holds the place: itself, or a model of the same name that ends there."""
    container = place[0]
    if len(place) == 1:
        return container
    if isinstance(container, keras.Sequential):
        return _sequential(container, _kept(container, place))
    node = _only_node(container, place[1])
    cut = _call_again(node, _shortened(place[1:])) if len(place) > 2 else _only_tensor(place[1], node.outputs)
    return keras.Model(container._inputs_struct, cut, name=container.name)


def _only_node(container: keras.Model, layer: keras.Layer) -> Any:
    """The only call of a layer in a graph."""
    nodes = [node for nodes in container._nodes_by_depth.values() for node in nodes if node.operation is layer]
    if len(nodes) != 1:
        raise ModelError(
            f"{layer.name!r} is called {len(nodes)} times, so what comes behind it is not one thing.",
            hint="Cut behind the layer that joins its outputs.",
        )
    return nodes[0]


def _call_again(node: Any, layer: keras.Layer) -> Any:
    """The output of a layer that takes what another one took."""
    return _only_tensor(layer, keras.tree.flatten(layer(*node.arguments.args, **node.arguments.kwargs)))


def _only_tensor(layer: keras.Layer, tensors: Sequence[Any]) -> Any:
    if len(tensors) != 1:
        raise ModelError(
            f"{layer.name!r} gives {len(tensors)} tensors, and a head takes one.",
            hint="Cut behind a layer that gives one tensor.",
        )
    return tensors[0]


def _through(layers: Sequence[keras.Layer], tensor: Any) -> Any:
    for layer in layers:
        tensor = layer(tensor)
    return tensor


# -- inputs and outputs ---------------------------------------------------------------------------------------


def _with_outputs(model: Functional, node: Any, tensor: Any) -> Cut:
    """The model with a tensor in the place of the first output that depends on a node, without the others that do."""
    depends = [_reaches(output, node) for output in model.outputs]
    kept = [output for output, is_behind in zip(model.outputs, depends, strict=True) if not is_behind]
    outputs, notes = _replaced(model, depends, tensor)
    inputs = _inputs_needed(model, [tensor, *kept])
    if len(keras.tree.flatten(inputs)) < len(model.inputs):
        gone = [each.name for each in model.inputs if not any(each is other for other in keras.tree.flatten(inputs))]
        notes = (*notes, f"Nothing that is left needs the input {', '.join(gone)}: it is gone.")
    return Cut(keras.Model(inputs, outputs, name=model.name), notes)


def _replaced(model: Functional, depends: list[bool], tensor: Any) -> tuple[Any, tuple[str, ...]]:
    if sum(depends) > 1:
        notes: tuple[str, ...] = (f"The new head takes the place of {sum(depends)} outputs.",)
    elif len(depends) > 1:
        notes = ("The other outputs are as they were.",)
    else:
        notes = ()
    first = depends.index(True)
    chosen = [tensor if at == first else output for at, output in enumerate(model.outputs)]
    stays = [at == first or not is_behind for at, is_behind in enumerate(depends)]
    struct = model._outputs_struct
    if isinstance(struct, dict) and len(struct) == len(chosen):
        keys = sorted(struct)
        return {key: each for key, each, stay in zip(keys, chosen, stays, strict=True) if stay}, notes
    left = [each for each, stay in zip(chosen, stays, strict=True) if stay]
    is_single = len(left) == 1 and not isinstance(struct, list | tuple)
    return (left[0] if is_single or len(left) == 1 else left), notes


def _inputs_needed(model: Functional, outputs: Sequence[Any]) -> Any:
    """The inputs, in their structure, that some output depends on."""
    struct = model._inputs_struct
    needed = [
        any(_reaches(output, each._keras_history.operation._inbound_nodes[0]) for output in outputs)
        for each in model.inputs
    ]
    if all(needed):
        return struct
    left = {id(each) for each, is_needed in zip(model.inputs, needed, strict=True) if is_needed}
    if isinstance(struct, dict):
        return {key: each for key, each in struct.items() if id(each) in left}
    return [each for each in model.inputs if id(each) in left]


def _reaches(tensor: Any, node: Any) -> bool:
    """Whether a tensor is made of the outputs of a node, or is one of them."""
    waiting, seen = [tensor], set()
    while waiting:
        history = waiting.pop()._keras_history
        found = history.operation._inbound_nodes[history.node_index]
        if found is node:
            return True
        if id(found) not in seen:
            seen.add(id(found))
            waiting += found.input_tensors
    return False
