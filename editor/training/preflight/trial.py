"""Tries a batch through the model: forward, loss and gradients, without changing anything of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from editor.keras_model.error_text import first_sentence
from editor.keras_model.gradients import name_scopes_kept
from editor.keras_model.walk import ModelIndex
from editor.layers.tree import LayerTree
from editor.training.compiling import loss_functions
from editor.training.settings import SettingsReport

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of it.

    Attributes:
        num_samples: Samples in the batch.
        loss: NaN or infinite where it is no number; None if it was not reached.
        culprit: What is not finite, by name; empty if all is.
        error: Why the model cannot be trained on the batch at all, in a sentence; empty if it can.
        unlike: Why nothing was tried; empty if something was.
    """

    num_samples: int = 0
    loss: float | None = None
    culprit: str = ""
    error: str = ""
    unlike: str = ""


def try_batch(index: ModelIndex, tree: LayerTree, batch: tuple[Any, Any], report: SettingsReport) -> Trial:
    """Computes the loss of a batch and its gradients by the weights that would train.

    What the call assigns (statistics, seeds) stays in a scope and is dropped with it. Must not run beside anything
    else that calls the model.

    Args:
        index: The live model.
        tree: Its flags.
        batch: Inputs and targets in the structure that the model takes, as a run would give them.
        report: The checked settings, with the losses to use.
    """
    model = index.model
    if type(model).train_step is not keras.Model.train_step:
        return Trial(unlike="The model trains by a step of its own, which was not tried.")
    inputs = [np.asarray(each) for each in keras.tree.flatten(batch[0])]
    culprit = _not_finite_before(index, tree, inputs)
    variables = {
        node.path: index.variables[node.record.weight_id]
        for node in tree.walk_weights()
        if tree.is_trainable(node.record)
    }
    try:
        value, finite = _compute(index, variables, batch, report)
    # Layers' own code runs here.
    except Exception as error:  # noqa: BLE001
        return Trial(len(inputs[0]), culprit=culprit, error=first_sentence(error))
    if not culprit and not np.isfinite(value):
        culprit = "the loss"
    bad = next((path for path, is_finite in finite.items() if not is_finite), "")
    return Trial(len(inputs[0]), value, culprit or (bad and f"the gradient of {bad}"))


def _not_finite_before(index: ModelIndex, tree: LayerTree, inputs: Sequence[Array]) -> str:
    """What is not finite before anything is computed: a sample, or a weight."""
    for number, samples in enumerate(inputs):
        if samples.dtype.kind == "f" and not np.isfinite(samples).all():
            return f"input {number + 1}" if len(inputs) > 1 else "the input"
    for node in tree.walk_weights():
        values = index.variables[node.record.weight_id]
        if "float" in values.dtype and not bool(keras.ops.all(keras.ops.isfinite(values))):
            return node.path
    return ""


def _compute(
    index: ModelIndex,
    variables: dict[str, keras.Variable],
    batch: tuple[Any, Any],
    report: SettingsReport,
) -> tuple[float, dict[str, bool]]:
    """The loss, and whether each gradient is finite; those that do not exist are."""
    inputs, targets = batch
    model = index.model
    measures = loss_functions(index, report, np.asarray(keras.tree.flatten(inputs)[0])[:2])
    paths: list[str] = []

    def step(inputs: Any, targets: Any) -> Any:
        scope = keras.StatelessScope(collect_losses=True, initialize_variables=False)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            watched = {path: variable.value for path, variable in variables.items()}
            tape.watch(list(watched.values()))
            with scope:
                outputs = model(inputs, training=True) if model._call_has_training_arg else model(inputs)
                parts = zip(measures, keras.tree.flatten(targets), keras.tree.flatten(outputs), strict=True)
                total = sum(tf.reduce_mean(measure(target, output)) for measure, target, output in parts) + sum(
                    scope.losses
                )
        gradients = tape.gradient(total, watched)
        known = {path: gradient for path, gradient in gradients.items() if gradient is not None}
        paths[:] = known
        return total, [tf.reduce_all(tf.math.is_finite(tf.convert_to_tensor(each))) for each in known.values()]

    with name_scopes_kept():
        # A graph, as in training: a layer that works only outside of one fails here too.
        value, finite = tf.function(step, autograph=False)(inputs, targets)
    return float(value), {path: bool(is_finite) for path, is_finite in zip(paths, finite, strict=True)}
