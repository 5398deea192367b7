"""Which epoch is best, and what follows when no better one comes: plain numbers, with Keras's decisions.

Keras's `EarlyStopping` and `ReduceLROnPlateau` begin anew with each `fit` (fact F26), so a run that is split into
phases would forget what it has seen. These are kept over a whole run.
"""

from __future__ import annotations

import math

import numpy as np

from editor.training.marks import BestEpoch
from editor.training.settings import EarlyStopping, ReduceOnPlateau
from editor.training.words import AUTOMATIC

_GROWING = ("accuracy", "auc")
"""What the names of metrics end in of which more is better; before it may stand `val_` and an output's name."""

PLATEAU_DELTA = 1e-4
"""Less than this is no improvement to `ReduceOnPlateau`; Keras's default."""


def resolve_monitor(wanted: str, *, has_validation: bool) -> str:
    """The name in the logs of the metric that tells the best epoch."""
    if wanted != AUTOMATIC:
        return wanted
    return "val_loss" if has_validation else "loss"


def is_more_better(metric: str) -> bool:
    """Whether a higher value of a metric is the better one."""
    return metric.endswith(_GROWING)


class BestSoFar:
    """The best epoch until now; a value that is no number is never the best."""

    def __init__(self, monitor: str) -> None:
        self.monitor = monitor
        self.best: BestEpoch | None = None

    def improves(self, epoch: int, value: float | None) -> bool:
        """Takes the value of an epoch in; whether it is the best so far."""
        if value is None or not math.isfinite(value):
            return False
        if self.best is not None and not _is_better(self.monitor, value, self.best.value, 0.0):
            return False
        self.best = BestEpoch(epoch, self.monitor, value)
        return True


class Patience:
    """Counts the epochs without an improvement of a metric, as Keras's callbacks do."""

    def __init__(self, monitor: str, patience: int, min_delta: float) -> None:
        self._monitor = monitor
        self._patience = patience
        self._min_delta = min_delta
        self._best: float | None = None
        self.num_waited = 0

    def is_exhausted(self, value: float) -> bool:
        """Takes the value of an epoch in; whether that many epochs were no improvement."""
        if self._best is None or _is_better(self._monitor, value, self._best, self._min_delta):
            self._best = value
            self.num_waited = 0
            return False
        self.num_waited += 1
        return self.num_waited >= self._patience


class EarlyStop:
    """Says when a run has not got better for long enough."""

    def __init__(self, settings: EarlyStopping, monitor: str) -> None:
        self.text = "1 epoch" if settings.patience == 1 else f"{settings.patience} epochs"
        self._patience = Patience(monitor, settings.patience, settings.min_delta)

    def is_due(self, epoch: int, value: float | None) -> bool:
        """Takes the value of an epoch in; whether the run is to end."""
        # Keras never ends in the first epoch, whatever the patience is.
        return value is not None and self._patience.is_exhausted(value) and epoch > 0


class Plateau:
    """Says when to lower the learning rate, and to what."""

    def __init__(self, settings: ReduceOnPlateau, monitor: str) -> None:
        self._settings = settings
        self._patience = Patience(monitor, settings.patience, PLATEAU_DELTA)

    def lowered(self, value: float | None, learning_rate: float) -> float | None:
        """Takes the value of an epoch in; the new learning rate, or None to leave it."""
        if value is None or not self._patience.is_exhausted(value):
            return None
        if learning_rate <= np.float32(self._settings.min_learning_rate):
            return None
        self._patience.num_waited = 0
        return max(learning_rate * self._settings.factor, self._settings.min_learning_rate)


def _is_better(monitor: str, value: float, than: float, min_delta: float) -> bool:
    if is_more_better(monitor):
        return value - min_delta > than
    return value + min_delta < than
