"""How the curves are shown, as a person chose it: plain data that is remembered."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec

MOST_SMOOTHING = 0.999


class XAxis(StrEnum):
    """What the curves are drawn over."""

    EPOCHS = "epochs"
    BATCHES = "batches"
    TIME = "time"


class Resolution(StrEnum):
    """What one point of a training line stands for."""

    BATCH = "batch"
    EPOCH = "epoch"


class PlotSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How the curves are shown.

    Attributes:
        x_axis: What they are drawn over.
        resolution: What one point of a training line stands for.
        smoothing: Weight of the past in the smoothed line, 0.0 (off) to 0.999; 0.6 is TensorBoard's default.
        is_log: Whether the value axis is logarithmic.
        ignores_outliers: Whether the value axis leaves out what lies far from all the rest.
        hidden_metrics: Keras's names of metrics without a plot.
        has_white_ground: Whether exported pictures have the light colours in any case.
    """

    x_axis: XAxis = XAxis.EPOCHS
    resolution: Resolution = Resolution.BATCH
    smoothing: Annotated[float, msgspec.Meta(ge=0.0, le=MOST_SMOOTHING)] = 0.6
    is_log: bool = False
    ignores_outliers: bool = False
    hidden_metrics: tuple[str, ...] = ()
    has_white_ground: bool = False

    def shows(self, metric: str) -> bool:
        """Whether a metric has a plot."""
        return metric not in self.hidden_metrics

    def with_metric(self, metric: str, *, is_shown: bool) -> PlotSettings:
        """The same with a metric shown or hidden."""
        others = tuple(name for name in self.hidden_metrics if name != metric)
        return msgspec.structs.replace(self, hidden_metrics=others if is_shown else (*others, metric))
