"""What labels are, and whether they fit a model's output and a loss; numpy only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from editor.layers.records import Shape

Array = npt.NDArray[Any]
FieldProblem = tuple[str, str]
"""A field of `TrainSettings`, and what is wrong with it in words that tell what to do."""

SPARSE = "sparse_categorical_crossentropy"
CATEGORICAL = "categorical_crossentropy"
BINARY = "binary_crossentropy"
SQUARED = "mean_squared_error"
CROSSENTROPIES = (SPARSE, CATEGORICAL, BINARY)

MOST_DECIMAL_CLASSES = 100
"""More different values than this, saved as floating-point numbers, are rounded measurements and not classes."""


class LabelKind(StrEnum):
    """What the values of a label array are."""

    TEXT = "text"
    WHOLE = "whole numbers"
    DECIMAL = "decimal numbers"


@dataclass(frozen=True)
class Labels:
    """A label array beside the output it is meant for.

    Attributes:
        name: `y` or `y_val`.
        values: `(num_samples, …)`.
        output: The model's output, the batch left out; None where the model does not tell.
    """

    name: str
    values: Array
    output: Shape | None

    @cached_property
    def kind(self) -> LabelKind:
        """What the values are; floating-point numbers without a fraction are whole."""
        if self.values.dtype.kind in "US":
            return LabelKind.TEXT
        is_whole = self.values.dtype.kind in "biu" or bool(np.all(self.values == np.floor(self.values)))
        return LabelKind.WHOLE if is_whole else LabelKind.DECIMAL

    @cached_property
    def lowest(self) -> float:
        """The lowest value."""
        return float(self.values.min())

    @cached_property
    def highest(self) -> float:
        """The highest value."""
        return float(self.values.max())

    @property
    def shape(self) -> tuple[int, ...]:
        """One sample's labels."""
        return self.values.shape[1:]

    @property
    def num_outputs(self) -> int | None:
        """The size of the output's last axis; None where it is not known."""
        return (self.output[-1] if self.output else 1) if self.output is not None else None

    @property
    def are_per_class(self) -> bool:
        """Whether there is one value for each output; a last axis of 1 may be there or not, as in Keras's losses."""
        if self.output is None:
            return True
        shapes = [self.shape, (*self.shape, 1), *([self.shape[:-1]] if self.shape[-1:] == (1,) else [])]
        return any(fits(shape, self.output) for shape in shapes)

    @property
    def are_class_numbers(self) -> bool:
        """Whether there is one whole number for each place of the output, instead of one for each class."""
        if self.kind is not LabelKind.WHOLE or not self.output:
            return False
        places = self.output[:-1]
        return fits(self.shape, places) or fits(self.shape, (*places, 1))

    @cached_property
    def are_shares(self) -> bool:
        """Whether the last axis holds shares that add up to 1; one-hot labels do."""
        return self.kind is not LabelKind.TEXT and are_shares(self.values)


def fits(shape: Shape, expected: Shape) -> bool:
    """Whether two shapes are equal where both are known."""
    return len(shape) == len(expected) and all(
        size == other or size is None or other is None for size, other in zip(shape, expected, strict=True)
    )


def are_shares(values: Array) -> bool:
    """Whether the last axis, of at least two, holds values from 0 to 1 that add up to 1."""
    if values.ndim < 2 or values.shape[-1] < 2:
        return False
    in_range = bool(values.min() >= 0) and bool(values.max() <= 1)
    return in_range and bool(np.allclose(values.sum(axis=-1, dtype=np.float64), 1, atol=1e-3))


def describe_labels(values: Array) -> str:
    """What the labels are, in a few words: `10 classes`, `10 classes, one-hot`, `targets of 3 values`."""
    kind = Labels("y", values, None).kind
    if kind is LabelKind.WHOLE and are_shares(values):
        return f"{values.shape[-1]:,} classes, one-hot"
    num_different = len(np.unique(values))
    is_rounded = values.dtype.kind == "f" and num_different > MOST_DECIMAL_CLASSES
    is_row = values.ndim == 2 and values.shape[1] > 1
    if kind is LabelKind.DECIMAL or is_rounded or is_row:
        return describe_values(values)
    return f"{num_different:,} {'class' if num_different == 1 else 'classes'}"


def describe_values(values: Array) -> str:
    """What targets are that are no classes: `targets of 3 values`."""
    sizes = " × ".join(f"{size:,}" for size in values.shape[1:])
    return "targets of 1 value" if sizes in ("", "1") else f"targets of {sizes} values"


def label_problems(labels: Labels, loss: str) -> Iterator[FieldProblem]:
    """What keeps labels from being used with a loss, the first cause first."""
    if labels.kind is LabelKind.TEXT:
        yield (
            "data",
            f"The labels in {labels.name} are text. Turn them into class numbers 0, 1, 2, … first, for example with "
            f"numpy.unique({labels.name}, return_inverse=True).",
        )
    elif labels.output is not None:
        match loss:
            case "sparse_categorical_crossentropy":
                yield from _sparse_problems(labels)
            case "categorical_crossentropy":
                yield from _categorical_problems(labels)
            case "binary_crossentropy":
                yield from _binary_problems(labels)
            case _:
                yield from _target_problems(labels, loss)


