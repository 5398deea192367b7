"""Holds settings against the data and the model before a run starts; without Keras."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

import numpy as np

from editor.layers.records import Shape
from editor.training.data import Array, TrainData
from editor.training.labels import (
    BINARY,
    CATEGORICAL,
    CROSSENTROPIES,
    SPARSE,
    SQUARED,
    FieldProblem,
    LabelKind,
    Labels,
    fits,
    label_problems,
    shape_text,
)
from editor.training.settings import LOSSES, SettingsReport, TrainSettings
from editor.training.words import AUTOMATIC


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What of a model the checks need to know.

    Attributes:
        input_shapes: One for each input, the batch first; empty where the model does not tell.
        output_shapes: One for each output, the batch first; empty where the model does not tell.
        last_activation: Name of the last layer's activation, `linear` where it has none, None where it cannot be told.
        last_class: Class of the last layer.
        input_dtypes: Keras dtype name of each input.
    """

    input_shapes: tuple[Shape, ...]
    output_shapes: tuple[Shape, ...]
    last_activation: str | None
    last_class: str
    input_dtypes: tuple[str, ...]

    def labels(self, name: str, values: Array) -> Labels:
        """A label array beside the model's only output."""
        return Labels(name, values, self.output_shapes[0][1:] if self.output_shapes else None)


def suggest_loss(facts: ModelFacts, data: TrainData) -> str:
    """The loss that fits the last layer and the labels."""
    labels = facts.labels("y", data.y)
    is_classifier = facts.last_activation in ("softmax", "sigmoid")
    counts = labels.kind is LabelKind.WHOLE and (is_classifier or data.y.dtype.kind in "biu")
    if labels.kind is LabelKind.TEXT:
        return BINARY if labels.num_outputs == 1 else SPARSE
    if labels.num_outputs == 1:
        return BINARY if counts and facts.last_activation == "sigmoid" else SQUARED
    if labels.are_class_numbers and (counts or not labels.are_per_class):
        return SPARSE
    if facts.last_activation == "sigmoid" and labels.kind is LabelKind.WHOLE:
        return BINARY
    if labels.are_shares and (facts.last_activation == "softmax" or labels.kind is LabelKind.WHOLE):
        return CATEGORICAL
    return SPARSE if counts and labels.output is None else SQUARED


def suggest_metrics(facts: ModelFacts, data: TrainData, loss: str) -> tuple[str, ...]:
    """The metrics that people read beside a loss: accuracy for classes, the mean error for targets."""
    is_classification = loss in CROSSENTROPIES
    is_hard = facts.labels("y", data.y).kind is not LabelKind.DECIMAL or loss == CATEGORICAL
    return ("accuracy",) if is_classification and is_hard else ("mean_absolute_error",)


def check(settings: TrainSettings, data: TrainData, facts: ModelFacts) -> SettingsReport:
    """Everything that keeps a run from starting, by field; of several problems of a field the first is told."""
    problems = settings.problems()
    loss = suggest_loss(facts, data) if settings.loss == AUTOMATIC else settings.loss
    metrics = _resolve_metrics(settings, suggest_metrics(facts, data, loss))
    for field, text in _found(settings, data, facts, loss):
        problems.setdefault(field, text)
    return SettingsReport(
        problems=problems,
        data_text=data.describe(),
        loss=loss,
        metrics=metrics,
        has_validation_data=data.has_validation,
    )


def _resolve_metrics(settings: TrainSettings, suggested: tuple[str, ...]) -> tuple[str, ...]:
    named = [metric for metric in settings.metrics if metric != AUTOMATIC]
    return tuple(dict.fromkeys([*(suggested if AUTOMATIC in settings.metrics else ()), *named]))


def _found(settings: TrainSettings, data: TrainData, facts: ModelFacts, loss: str) -> Iterator[FieldProblem]:
    if settings.validation_split > 0 and data.num_samples == 1 and not data.has_validation:
        yield "validation_split", "One sample leaves nothing to validate on. Use a share of 0, or more data."
    for shapes, word, name in ((facts.input_shapes, "inputs", "x"), (facts.output_shapes, "outputs", "y")):
        if len(shapes) > 1:
            yield "data", f"This model has {len(shapes)} {word}; training takes one array {name} so far."
            return
    yield from _sample_problems("x", data.x, facts)
    yield from _validation_problems(data)
    labels = [facts.labels("y", data.y)]
    if data.x_val is not None and data.y_val is not None:
        yield from _sample_problems("x_val", data.x_val, facts)
        labels.append(facts.labels("y_val", data.y_val))
    for part in labels if loss in LOSSES else ():
        yield from label_problems(part, loss)
    if loss == "poisson" and facts.last_activation in ("linear", "tanh"):
        yield "loss", f"poisson needs outputs above 0, but the last layer also gives negative ones. Use {SQUARED}."
    yield from _metric_problems(labels[0], loss, settings.metrics)


