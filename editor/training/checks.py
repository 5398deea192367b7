"""Holds settings against the data and the model before a run starts; without Keras."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

import numpy as np

from editor.layers.records import Shape
from editor.training.data.parts import Array, Part, Prepared
from editor.training.data.targets import listed
from editor.training.data_options import Task
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
from editor.training.model_facts import ModelFacts
from editor.training.settings import LOSSES, SettingsReport, TrainSettings
from editor.training.wanted_output import wanted_outputs
from editor.training.words import AUTOMATIC
from editor.wording import counted

TASK_LOSSES = {"binary": BINARY, "multi-class": SPARSE, "multi-label": BINARY, "regression": SQUARED}
"""The loss for what a person says the data are to be learned as."""


def suggest_loss(labels: Labels, activation: str | None, task: Task = "auto") -> str:
    """The loss that fits the last layer and the labels, or what they are to be learned as."""
    if task in TASK_LOSSES:
        return CATEGORICAL if task == "multi-class" and labels.are_shares else TASK_LOSSES[task]
    return _fitting_loss(labels, activation)


def _fitting_loss(labels: Labels, activation: str | None) -> str:
    is_classifier = activation in ("softmax", "sigmoid")
    counts = labels.kind is LabelKind.WHOLE and (is_classifier or labels.values.dtype.kind in "biu")
    if labels.kind is LabelKind.TEXT:
        return BINARY if labels.num_outputs == 1 else SPARSE
    if labels.num_outputs == 1:
        return BINARY if counts and activation == "sigmoid" else SQUARED
    if labels.are_class_numbers and (counts or not labels.are_per_class):
        return SPARSE
    if activation == "sigmoid" and labels.kind is LabelKind.WHOLE:
        return BINARY
    if labels.are_shares and (activation == "softmax" or labels.kind is LabelKind.WHOLE):
        return CATEGORICAL
    return SPARSE if counts and labels.output is None else SQUARED


def suggest_metrics(labels: Labels, loss: str) -> tuple[str, ...]:
    """The metrics that people read beside a loss: accuracy for classes, the mean error for targets."""
    is_classification = loss in CROSSENTROPIES
    is_hard = labels.kind is not LabelKind.DECIMAL or loss == CATEGORICAL
    return ("accuracy",) if is_classification and is_hard else ("mean_absolute_error",)


def check(settings: TrainSettings, data: Prepared, facts: ModelFacts) -> SettingsReport:
    """Everything that keeps a run from starting, by field; of several problems of a field the first is told."""
    problems = settings.problems()
    targets = [_labels(data, data.train, facts, at) for at in range(len(data.train.targets))]
    tasks = data.tasks or tuple[Task, ...](["auto"] * len(targets))
    losses = tuple(
        suggest_loss(labels, facts.activation(at), tasks[at]) if settings.loss == AUTOMATIC else settings.loss
        for at, labels in enumerate(targets)
    )
    metrics = tuple(
        _resolve_metrics(settings, suggest_metrics(labels, loss)) for labels, loss in zip(targets, losses, strict=True)
    )
    for field, text in _found(settings, data, facts, losses):
        problems.setdefault(field, text)
    return SettingsReport(
        problems=problems,
        data_text=data.report.text,
        loss=" + ".join(dict.fromkeys(losses)),
        metrics=tuple(dict.fromkeys(name for names in metrics for name in names)),
        has_validation_data=data.has_own_validation,
        losses=losses,
        output_metrics=metrics,
        output_names=facts.output_names if len(losses) > 1 else (),
        data=data.report,
        wanted_outputs=wanted_outputs(settings, data),
    )


def _labels(data: Prepared, part: Part, facts: ModelFacts, at: int) -> Labels:
    name = data.target_names[at] + data.suffix(part)
    return Labels(name, part.targets[at], facts.output_shape(at))


def _resolve_metrics(settings: TrainSettings, suggested: tuple[str, ...]) -> tuple[str, ...]:
    named = [metric for metric in settings.metrics if metric != AUTOMATIC]
    return tuple(dict.fromkeys([*(suggested if AUTOMATIC in settings.metrics else ()), *named]))


def _found(
    settings: TrainSettings, data: Prepared, facts: ModelFacts, losses: tuple[str, ...]
) -> Iterator[FieldProblem]:
    if settings.validation_split > 0 and data.train.num_samples == 1 and not data.validation:
        yield "validation_split", "One sample leaves nothing to validate on. Use a share of 0, or more data."
    yield from _count_problems(data, facts)
    yield from _class_problems(data, facts)
    parts = [part for part in (data.train, data.validation, data.test) if part]
    for part in parts:
        if part is not data.train:
            yield from _part_problems(data, part)
        for at in range(min(len(part.inputs), facts.num_inputs)):
            yield from _sample_problems(data.input_names[at] + data.suffix(part), part.inputs[at], facts, at)
    for at, loss in enumerate(losses[: facts.num_outputs]):
        for part in parts if loss in LOSSES else ():
            yield from label_problems(_labels(data, part, facts, at), loss)
        if loss == "poisson" and facts.activation(at) in ("linear", "tanh"):
            yield "loss", f"poisson needs outputs above 0, but the last layer also gives negative ones. Use {SQUARED}."
        yield from _metric_problems(_labels(data, data.train, facts, at), loss, settings.metrics)


def _count_problems(data: Prepared, facts: ModelFacts) -> Iterator[FieldProblem]:
    for shapes, names, word in (
        (facts.input_shapes, data.input_names, "input"),
        (facts.output_shapes, data.target_names, "output"),
    ):
        if shapes and len(shapes) != len(names):
            yield (
                "data",
                f"This model has {counted(len(shapes), word)}, but the data have {counted(len(names), 'array')} for "
                f"{'it' if len(shapes) == 1 else 'them'}: {', '.join(names)}. Give one for each {word}.",
            )


def _class_problems(data: Prepared, facts: ModelFacts) -> Iterator[FieldProblem]:
    """More classes than the model tells apart; told here, as labels by themselves have no names."""
    output, names = facts.output_shape(0), data.class_names
    num_outputs = None if output is None else (output[-1] if output else 1)
    if num_outputs is not None and data.train.targets[0].ndim == 1 and len(names) > max(num_outputs, 2):
        shown = {bar.name for bar in data.report.bars[0]} if data.report.bars else set(names)
        absent = [name for name in names if name not in shown]
        empty = f"Of {listed(absent)} there are no samples. " if absent else ""
        yield (
            "data",
            f"There are {len(names):,} classes in {data.target_names[0]} ({listed(names)}), but the model has "
            f"{counted(num_outputs, 'output')}. {empty}Give it an output for each class (Replace Head… in the "
            "window), or leave out classes.",
        )


# -- samples --------------------------------------------------------------------------------------------------


def _sample_problems(name: str, samples: Array, facts: ModelFacts, at: int) -> Iterator[FieldProblem]:
    for dtype in facts.input_dtypes[at : at + 1]:
        yield from _dtype_problems(name, samples, dtype)
    for shape in facts.input_shapes[at : at + 1]:
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


def _part_problems(data: Prepared, part: Part) -> Iterator[FieldProblem]:
    names = (*data.input_names, *data.target_names)
    trained, held = (*data.train.inputs, *data.train.targets), (*part.inputs, *part.targets)
    for name, ours, theirs in zip(names, trained, held, strict=False):
        if theirs.shape[1:] != ours.shape[1:]:
            yield (
                "data",
                f"One sample of {name}{data.suffix(part)} has shape {shape_text(theirs.shape[1:])}, but one of {name} "
                f"has {shape_text(ours.shape[1:])}. Prepare both in the same way.",
            )


# -- metrics --------------------------------------------------------------------------------------------------


def _metric_problems(labels: Labels, loss: str, metrics: tuple[str, ...]) -> Iterator[FieldProblem]:
    if labels.output is None or labels.kind is LabelKind.TEXT:
        return
    has_classes = loss == SPARSE or (labels.are_per_class and labels.are_shares)
    in_range = labels.lowest >= 0 and labels.highest <= 1
    if "top_k_categorical_accuracy" in metrics and not has_classes:
        yield "metrics", "top_k_categorical_accuracy needs a label for one class of several. Leave it out."
    if "accuracy" in metrics and labels.kind is LabelKind.DECIMAL and loss not in CROSSENTROPIES:
        yield "metrics", f"accuracy counts equal values, but {labels.name} holds decimal numbers. Leave it out."
    if "auc" in metrics and not (labels.are_per_class and in_range):
        yield "metrics", "auc needs 0 or 1 for each output. Leave it out, or save such labels."
    for metric in ("mean_squared_error", "mean_absolute_error"):
        if metric in metrics and not labels.are_per_class:
            yield "metrics", f"{metric} needs one value for each output. Leave it out, or use accuracy."
