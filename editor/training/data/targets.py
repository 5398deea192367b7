"""What is learned: from labels as people write them to what a loss takes; without Keras."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

import numpy as np
import numpy.typing as npt

from editor.errors import DataError
from editor.layers.records import Shape
from editor.training.data.parts import Array
from editor.training.data_options import Task

MOST_CLASSES = 1_000
"""More different values are no classes of something that a person could tell apart."""
NUM_NAMED = 5
"""Classes that are named in a sentence."""


class _Choice(TypedDict):
    field: str
    name: str


@dataclass(frozen=True)
class Target:
    """An output of the model beside what it is to learn.

    Attributes:
        name: What the labels are called in sentences, such as `column species` or `y`.
        column: The column that they are in; empty for several of them, and for arrays.
        output: The model's output, the batch left out; None where it does not tell.
        activation: Of the layer before it; None where that cannot be told.
        wanted: What a person says is learned.
    """

    name: str
    output: Shape | None
    activation: str | None
    wanted: Task = "auto"
    column: str = ""

    @property
    def num_units(self) -> int | None:
        """Values that the output gives; None where that is not known."""
        return None if self.output is None else (self.output[-1] if self.output else 1)


@dataclass(frozen=True)
class ClassCoding:
    """How labels become what a loss takes.

    Attributes:
        task: What is learned.
        classes: Names of the classes, in the order of their numbers; empty where values are taken as they are.
        values: The label of each class, sorted, of the type of the labels.
        notes: What a person should know, a sentence each.
    """

    task: Task
    classes: tuple[str, ...] = ()
    values: Array | None = None
    notes: tuple[str, ...] = ()

    def encode(self, labels: Array) -> tuple[Array, npt.NDArray[np.bool_]]:
        """The labels as class numbers (or as they are), and which of them are of no known class."""
        if self.values is None:
            return labels, np.zeros(len(labels), bool)
        at = np.searchsorted(self.values, labels).clip(0, len(self.values) - 1)
        return at.astype(np.int64), self.values[at] != labels


def find_coding(target: Target, labels: Array, *, is_strict: bool = False) -> ClassCoding:
    """How labels become what a loss takes.

    Args:
        target: What they are for.
        labels: `(num_samples,)`, text or numbers without gaps.
        is_strict: Whether numbers are taken for classes only where they follow one another, as 1, 2, 3; others stay
            as they are, for the checks to refuse.

    Raises:
        DataError: They cannot be learned by that output.
    """
    values, counts = np.unique(labels, return_counts=True)
    task = _task(target, values)
    if task == "regression":
        if labels.dtype.kind in "US":
            raise DataError(
                f"{_capital(target.name)} holds text such as {str(values[0])!r}, but numbers are to be learned.",
                hint="Choose a column of numbers, or a model that ends in classes.",
                **_choice(target),
            )
        return ClassCoding(task)
    _check_classes(target, values, counts)
    if _stands_for_itself(values, task, target) or (is_strict and not _follow(values)):
        return ClassCoding(task)
    names = tuple(_class_name(value) for value in values)
    return ClassCoding(task, names, values, _notes(target, names, values))


def _task(target: Target, values: Array) -> Task:
    units, is_text = target.num_units, values.dtype.kind in "US"
    if target.wanted == "binary" and units not in (1, None):
        return "multi-class"
    if target.wanted != "auto":
        return target.wanted
    is_whole = is_text or values.dtype.kind in "biu" or bool(np.all(values == np.floor(values)))
    if units == 1:
        is_binary = is_text or (target.activation == "sigmoid" and is_whole)
        return "binary" if is_binary else "regression"
    if units is None:
        return "multi-class" if is_text or (is_whole and len(values) <= 20) else "regression"
    return "multi-class" if is_whole or target.activation == "softmax" else "regression"


def _check_classes(target: Target, values: Array, counts: npt.NDArray[np.integer]) -> None:
    name = _capital(target.name)
    if len(values) == 1 and counts[0] > 1:
        raise DataError(
            f"{name} holds one class only, {_class_name(values[0])}; a model learns to tell at least two apart.",
            hint="Add samples of another class, or choose another target.",
            field="targets",
            name=target.column,
        )
    if values.dtype.kind == "f" and np.any(values != np.floor(values)):
        raise DataError(
            f"{name} holds decimal numbers such as {_decimal(values):g}, but the model tells classes apart.",
            hint="Choose a column of classes, or a model that ends in a linear layer.",
            **_choice(target),
        )


def _choice(target: Target) -> _Choice:
    """What brought labels and task together: the task, where a person said it."""
    if target.wanted != "auto":
        return {"field": "task", "name": ""}
    return {"field": "targets", "name": target.column}


def _decimal(values: Array) -> float:
    return float(values[values != np.floor(values)][0])


def _stands_for_itself(values: Array, task: Task, target: Target) -> bool:
    """Whether labels are class numbers from 0 already."""
    units = 2 if task == "binary" else target.num_units
    if values.dtype.kind not in "biuf" or values[0] < 0:
        return False
    return bool(values[-1] < units) if units is not None else bool(values[0] == 0 and _follow(values))


def _follow(values: Array) -> bool:
    """Whether labels are text, whole numbers that follow one another, or -1 and 1."""
    if values.dtype.kind in "US" or values.tolist() == [-1, 1]:
        return True
    return bool(values[-1] - values[0] == len(values) - 1)


def _notes(target: Target, names: tuple[str, ...], values: Array) -> tuple[str, ...]:
    what = "in the order of the alphabet" if values.dtype.kind in "US" else "in their order"
    said = f"The {len(names)} classes in {target.name} ({listed(names)}) are numbered from 0, {what}."
    units = target.num_units
    if units is None or units <= max(len(names), 2):
        return (said,)
    return said, more_outputs_note(units, len(names))


def more_outputs_note(num_outputs: int, num_classes: int) -> str:
    """What outputs that no class belongs to mean."""
    first = num_classes + 1
    which = f"output {first} stands" if first == num_outputs else f"outputs {first:,} to {num_outputs:,} stand"
    return (
        f"The model has {num_outputs:,} outputs and the data {num_classes:,} classes: {which} for none of them. "
        "Replace Head… in the window makes an output for each class."
    )


def _class_name(value: object) -> str:
    return f"{value:g}" if isinstance(value, float | np.floating) else str(value)


def listed(names: Sequence[str]) -> str:
    """Some names of classes, for a sentence."""
    return ", ".join([*names[:NUM_NAMED], *(["…"] if len(names) > NUM_NAMED else [])])


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:] if " " in name else f"The array {name}"
