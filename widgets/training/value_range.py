"""Ranges of the axes that hold what is on show, with a little room: plain numbers, without Qt."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from widgets.training.axis_steps import round_step, time_step
from widgets.training.plot_settings import XAxis
from widgets.training.point_buffer import Values

ROOM_AT_THE_END = 1.015
"""By how much the position axis exceeds the last epoch, so that a mark that stands there is whole."""

_FEW_EPOCHS = 20
"""Runs up to this length are shown whole from their start."""
_END_AT_ONE_ABOVE = 0.85
_START_AT_ZERO_BELOW = 0.6
"""An axis of positive values starts at 0 where the lowest value is under this share of the highest."""
_TOLERANCE = 1e-9
_LOG_ROOM = 0.04
_OUTER_SHARES = (5.0, 95.0)
"""Percentiles between which no value is an outlier."""
_FENCE = 1.5
"""How many of their distances a value may lie beyond those percentiles, as in Tukey's fences."""
_FEWEST_FOR_OUTLIERS = 8


def value_range(
    lines: Sequence[Values], *, is_log: bool = False, ignores_outliers: bool = False
) -> tuple[float, float]:
    """A range for the value axis that holds all lines; of no values, 0 to 1.

    Args:
        lines: Values, or their decimal logarithms; those that are not finite do not count.
        is_log: Whether they are logarithms.
        ignores_outliers: Whether values far from all the rest do not count either.
    """
    values = np.concatenate([np.empty(0), *lines])
    values = values[np.isfinite(values)]
    if ignores_outliers and len(values) >= _FEWEST_FOR_OUTLIERS:
        values = _without_outliers(values)
    if not len(values):
        return (-1.0, 0.0) if is_log else (0.0, 1.0)
    low, high = float(values.min()), float(values.max())
    return _log_range(low, high) if is_log else roomy_range(low, high)


def roomy_range(low: float, high: float) -> tuple[float, float]:
    """`low` and `high` with a little room, from 0 where that is near; never empty.

    A share that has come near to 1 has an axis that ends at 1.
    """
    if 0 <= low <= _START_AT_ZERO_BELOW * high:
        low = 0.0
    if _END_AT_ONE_ABOVE <= high <= 1:
        high = 1.0
    span = high - low
    if span <= _TOLERANCE * max(abs(low), abs(high)):
        span = 0.2 * abs(high) or 1.0
        return low - span / 2, high + span / 2
    return low - 0.03 * span, high + 0.03 * span


def shown_end(newest: float, planned: float, axis: XAxis, num_batches: int) -> float:
    """Where the position axis ends while nobody has zoomed.

    Of a long run it shows as many epochs as have come, rounded up, so that its beginning is no needle; of time it
    grows by whole ticks, so that it does not move at each batch.
    """
    if axis is XAxis.TIME:
        return _whole_ticks(max(newest, 1.0)) * ROOM_AT_THE_END
    shown = float(_FEW_EPOCHS * (num_batches if axis is XAxis.BATCHES else 1))
    while shown < newest:
        shown *= 2
    return max(1.0, min(planned, shown)) * ROOM_AT_THE_END


def _whole_ticks(seconds: float) -> float:
    step = time_step(seconds, 6) if seconds > 6 else round_step(seconds, 6)
    return math.ceil(seconds / step - _TOLERANCE) * step


def _log_range(low: float, high: float) -> tuple[float, float]:
    room = max(_LOG_ROOM * (high - low), 0.02)
    return low - room, high + room


def _without_outliers(values: Values) -> Values:
    low, high = np.percentile(values, _OUTER_SHARES)
    fence = _FENCE * (high - low)
    kept: Values = values[(values >= low - fence) & (values <= high + fence)]
    return kept
