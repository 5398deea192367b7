"""The points of a run's curves: plain data in growing buffers, without Qt."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from editor.processes.run_messages import BatchEnded, EpochEnded, RunStarted
from widgets.training.wording import is_less_better

Values = npt.NDArray[np.float64]

SMOOTHING = 0.6
"""Weight of the past in the smoothed line, 0.0 (off) up to but not 1.0; TensorBoard's default."""

_FIRST_CAPACITY = 256


_NO_MEANS = frozenset({"auc"})
"""Metrics whose running value is no mean of the batches."""


class PointBuffer:
    """Points in the order of their coming, in arrays that double when full.

    Appending is amortised constant time. What `x` and `y` gave stays as it was when more points come.
    """

    def __init__(self) -> None:
        self._points: Values = np.empty((2, _FIRST_CAPACITY))
        self._num_points = 0

    def __len__(self) -> int:
        return self._num_points

    def append(self, x: float, y: float) -> None:
        """Adds a point; a `y` that is not finite becomes NaN, which is drawn as a gap."""
        if self._num_points == self._points.shape[1]:
            larger: Values = np.empty((2, 2 * self._num_points))
            larger[:, : self._num_points] = self._points
            self._points = larger
        self._points[:, self._num_points] = x, y if math.isfinite(y) else math.nan
        self._num_points += 1

    @property
    def x(self) -> Values:
        """Positions in epochs, shape `(num_points,)`, float64, never falling."""
        return self._points[0, : self._num_points]

    @property
    def y(self) -> Values:
        """Values, shape `(num_points,)`, float64, NaN where a value was not finite."""
        return self._points[1, : self._num_points]

    @property
    def last_x(self) -> float:
        """Position of the newest point; minus infinity where there is none."""
        return float(self._points[0, self._num_points - 1]) if self._num_points else -math.inf

    @property
    def last_y(self) -> float:
        """The newest value; NaN where there is none."""
        return float(self._points[1, self._num_points - 1]) if self._num_points else math.nan


class Smoother:
    """Exponential moving average that starts at its first value instead of at zero.

    The correction for the start is that of Adam (Kingma and Ba 2015, section 3). Values that are not finite leave a
    gap and are not remembered.
    """

    def __init__(self, smoothing: float = SMOOTHING) -> None:
        self._smoothing = smoothing
        self._average = 0.0
        self._weight = 0.0

    def add(self, value: float) -> float:
        """The smoothed value after `value`."""
        if not math.isfinite(value):
            return math.nan
        fresh = 1.0 - self._smoothing
        self._average = self._smoothing * self._average + fresh * value
        self._weight = self._smoothing * self._weight + fresh
        return self._average / self._weight


class RecentMean:
    """The mean over the batches since the last event, out of Keras's mean over the epoch so far.

    The mean of an epoch starts anew at each epoch; a line of it has a step there that the training does not have.
    """

    def __init__(self) -> None:
        self._epoch = -1
        self._num_batches = 0
        self._mean = 0.0

    def add(self, epoch: int, num_batches: int, mean: float) -> float:
        """The mean of the batches after the last call, given the mean of the first `num_batches` of the epoch."""
        if epoch != self._epoch:
            self._epoch, self._num_batches, self._mean = epoch, 0, 0.0
        num_new = num_batches - self._num_batches
        value = (mean * num_batches - self._mean * self._num_batches) / num_new if num_new > 0 else mean
        self._num_batches, self._mean = num_batches, mean
        return value


@dataclass(frozen=True, slots=True)
class BestPoint:
    """The best validation value of a run; `x` in epochs."""

    x: float
    y: float


@dataclass(eq=False)
class MetricCurves:
    """The lines of one metric.

    Attributes:
        name: Keras's name, without `val_`.
        raw: The mean of the batches since the last event; for what is no mean (AUC) Keras's running value.
        smooth: The same, smoothed.
        validation: One value for each epoch.
        best: The best validation value; the first one of equals.
        train_value: The newest running mean as it came; None before the first.
    """

    name: str
    raw: PointBuffer = field(default_factory=PointBuffer)
    smooth: PointBuffer = field(default_factory=PointBuffer)
    validation: PointBuffer = field(default_factory=PointBuffer)
    best: BestPoint | None = None
    train_value: float | None = None
    _smoother: Smoother = field(default_factory=Smoother)
    _recent: RecentMean = field(default_factory=RecentMean)

    @property
    def validation_value(self) -> float | None:
        """The newest validation value, NaN if it was not finite; None before the first."""
        return self.validation.last_y if len(self.validation) else None

    def add_batch(self, epoch: int, num_batches: int, x: float, mean: float) -> None:
        """Adds what the first `num_batches` of an epoch have come to."""
        self.add_training(x, mean if self.name in _NO_MEANS else self._recent.add(epoch, num_batches, mean))
        self.train_value = mean

    def add_training(self, x: float, value: float) -> None:
        """Adds a value; one at or before the newest position only renews the number."""
        self.train_value = value
        if x > self.raw.last_x:
            self.raw.append(x, value)
            self.smooth.append(x, self._smoother.add(value))

    def add_validation(self, x: float, value: float) -> None:
        """Adds the value of an epoch's end."""
        if x <= self.validation.last_x:
            return
        self.validation.append(x, value)
        if math.isfinite(value) and (self.best is None or self._is_better(value, self.best.y)):
            self.best = BestPoint(x, value)

    def _is_better(self, value: float, than: float) -> bool:
        return value < than if is_less_better(self.name) else value > than


class RunCurves:
    """All curves of one run; events of other runs and unknown metrics are passed over.

    Attributes:
        version: Grows with every event, so that a painter knows whether there is anything new.
    """

    def __init__(self, started: RunStarted) -> None:
        self.run_id = started.run_id
        self.num_epochs = started.num_epochs
        self.num_batches = started.num_batches
        self.has_validation = started.has_validation
        self.version = 0
        self._metrics = {name: MetricCurves(name) for name in started.metric_names}

    def __iter__(self) -> Iterator[MetricCurves]:
        return iter(self._metrics.values())

    def __getitem__(self, metric: str) -> MetricCurves:
        return self._metrics[metric]

    def add_batch(self, event: BatchEnded) -> None:
        """Adds the running means after a batch, at the share of the epoch that is done."""
        if event.run_id != self.run_id:
            return
        x = event.epoch + (event.batch + 1) / max(self.num_batches, event.batch + 1)
        for metric, curves in self._metrics.items():
            if metric in event.metrics:
                curves.add_batch(event.epoch, event.batch + 1, x, event.metrics[metric])
        self.version += 1

    def add_epoch(self, event: EpochEnded) -> None:
        """Adds the values of an epoch, at its end; the training line thereby reaches it too."""
        if event.run_id != self.run_id:
            return
        x = float(event.epoch + 1)
        for metric, curves in self._metrics.items():
            if metric in event.metrics:
                curves.add_training(x, event.metrics[metric])
            if f"val_{metric}" in event.metrics:
                curves.add_validation(x, event.metrics[f"val_{metric}"])
        self.version += 1
