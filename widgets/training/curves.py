"""The points of a run's curves: plain data in growing buffers, without Qt."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from editor.processes.run_messages import BatchEnded, EpochEnded, RunMarked, RunStarted
from widgets.training.peaks import Peaks
from widgets.training.plot_settings import PlotSettings, Resolution, XAxis
from widgets.training.point_buffer import Places, PointBuffer, Values
from widgets.training.run_marks import RunMark
from widgets.training.smoothing import SmoothLine
from widgets.training.wording import is_less_better

_NO_MEANS = frozenset({"auc"})
"""Metrics whose running value is no mean of the batches."""


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


class Line:
    """Values at places, raw and smoothed, of which as many points are given as can be told apart."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self.raw = PointBuffer()
        self._smooth = SmoothLine(self.raw)
        self._peaks: dict[bool, tuple[PointBuffer, Peaks]] = {}

    def __len__(self) -> int:
        return len(self.raw)

    def smooth(self, smoothing: float) -> Values:
        """The smoothed values, shape `(num_values,)`."""
        return self._smooth.values(smoothing).y

    def sampled(
        self, axis: XAxis, shown: tuple[float, float], num_pixels: int, *, smoothing: float = 0.0
    ) -> tuple[Values, Values]:
        """The points between two positions and the neighbours of those; of many only the peaks."""
        values = self._smooth.values(smoothing) if smoothing else self.raw
        x = self.places.along(axis)[: len(values)]
        first = max(0, int(np.searchsorted(x, shown[0])) - 1)
        last = min(len(x), int(np.searchsorted(x, shown[1], side="right")) + 1)
        return self._peaks_of(values, is_smooth=bool(smoothing)).sampled(x, first, max(first, last), num_pixels)

    def nearest(self, axis: XAxis, x: float) -> int | None:
        """Index of the value whose place is nearest to a position; None where there are no values."""
        places = self.places.along(axis)[: len(self.raw)]
        if not len(places):
            return None
        after = min(len(places) - 1, int(np.searchsorted(places, x)))
        before = max(0, after - 1)
        return before if x - places[before] < places[after] - x else after

    def _peaks_of(self, values: PointBuffer, *, is_smooth: bool) -> Peaks:
        """With other smoothing the values are in another buffer, and have other peaks."""
        known = self._peaks.get(is_smooth)
        if known is None or known[0] is not values:
            known = self._peaks[is_smooth] = (values, Peaks(values))
        return known[1]


@dataclass(frozen=True, slots=True)
class BestPoint:
    """The best value of a run's epochs; `index` is that of the epoch's place."""

    index: int
    value: float


class MetricCurves:
    """The lines of one metric.

    Attributes:
        name: Keras's name, without `val_`.
        batches: The mean of the batches since the last event; for what is no mean (AUC) Keras's running value.
        epochs: Keras's value of each epoch.
        validation: The validation value of each epoch.
        best: The best epoch, by the validation if there is one; the first of equals.
        train_value: The newest running mean as it came; None before the first.
    """

    def __init__(self, name: str, batches: Places, epochs: Places, *, has_validation: bool) -> None:
        self.name = name
        self.batches = Line(batches)
        self.epochs = Line(epochs)
        self.validation = Line(epochs)
        self.best: BestPoint | None = None
        self.train_value: float | None = None
        self._has_validation = has_validation
        self._recent = RecentMean()

    @property
    def validation_value(self) -> float | None:
        """The newest validation value, NaN if it was not finite; None before the first."""
        return self.validation.raw.last if len(self.validation) else None

    def training(self, resolution: Resolution) -> Line:
        """The training line of batches or of epochs."""
        return self.batches if resolution is Resolution.BATCH else self.epochs

    def add_batch(self, epoch: int, num_batches: int, mean: float | None) -> None:
        """Adds what the first `num_batches` of an epoch have come to; None, which is a gap, where it is not known."""
        if mean is None or not math.isfinite(mean):
            self.batches.raw.add(math.nan)
        else:
            self.batches.raw.add(mean if self.name in _NO_MEANS else self._recent.add(epoch, num_batches, mean))
        self.train_value = self.train_value if mean is None else mean

    def add_epoch(self, value: float | None, validation: float | None) -> None:
        """Adds the values of an epoch; None, which is a gap, where one is not known."""
        self.train_value = self.train_value if value is None else value
        self.epochs.raw.add(math.nan if value is None else value)
        if self._has_validation:
            self.validation.raw.add(math.nan if validation is None else validation)
        judged = validation if self._has_validation else value
        if judged is not None and self._is_best(judged):
            self.best = BestPoint(len(self.epochs) - 1, judged)

    def _is_best(self, value: float) -> bool:
        if not math.isfinite(value) or self.best is None:
            return math.isfinite(value)
        return value < self.best.value if is_less_better(self.name) else value > self.best.value