# -- samples --------------------------------------------------------------------------------------------------


def _sample_problems(name: str, samples: Array, facts: ModelFacts) -> Iterator[FieldProblem]:
    for dtype in facts.input_dtypes[:1]:
        yield from _dtype_problems(name, samples, dtype)
    for shape in facts.input_shapes[:1]:
        given, expected = samples.shape[1:], shape[1:]
        if not fits(given, expected):
            yield (
                "data",
                f"One sample of {name} has shape {shape_text(given)}, but the model takes {shape_text(expected)}. "
                f"{_cure(name, given, expected)}",
            )


def _cure(name: str, given: tuple[int, ...], expected: Shape) -> str:
    """The likely way from one shape to the other."""
    known = [size for size in expected if size is not None]
    has_one_more = expected[-1:] in ((1,), (None,)) and fits(given, expected[:-1])
    is_channels_first = len(given) > 2 and given[0] != given[-1] and fits((*given[1:], given[0]), expected)
    cures = (
        (has_one_more, f"Add a channel axis: {name}[..., numpy.newaxis]."),
        (given[-1:] == (1,) and fits(given[:-1], expected), f"Drop the last axis: {name}[..., 0]."),
        (is_channels_first, f"Move the channels to the end: numpy.moveaxis({name}, 1, -1)."),
        (
            len(given) > 1 and given[-1] == 1 and fits(given[:-1], expected[:-1]),
            f"Repeat the channel: numpy.repeat({name}, {expected[-1] if expected else 1}, axis=-1).",
        ),
        (
            len(known) == len(expected) and prod(known) == prod(given),
            f"Reshape it: {name}.reshape({', '.join(map(str, (-1, *known)))}).",
        ),
        (len(given) == len(expected), "Resize the samples, or open the model that was made for them."),
    )
    default = "Use samples of that shape, or open the model that was made for these."
    return next((text for is_likely, text in cures if is_likely), default)


def _dtype_problems(name: str, samples: Array, dtype: str) -> Iterator[FieldProblem]:
    is_text = samples.dtype.kind in "US"
    if is_text and dtype != "string":
        yield "data", f"{name} holds text, but the model takes numbers ({dtype}). Turn the text into numbers first."
    elif dtype == "string" and not is_text:
        yield "data", f"{name} holds numbers, but the model takes text. Save {name} as an array of text."
    elif dtype.startswith(("int", "uint")) and samples.dtype.kind == "f" and np.any(samples != np.floor(samples)):
        yield (
            "data",
            f"{name} holds decimal numbers, but the model takes whole ones ({dtype}), such as the numbers of words.",
        )


def _validation_problems(data: TrainData) -> Iterator[FieldProblem]:
    for name, trained, held in (("x", data.x, data.x_val), ("y", data.y, data.y_val)):
        if held is not None and held.shape[1:] != trained.shape[1:]:
            yield (
                "data",
                f"One sample of {name}_val has shape {shape_text(held.shape[1:])}, but one of {name} has "
                f"{shape_text(trained.shape[1:])}. Prepare both in the same way.",
            )


# -- metrics --------------------------------------------------------------------------------------------------


def _metric_problems(labels: Labels, loss: str, metrics: tuple[str, ...]) -> Iterator[FieldProblem]:
    if labels.output is None or labels.kind is LabelKind.TEXT:
        return
    has_classes = loss == SPARSE or (labels.are_per_class and labels.are_shares)
    in_range = labels.lowest >= 0 and labels.highest <= 1
    if "top_k_categorical_accuracy" in metrics and not has_classes:
        yield "metrics", "top_k_categorical_accuracy needs a label for one class of several. Leave it out."
    if "auc" in metrics and not (labels.are_per_class and in_range):
        yield "metrics", "auc needs 0 or 1 for each output. Leave it out, or save such labels."
    for metric in ("mean_squared_error", "mean_absolute_error"):
        if metric in metrics and not labels.are_per_class:
            yield "metrics", f"{metric} needs one value for each output. Leave it out, or use accuracy."