def _sparse_problems(labels: Labels) -> Iterator[FieldProblem]:
    if labels.are_shares and labels.are_per_class:
        yield (
            "loss",
            f"The labels in {labels.name} are one-hot ({labels.num_outputs} columns). "
            f"Use {CATEGORICAL}, or class numbers: {labels.name}.argmax(axis=-1).",
        )
    elif labels.kind is LabelKind.DECIMAL:
        yield "loss", _decimal_text(labels, SPARSE)
    elif not labels.are_class_numbers:
        yield "data", _shape_text(labels, (labels.output or (None,))[:-1])
    elif labels.num_outputs == 1:
        yield "loss", f"The model has 1 output, which {SPARSE} cannot learn from. Use {BINARY} or {SQUARED}."
    else:
        yield from _range_problems(labels)


def _range_problems(labels: Labels) -> Iterator[FieldProblem]:
    num_outputs = labels.num_outputs
    if labels.lowest < 0:
        yield (
            "data",
            f"The labels in {labels.name} go down to {labels.lowest:.0f}, but class numbers start at 0. "
            "Number the classes 0, 1, 2, …",
        )
    elif num_outputs is not None and labels.highest >= num_outputs:
        is_shifted = labels.lowest == 1 and labels.highest == num_outputs
        cure = f" Subtract 1 from {labels.name}." if is_shifted else ""
        if not is_shifted and len(np.unique(labels.values)) == num_outputs:
            cure = f" Number them anew: numpy.unique({labels.name}, return_inverse=True)[1]."
        yield (
            "data",
            f"{_the_labels(labels)} go up to {labels.highest:.0f}, but the model's last layer has {num_outputs} "
            f"outputs, so labels must be 0 to {num_outputs - 1}.{cure}",
        )


def _categorical_problems(labels: Labels) -> Iterator[FieldProblem]:
    if labels.num_outputs == 1:
        yield "loss", f"The model has 1 output, which {CATEGORICAL} cannot learn from. Use {BINARY} or {SQUARED}."
    elif labels.are_class_numbers and not labels.are_per_class:
        yield "loss", f"The labels in {labels.name} are class numbers, not one-hot. Use {SPARSE}."
    elif not labels.are_per_class:
        yield "data", _shape_text(labels, labels.output or ())
    elif labels.lowest < 0 or labels.highest > 1:
        yield "loss", _out_of_range_text(labels, CATEGORICAL, SQUARED)


def _binary_problems(labels: Labels) -> Iterator[FieldProblem]:
    if labels.are_per_class and (labels.lowest < 0 or labels.highest > 1):
        if labels.kind is LabelKind.DECIMAL:
            yield "loss", _out_of_range_text(labels, BINARY, SQUARED)
        else:
            yield (
                "data",
                f"{_the_labels(labels)} go from {labels.lowest:.0f} to {labels.highest:.0f}, but {BINARY} needs 0 and "
                "1. Number the two classes 0 and 1, or use a model with one output for each class.",
            )
    elif not labels.are_per_class and labels.are_class_numbers:
        yield "loss", f"The labels in {labels.name} are class numbers, not one value for each output. Use {SPARSE}."
    elif not labels.are_per_class:
        yield "data", _shape_text(labels, labels.output or ())


def _target_problems(labels: Labels, loss: str) -> Iterator[FieldProblem]:
    if not labels.are_per_class:
        if labels.are_class_numbers:
            yield (
                "loss",
                f"The labels in {labels.name} are class numbers, but {loss} needs one value for each of the "
                f"{labels.num_outputs} outputs. Use {SPARSE}.",
            )
        else:
            yield "data", _shape_text(labels, labels.output or ())
    elif loss in ("poisson", "kl_divergence") and labels.lowest < 0:
        yield (
            "loss",
            f"The values in {labels.name} go down to {labels.lowest:g}; {loss} needs 0 or more. Use {SQUARED}.",
        )


def _the_labels(labels: Labels) -> str:
    return "The labels" if labels.name == "y" else f"The labels in {labels.name}"


def _decimal_text(labels: Labels, loss: str) -> str:
    return (
        f"The labels in {labels.name} are decimal numbers, but {loss} needs whole class numbers. "
        f"Use {SQUARED}, or save class numbers."
    )


def _out_of_range_text(labels: Labels, loss: str, other: str) -> str:
    return (
        f"The values in {labels.name} go from {labels.lowest:g} to {labels.highest:g}, but {loss} needs 0 to 1. "
        f"Use {other}, or scale them."
    )


def _shape_text(labels: Labels, expected: Shape) -> str:
    return (
        f"One sample of {labels.name} has shape {shape_text(labels.shape)}, but the model's output needs "
        f"{shape_text(expected)}. {_shape_cure(labels)}"
    )


def _shape_cure(labels: Labels) -> str:
    if labels.are_shares and labels.num_outputs == 1 and labels.shape[-1] == 2:
        return f"Keep the second column: {labels.name}[..., 1:]."
    return f"Change {labels.name}, or give the model another last layer."


def shape_text(shape: Shape) -> str:
    """A shape as people write it: `(8, 8, 1)`, `(any, 3)`, `(5,)`; a free size is `any`."""
    sizes = ["any" if size is None else str(size) for size in shape]
    return f"({sizes[0]},)" if len(sizes) == 1 else f"({', '.join(sizes)})"
