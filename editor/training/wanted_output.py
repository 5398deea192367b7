"""What data ask of a model's last layer, whatever the model has there now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from editor.errors import DataError
from editor.training.data.parts import Array, Prepared
from editor.training.data.targets import MOST_CLASSES
from editor.training.data.unfit import UnfitDataError
from editor.training.data_options import Task
from editor.training.labels import are_shares
from editor.training.model_facts import ModelFacts
from editor.training.settings import TrainSettings, WantedOutput

_FEW = 20
"""Whole numbers of at most so many values are classes, and not amounts; as where a table is read without a model."""
_AXES_OF_ROWS = 2


def wanted_outputs(settings: TrainSettings, data: Prepared) -> tuple[WantedOutput, ...]:
    """What each target asks for; empty where one is no class and no row of values, such as a picture.

    Args:
        settings: With the task, if a person has chosen one.
        data: As read for a model, of whatever outputs.
    """
    said, found = settings.data_options.task, data.report.task
    wanted = []
    for at in range(len(data.train.targets)):
        # Classes that only validation has need an output too.
        parts = [part.targets[at] for part in (data.train, data.validation) if part]
        names = data.class_names if at == 0 else ()
        wanted.append(_wanted(parts, said, num_classes=len(names), is_regression=at == 0 and found == "regression"))
    return tuple(each for each in wanted if each) if all(wanted) else ()


def wanted_by_unfit_data(
    settings: TrainSettings,
    facts: ModelFacts,
    error: DataError,
    read: Callable[[TrainSettings, ModelFacts, int], Prepared],
) -> tuple[WantedOutput, ...]:
    """What data ask for of which the model as it is can make nothing, such as numbers where it tells classes apart."""
    if not isinstance(error, UnfitDataError):
        return ()
    without = replace(facts, output_shapes=(), output_names=(), activations=(), last_activation=None)
    try:
        return wanted_outputs(settings, read(settings, without, settings.data_options.split_seed))
    except DataError:
        return ()


def _wanted(parts: list[Array], said: Task, *, num_classes: int, is_regression: bool) -> WantedOutput | None:
    if any(part.ndim > _AXES_OF_ROWS for part in parts):
        return None
    if parts[0].ndim == _AXES_OF_ROWS and parts[0].shape[1] > 1:
        return _of_rows(parts[0], said)
    labels = np.concatenate([part.reshape(-1) for part in parts])
    values = np.unique(labels)
    are_amounts = not num_classes and not _are_classes(values, len(labels), is_regression=is_regression)
    if said == "regression" or (said == "auto" and are_amounts):
        return WantedOutput(task="regression", units=1)
    num_classes = max(num_classes or _num_classes(values), 2)
    if said == "binary" or (said == "auto" and num_classes == 2):
        return WantedOutput(task="binary", units=1)
    return WantedOutput(task="multi-label" if said == "multi-label" else "multi-class", units=num_classes)


def _of_rows(rows: Array, said: Task) -> WantedOutput:
    task = said
    if said in ("auto", "binary"):
        are_flags = bool(np.isin(rows, (0, 1)).all())
        task = "multi-class" if are_shares(rows) else "multi-label" if are_flags else "regression"
    return WantedOutput(task=task, units=rows.shape[1])


def _are_classes(values: Array, num_samples: int, *, is_regression: bool) -> bool:
    """Whether labels of these values tell classes apart, and are no amounts."""
    if values.dtype.kind in "US" or values.tolist() == [-1, 1]:
        return True
    if values[0] < 0 or values[-1] >= MOST_CLASSES or np.any(values != np.floor(values)):
        return False
    is_dense = 2 * len(values) > values[-1] and num_samples >= 2 * len(values)
    return len(values) <= _FEW or (is_dense and not is_regression)


def _num_classes(values: Array) -> int:
    """Those that follow one another from elsewhere than 0 are numbered anew when they are read for the new head."""
    is_text = values.dtype.kind in "US"
    are_numbered_anew = is_text or values[0] < 0 or (values[0] > 0 and values[-1] - values[0] == len(values) - 1)
    return len(values) if are_numbered_anew else int(values[-1]) + 1
