"""What a person should know about data that nobody else would notice, whatever kind they are of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np

from editor.training.data.parts import Array, Prepared
from editor.training.data.targets import listed
from editor.training.labels import are_shares
from editor.training.settings import TrainSettings


def noted(data: Prepared, settings: TrainSettings) -> Prepared:
    """Data with notes about their parts: the same one twice, and classes that are not among the training samples."""
    notes = (*_part_notes(settings), *_class_notes(data))
    if not notes:
        return data
    return replace(data, report=msgspec.structs.replace(data.report, notes=(*data.report.notes, *notes)))


def _part_notes(settings: TrainSettings) -> Iterator[str]:
    options = settings.data_options
    for word, path in (("validate", options.validation), ("test", options.test)):
        if path and _is_same(path, settings.data):
            yield (
                f"The data to {word} on are the training data themselves: they do not show how the model does on "
                "samples that it was not trained on."
            )


def _is_same(path: str, data: str) -> bool:
    try:
        return Path(path).samefile(data)
    except OSError:
        return False


def _class_notes(data: Prepared) -> Iterator[str]:
    if data.report.task not in ("binary", "multi-class"):
        return
    classes = _classes(data.train.targets[0])
    if classes is None:
        return
    held = _classes(data.validation.targets[0]) if data.validation and not data.has_own_validation else None
    absent = [] if held is None else np.setdiff1d(held, classes).tolist()
    if absent:
        yield (
            f"No sample of {listed([_name(data, each) for each in absent])} is left to train on: the part that is "
            "validated on has all of them. Use a smaller share, or more samples."
        )
    elif len(classes) == 1 and data.train.num_samples > 1:
        yield f"All samples to train on are of one class, {_name(data, classes[0])}: there is nothing to tell apart."


def _classes(targets: Array) -> Array | None:
    """The classes that there are; None where targets are no classes."""
    if targets.ndim == 2 and are_shares(targets):
        targets = targets.argmax(axis=-1)
    if targets.size != len(targets) or targets.dtype.kind not in "biufUS":
        return None
    return np.unique(targets)


def _name(data: Prepared, number: object) -> str:
    is_known = isinstance(number, int | np.integer) and 0 <= number < len(data.class_names)
    return data.class_names[int(number)] if is_known else str(number)  # type: ignore[call-overload]
