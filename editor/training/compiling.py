"""From settings to a compiled Keras model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from editor.keras_model.optimizer_state import OptimizerState, innermost, optimizer_state, put_state
from editor.keras_model.walk import ModelIndex
from editor.layers.records import LayerRecord
from editor.training.data.preprocessing import wanted_preprocessing
from editor.training.model_facts import ModelFacts
from editor.training.settings import SettingsReport, TrainSettings

_CROSSENTROPIES: dict[str, Any] = {
    "sparse_categorical_crossentropy": keras.losses.SparseCategoricalCrossentropy,
    "categorical_crossentropy": keras.losses.CategoricalCrossentropy,
    "binary_crossentropy": keras.losses.BinaryCrossentropy,
}
_PROBABILITIES = frozenset({"softmax", "sigmoid"})
_PASSING_ON = frozenset({"Identity", "Reshape", "Squeeze", "ExpandDims", "Transpose", "Cast"})
"""TensorFlow's operations that only hand values on."""
_TOP_K = 5


def model_facts(index: ModelIndex) -> ModelFacts:
    """What the checks need to know of a model."""
    model = index.model
    inputs = getattr(model, "inputs", None) or []
    last = _last_layer(index.root)
    return ModelFacts(
        input_shapes=tuple(tuple(tensor.shape) for tensor in inputs) or _built_input_shapes(model),
        output_shapes=index.root.output_shapes or last.output_shapes,
        last_activation=_activation(last),
        last_class=last.class_name,
        input_dtypes=tuple(str(tensor.dtype) for tensor in inputs),
        input_names=_names(inputs, getattr(model, "_inputs_struct", None)),
        output_names=_names(getattr(model, "outputs", None) or [], getattr(model, "_outputs_struct", None)),
        activations=_activations(index),
        vocabularies=tuple(_vocabulary(tensor) for tensor in inputs),
        preprocessing=wanted_preprocessing(index.root, dict(_before_weights(model))),
        has_normalization=any(layer.__class__.__name__ == "Normalization" for layer in model._flatten_layers()),
    )


def _before_weights(model: keras.Model) -> Iterator[tuple[str, str]]:
    """The name and class of each layer and operation in a graph up to the first one with weights."""
    operations: list[Any] = getattr(model, "operations", None) or getattr(model, "layers", None) or []
    for operation in operations:
        if getattr(operation, "operations", None):
            yield from _before_weights(operation)
        if getattr(operation, "weights", None):
            return
        yield operation.name, type(operation).__name__


def _names(tensors: list[Any], structure: Any) -> tuple[str, ...]:
    """What Keras calls a model's inputs or outputs: by the keys of a dict, else by the layers they come from."""
    if isinstance(structure, dict) and len(structure) == len(tensors):
        return tuple(sorted(structure))  # Keras flattens a dict in the order of its keys, and so are `tensors`.
    return tuple(tensor._keras_history.operation.name for tensor in tensors)


def _activations(index: ModelIndex) -> tuple[str | None, ...]:
    """The activation before each of several outputs, None where the layer that gives it is not known."""
    outputs = getattr(index.model, "outputs", None) or []
    if len(outputs) < 2:
        return ()
    records = {id(index.layers[record.layer_id]): record for record in index.root.children}
    givers = [records.get(id(tensor._keras_history.operation)) for tensor in outputs]
    return tuple(_activation(_last_layer(record)) if record else None for record in givers)


def _vocabulary(tensor: Any) -> int | None:
    """How many numbers the Embedding takes that an input goes straight into."""
    history = getattr(tensor, "_keras_history", None)
    nodes = history.operation._outbound_nodes if history else []
    sizes = [node.operation.input_dim for node in nodes if isinstance(node.operation, keras.layers.Embedding)]
    return min(sizes) if sizes else None


