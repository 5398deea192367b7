"""What is told about prepared data: how many samples of each class, in which range, in one line."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise, zip_longest

import numpy as np

from editor.training.data.parts import Array, Part
from editor.training.data_options import Task
from editor.training.data_report import Bar
from editor.training.labels import are_shares, describe_labels, describe_values
from editor.wording import counted

MOST_BARS = 200
NUM_STRETCHES = 10
MAX_VALUES_LOOKED_AT = 1 << 24


def target_bars(train: Array, validation: Array | None, classes: Sequence[str]) -> tuple[Bar, ...]:
    """Samples by class, or by stretches of a target of numbers.

    Args:
        train: `(num_samples,)`, `(num_samples, 1)`, or `(num_samples, num_classes)` of zeros and ones.
        validation: As `train`; None where there is no such part.
        classes: Names of the classes, in the order of their numbers; empty where the values are their names.
    """
    held = train[:0] if validation is None else validation
    if train.ndim == 2 and train.shape[1] == 1:
        train, held = train[:, 0], held.reshape(-1)
    if train.ndim == 2 and np.isin(train, (0, 1)).all() and train.shape[1] <= MOST_BARS:
        names = classes or [str(at) for at in range(train.shape[1])]
        return _bars(names, train.sum(axis=0), held.sum(axis=0))
    if train.ndim != 1:
        return ()
    values = np.unique(np.concatenate([train, held]))
    is_whole = train.dtype.kind in "USbiu" or bool(np.all(values == np.floor(values)))
    if is_whole and len(values) <= (max(len(classes), 20) if train.dtype.kind == "f" else MOST_BARS):
        names = [_name(value, classes) for value in values]
        return _bars(names, [np.sum(train == value) for value in values], [np.sum(held == value) for value in values])
    return _stretches(train, held)


def balancing_weights(targets: Array, task: Task) -> dict[int, float] | None:
    """A weight for each class, so that all classes count the same in the loss; None where there are no classes."""
    if targets.ndim == 2 and are_shares(targets):
        targets = targets.argmax(axis=-1)
    if targets.ndim == 2 and targets.shape[1] == 1:
        targets = targets[:, 0]
    if targets.ndim != 1 or task not in ("binary", "multi-class"):
        return None
    values, counts = np.unique(targets, return_counts=True)
    return {
        int(value): float(len(targets) / (len(values) * count)) for value, count in zip(values, counts, strict=True)
    }


def describe(
    inputs: Sequence[Array],
    targets: Sequence[Array],
    num_samples: int,
    num_more: Sequence[int] = (0, 0),
    tasks: Sequence[Task] = (),
) -> str:
    """All in one line, such as `1,797 samples of 8 × 8 × 1 · 10 classes`.

    Args:
        inputs: Of the training part.
        targets: Of the training part and the one drawn from it.
        num_samples: Samples before a part was drawn to validate on.
        num_more: Samples of a validation part of its own, and of a part to test on.
        tasks: What each target is learned as, where that is known.
    """
    sizes = " + ".join(" × ".join(f"{size:,}" for size in array.shape[1:]) or "1 value" for array in inputs)
    parts = [f"{num_samples:,} {'sample' if num_samples == 1 else 'samples'} of {sizes}"]
    parts.append(" + ".join(_describe(array, task) for array, task in zip_longest(targets, tasks)))
    return " · ".join([*parts, *more_words(*num_more)])


def _describe(target: Array, task: Task | None) -> str:
    if task == "regression":
        return describe_values(target)
    are_labels = task == "multi-label" and target.ndim == 2
    return counted(target.shape[1], "label") if are_labels else describe_labels(target)


def more_words(num_validation: int, num_test: int) -> list[str]:
    """What there is beside the training samples and the part drawn from them."""
    numbers = ((num_validation, "validation"), (num_test, "testing"))
    return [f"{number:,} more for {what}" for number, what in numbers if number]


def range_of(part: Part) -> tuple[float, float] | None:
    """The lowest and the highest value of all inputs, of at most some million values; None for text."""
    ranges = [_range(array) for array in part.inputs if array.dtype.kind in "biuf" and array.size]
    return (min(low for low, _ in ranges), max(high for _, high in ranges)) if ranges else None


def _range(array: Array) -> tuple[float, float]:
    seen = array[:: max(array.size // MAX_VALUES_LOOKED_AT, 1)]
    return float(seen.min()), float(seen.max())


def _bars(names: Sequence[str], train: Sequence[int] | Array, held: Sequence[int] | Array) -> tuple[Bar, ...]:
    return tuple(
        Bar(name=name, num_train=int(count), num_validation=int(other))
        for name, count, other in zip(names, train, held, strict=True)
    )


def _name(value: object, classes: Sequence[str]) -> str:
    if classes and isinstance(value, int | float | np.number) and 0 <= int(value) < len(classes):
        return classes[int(value)]
    return f"{value:g}" if isinstance(value, float | np.floating) else str(value)


def _stretches(train: Array, held: Array) -> tuple[Bar, ...]:
    if train.dtype.kind not in "biuf":
        return ()
    edges = np.histogram_bin_edges(np.concatenate([train, held]).astype(np.float64), NUM_STRETCHES)
    names = [f"{low:.4g} to {high:.4g}" for low, high in pairwise(edges)]
    return _bars(names, np.histogram(train, edges)[0], np.histogram(held, edges)[0])
