"""Which weights a loss can move at all: found by one trace forward and backward, in which nothing is computed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras
import tensorflow as tf
from keras.src.backend.common import global_state

from editor.keras_model.data_flow import symbolic_inputs
from editor.keras_model.walk import ModelIndex
from editor.layers.tree import LayerTree


def unreached_weights(index: ModelIndex) -> tuple[int, ...] | None:
    """The `weight_id`s that get no gradient from any output of the model, whatever their flags.

    Gradients come from the outputs and from the losses that layers add themselves. A regularizer of the weight does
    not count: it lets the weight decay, and teaches it nothing. Weights and seed generators stay as they are.

    Must not run beside anything else that calls the model, such as a run. Takes about a second for MobileNetV2.

    Returns:
        None if it is not known: the model cannot be traced, trains by a step of its own, or is not wholly built.
    """
    if type(index.model).train_step is not keras.Model.train_step or not all(layer.built for layer in index.layers):
        return None
    variables = {
        weight.weight_id: index.variables[weight.weight_id]
        for weight in LayerTree(index.root).root.weights_below
        if not weight.is_statistics
    }
    try:
        reached = _reached(index.model, variables)
    # A layer's own code runs here, and any error in it only means that nothing is known.
    except Exception:  # noqa: BLE001
        return None
    return tuple(weight_id for weight_id in variables if weight_id not in reached)


def _reached(model: keras.Model, variables: dict[int, keras.Variable]) -> set[int]:
    """The keys of the variables that get a gradient, or that the call itself writes."""
    found: set[int] = set()

    def trace(*inputs: Any) -> None:
        # No variable is changed or made: all that the call assigns stays in the scope.
        scope = keras.StatelessScope(collect_losses=True, initialize_variables=False)
        # Frozen variables are watched too, which a tape would not do by itself.
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            watched = {key: variable.value for key, variable in variables.items()}
            tape.watch(list(watched.values()))
            with scope:
                outputs = _called(model, inputs)
        targets = [target for target in keras.tree.flatten([outputs, scope.losses]) if _is_float(target)]
        gradients = tape.gradient(targets, watched)
        found.update(key for key, gradient in gradients.items() if gradient is not None)
        found.update(key for key, variable in variables.items() if scope.get_current_value(variable) is not None)

    specs = keras.tree.map_structure(lambda symbol: tf.TensorSpec(symbol.shape, symbol.dtype), symbolic_inputs(model))
    with name_scopes_kept():
        # Keras's own train step is not converted either.
        tf.function(trace, autograph=False).get_concrete_function(*specs)
    return found


@contextmanager
def name_scopes_kept() -> Iterator[None]:
    """Leaves Keras's name scopes as they were: a layer whose name no graph takes (`my lambda`) leaves one open.

    What is built on this thread afterwards, an optimizer for instance, would have the layer's name before its own.
    """
    scopes = global_state.get_global_attribute("name_scope_stack", default=[], set_to_default=True)
    num_before = len(scopes)
    try:
        yield
    finally:
        del scopes[num_before:]


def _called(model: keras.Model, inputs: tuple[Any, ...]) -> Any:
    return model(*inputs, training=True) if model._call_has_training_arg else model(*inputs)


def _is_float(target: Any) -> bool:
    return bool(tf.is_tensor(target) and target.dtype.is_floating)