def _built_input_shapes(model: keras.Model) -> tuple[tuple[int | None, ...], ...]:
    """The shape that a subclassed model was built with; its batch size was of one call only."""
    shapes = list((model._build_shapes_dict or {}).values())
    if len(shapes) != 1 or not isinstance(shapes[0], tuple) or not shapes[0]:
        return ()
    return ((None, *shapes[0][1:]),)


def _last_layer(record: LayerRecord) -> LayerRecord:
    """The layer that gives a model's output, as far as the order of the layers tells."""
    while record.children and record.class_name in ("Functional", "Sequential", "Model", "TimeDistributed"):
        record = record.children[-1]
    return record


def _activation(record: LayerRecord) -> str | None:
    activation = record.config.get("activation")
    if isinstance(activation, str):
        return activation
    return record.class_name.lower() if record.class_name.lower() in _PROBABILITIES else None


def compile_model(index: ModelIndex, settings: TrainSettings, report: SettingsReport, sample: Any) -> tuple[str, ...]:
    """Compiles with a new optimizer, since an old one does not know newly thawed weights (facts F10, F11).

    Where the model has an optimizer of the class that is asked for, the new one has its settings, its step count, and
    the slots of the weights that go on training (fact F12); the learning rate is the one that is asked for. An
    optimizer of another class starts fresh as a whole: a step count without slots would only spoil its first steps.

    Args:
        index: The live model.
        settings: What the run is asked to do.
        report: The checked settings, with the loss and the metrics to use.
        sample: A few samples of `x`, shape `(num_samples, *sample_shape)`.

    Returns:
        What a person should know about the optimizer, a sentence each.
    """
    state = optimizer_state(index)
    optimizer, is_same_class = _optimizer(index, settings)
    losses, metrics = _losses_and_metrics(index, report, sample)
    # Where XLA is of no use to a layer, Keras would only warn.
    jit_compile = settings.jit_compile and all(layer.supports_jit for layer in index.model._flatten_layers())
    index.model.compile(optimizer=optimizer, loss=losses, metrics=metrics, jit_compile=jit_compile)
    index.model.optimizer.build(index.model.trainable_variables)
    return _carried(index, state, is_same_class=is_same_class) if state else ()


def unwrap_optimizer(model: keras.Model) -> None:
    """Takes the optimizer out of the one that scaled its losses while the precision was mixed; its state stays."""
    if model.optimizer is not innermost(model.optimizer) and model.dtype_policy.name == "float32":
        model.optimizer = innermost(model.optimizer)


def _losses_and_metrics(index: ModelIndex, report: SettingsReport, sample: Any) -> tuple[Any, Any]:
    """What Keras is given: for a model of several outputs a list with one entry for each."""
    if len(report.losses) < 2:
        from_logits = report.loss in _CROSSENTROPIES and _gives_logits(index, sample)
        metrics = [_metric(name, report.loss, from_logits=from_logits) for name in report.metrics]
        return _loss(report.loss, from_logits=from_logits), metrics
    activations = model_facts(index).activations or (None,) * len(report.losses)
    are_logits = [activation not in _PROBABILITIES for activation in activations]
    each = list(zip(report.losses, report.output_metrics, are_logits, strict=True))
    losses = [_loss(loss, from_logits=is_logits) for loss, _, is_logits in each]
    return losses, [[_metric(name, loss, from_logits=is_logits) for name in names] for loss, names, is_logits in each]


def _optimizer(index: ModelIndex, settings: TrainSettings) -> tuple[keras.optimizers.Optimizer, bool]:
    """The new optimizer, and whether the model has one of its class, whose settings it takes over then."""
    new = keras.optimizers.get({"class_name": settings.optimizer, "config": {}})
    old = innermost(index.model.optimizer) if getattr(index.model, "optimizer", None) else None
    is_same_class = type(old) is type(new)
    if old is not None and is_same_class:
        new = type(new).from_config({**old.get_config(), "learning_rate": settings.learning_rate})
    new.learning_rate = settings.learning_rate
    return new, is_same_class


