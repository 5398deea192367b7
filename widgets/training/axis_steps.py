"""Few and round ticks, and ranges that end on them: plain numbers, without Qt."""

from __future__ import annotations

import math

import numpy as np

from widgets.training.curves import MetricCurves, Values

_FACTORS = (1.0, 2.0, 2.5, 5.0, 10.0)
_TOLERANCE = 1e-9
_SLACK = 0.05
"""By how much the room at the ends of an axis may exceed a round step."""
_END_AT_ONE_ABOVE = 0.85
_START_AT_ZERO_BELOW = 0.6
"""An axis of positive values starts at 0 where the lowest value is under this share of the highest."""


def round_step(span: float, num_steps: int, *, is_whole: bool = False) -> float:
    """The smallest round number that covers `span` in about `num_steps` steps at most.

    Args:
        span: Length of the axis, above 0.
        num_steps: At least 1.
        is_whole: Whether steps below 1 are not wanted, and 2.5 neither.
    """
    rough = span / num_steps
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in _FACTORS if factor * power >= rough * (1 - _SLACK))
    return math.ceil(step) if is_whole else step


def tick_values(low: float, high: float, step: float) -> list[float]:
    """The multiples of `step` from `low` to `high`."""
    first, last = math.ceil(low / step - _TOLERANCE), math.floor(high / step + _TOLERANCE)
    return [number * step for number in range(first, last + 1)]


def tick_text(value: float, step: float) -> str:
    """A tick's number with as many decimals as the step needs; 0 is plain, very small and large ones are short."""
    if abs(value) < step * _TOLERANCE:
        return "0"
    if step < 0.0001 or abs(value) >= 100_000:
        return f"{value:.3g}"
    num_decimals = next(n for n in range(8) if math.isclose(round(step, n), step, rel_tol=1e-6))
    return f"{value:,.{num_decimals}f}"


def value_text(value: float) -> str:
    """A metric's value as it is read: three decimals, or three digits where those would say nothing."""
    if not math.isfinite(value):
        return "not a number"
    return f"{value:.3f}" if value == 0 or 0.001 <= abs(value) < 10_000 else f"{value:.3g}"


def value_range(curves: MetricCurves) -> tuple[float, float]:
    """A range for the value axis that holds the smoothed and the validation line.

    The raw line may leave it: a single wild batch must not flatten all the rest.
    """
    lows_highs = [_bounds(points.y) for points in (curves.smooth, curves.validation)]
    known = [bounds for bounds in lows_highs if bounds is not None]
    if not known:
        return 0.0, 1.0
    return roomy_range(min(low for low, _ in known), max(high for _, high in known))


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


def _bounds(values: Values) -> tuple[float, float] | None:
    finite = values[np.isfinite(values)]
    return (float(finite.min()), float(finite.max())) if finite.size else None