class RunCurves:
    """All curves of one run; events of other runs and unknown metrics are passed over.

    Attributes:
        batches: Places of the points of batches.
        epochs: Places of the ends of epochs.
        marks: What happened, in the order of its coming.
        version: Grows with every event, so that a painter knows whether there is anything new.
    """

    def __init__(self, started: RunStarted) -> None:
        self.run_id = started.run_id
        self.num_epochs = started.num_epochs
        self.num_batches = max(1, started.num_batches)
        self.has_validation = started.has_validation
        self.batches, self.epochs = Places(), Places()
        self.marks: list[RunMark] = []
        self.version = 0
        self._metrics = {
            name: MetricCurves(name, self.batches, self.epochs, has_validation=started.has_validation)
            for name in started.metric_names
        }

    def __iter__(self) -> Iterator[MetricCurves]:
        return iter(self._metrics.values())

    def __contains__(self, metric: str) -> bool:
        return metric in self._metrics

    def __getitem__(self, metric: str) -> MetricCurves:
        return self._metrics[metric]

    def add_batch(self, event: BatchEnded) -> None:
        """Adds the running means after a batch, at the share of the epoch that is done."""
        if event.run_id == self.run_id:
            self._add_batch(event.epoch, event.batch + 1, event.seconds, event.metrics)
            self.version += 1

    def add_epoch(self, event: EpochEnded) -> None:
        """Adds the values of an epoch, at its end; the line of the batches thereby reaches it too."""
        if event.run_id != self.run_id:
            return
        end = float(event.epoch + 1)
        if end > self.batches.last(XAxis.EPOCHS):
            self._add_batch(event.epoch, self.num_batches, event.seconds, event.metrics)
        if end > self.epochs.last(XAxis.EPOCHS):
            self.epochs.add(end, end * self.num_batches, event.seconds)
            for metric, curves in self._metrics.items():
                curves.add_epoch(event.metrics.get(metric), event.metrics.get(f"val_{metric}"))
        self.version += 1

    def add_mark(self, event: RunMarked) -> None:
        """Adds what happened."""
        if event.run_id == self.run_id:
            self.marks.append(RunMark.of(event, self.num_batches))
            self.version += 1

    def end(self, axis: XAxis) -> float:
        """The newest position along an axis."""
        return max(self.batches.last(axis), self.epochs.last(axis))

    def planned_end(self, settings: PlotSettings) -> float:
        """Where the last epoch will end; of time, what has passed by now."""
        match settings.x_axis:
            case XAxis.EPOCHS:
                return float(self.num_epochs)
            case XAxis.BATCHES:
                return float(self.num_epochs * self.num_batches)
            case XAxis.TIME:
                return self.end(XAxis.TIME)

    def _add_batch(self, epoch: int, num_done: int, seconds: float, metrics: dict[str, float]) -> None:
        share = num_done / max(self.num_batches, num_done)
        if epoch + share <= self.batches.last(XAxis.EPOCHS):
            return
        self.batches.add(epoch + share, float(epoch * self.num_batches + num_done), seconds)
        for metric, curves in self._metrics.items():
            curves.add_batch(epoch, num_done, metrics.get(metric))