def _carried(index: ModelIndex, state: OptimizerState, *, is_same_class: bool) -> tuple[str, ...]:
    """Gives the new optimizer the state of the old one, if both are of one class; says what became of it."""
    if not is_same_class:
        return (f"The optimizer starts fresh, as the model was trained with {_class_name(state)} before.",)
    if index.model.optimizer is not innermost(index.model.optimizer):
        state = state.wrapped()
    carried = put_state(index, state, with_learning_rate=False)
    if carried.is_partly_unknown:
        return ("A part of the optimizer's state starts fresh: nothing tells which weights it belongs to.",)
    if not state.num_steps:
        return ()
    fresh = f"; {len(carried.fresh)} weights that did not train before start fresh" if carried.fresh else ""
    return (f"The optimizer goes on from step {state.num_steps:,}{fresh}.",)


def _class_name(state: OptimizerState) -> str:
    config = state.config
    while "inner_optimizer" in config["config"]:
        config = config["config"]["inner_optimizer"]
    return str(config["class_name"])


def _gives_logits(index: ModelIndex, sample: Any) -> bool:
    """Whether a model's outputs are no probabilities: by its last layer, or, where that does not tell, by a try."""
    activation = model_facts(index).last_activation
    if activation is not None:
        return activation not in _PROBABILITIES
    if _last_operation(index.model, sample) in _PROBABILITIES:
        return False
    outputs = keras.ops.convert_to_numpy(index.model.predict_on_batch(sample))
    is_share = outputs.shape[-1] > 1 and bool((outputs >= 0).all() and (outputs <= 1).all())
    return not (is_share and bool(np.allclose(outputs.sum(axis=-1), 1, atol=1e-3)))


def _last_operation(model: keras.Model, sample: Any) -> str:
    """TensorFlow's name, in small letters, of the operation that a model's output comes from."""
    spec = tf.TensorSpec((None, *sample.shape[1:]), sample.dtype)
    graph = tf.function(lambda inputs: model(inputs, training=False)).get_concrete_function(spec)
    operation = graph.outputs[0].op
    while operation.type in _PASSING_ON:
        operation = operation.inputs[0].op
    return str(operation.type).lower()


def loss_functions(index: ModelIndex, report: SettingsReport, sample: Any) -> list[Any]:
    """The loss of each output as a run would use it, to be called with targets and outputs.

    Args:
        index: The live model.
        report: The checked settings, with the losses to use.
        sample: A few samples of `x`, shape `(num_samples, *sample_shape)`.
    """
    losses, _metrics = _losses_and_metrics(index, report, sample)
    return [keras.losses.get(loss) for loss in (losses if isinstance(losses, list) else [losses])]


def _loss(name: str, *, from_logits: bool) -> Any:
    """A cross-entropy must be told whether it gets probabilities or the raw outputs of a linear layer."""
    kind = _CROSSENTROPIES.get(name)
    return kind(from_logits=from_logits) if kind else name


def _metric(name: str, loss: str, *, from_logits: bool) -> Any:
    is_sparse = loss.startswith("sparse")
    match name:
        case "top_k_categorical_accuracy":
            kind = keras.metrics.SparseTopKCategoricalAccuracy if is_sparse else keras.metrics.TopKCategoricalAccuracy
            return kind(k=_TOP_K, name=log_name(name))
        case "auc":
            return keras.metrics.AUC(name="auc", from_logits=from_logits)
        case "accuracy" if loss == "binary_crossentropy":
            # Of several outputs Keras would take the largest, as if they were classes of which one is right.
            return keras.metrics.BinaryAccuracy(name="accuracy", threshold=0.0 if from_logits else 0.5)
        case _:
            return name


def log_name(metric: str) -> str:
    """The name under which Keras reports a metric of the settings."""
    return f"top_{_TOP_K}_accuracy" if metric == "top_k_categorical_accuracy" else metric
