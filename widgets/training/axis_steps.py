"""Few and round ticks for each kind of axis: plain numbers, without Qt."""

from __future__ import annotations

import math

from widgets.training.time_left import clock_text

_FACTORS = (1.0, 2.0, 2.5, 5.0, 10.0)
_TOLERANCE = 1e-9
_SLACK = 0.05
"""By how much the room at the ends of an axis may exceed a round step."""
_TIME_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400)
"""Seconds between ticks that people count in; longer ones are whole days."""
_WITHIN_A_DECADE = (1.0, 2.0, 5.0)


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


def time_step(span: float, num_steps: int) -> float:
    """The same as `round_step` for an axis of seconds, in the steps of a clock."""
    rough = span / num_steps * (1 - _SLACK)
    if rough < _TIME_STEPS[0]:
        return round_step(span, num_steps)
    found = next((float(step) for step in _TIME_STEPS if step >= rough), None)
    return found or math.ceil(rough / _TIME_STEPS[-1]) * float(_TIME_STEPS[-1])


def time_text(seconds: float, step: float) -> str:
    """A tick of an axis of seconds: `0:30`, `1:05:00`, and `0.5 s` where the steps are under a second."""
    return clock_text(seconds) if step >= 1 else f"{tick_text(seconds, step)} s"


def log_tick_values(low: float, high: float, num_steps: int) -> list[float]:
    """Powers of ten, with 2 and 5 between them where there is room; few decades have the ticks of plain numbers.

    Args:
        low: Decimal logarithm of the lowest value on show.
        high: Decimal logarithm of the highest value on show, above `low`.
        num_steps: About the most ticks.

    Returns:
        Decimal logarithms.
    """
    span = high - low
    if span > num_steps:
        return tick_values(low, high, math.ceil(span / num_steps))
    powers = range(math.floor(low), math.ceil(high) + 1)
    for factors in (_WITHIN_A_DECADE, (1.0,)):
        found = [power + math.log10(factor) for power in powers for factor in factors]
        inside = [value for value in found if low - _TOLERANCE <= value <= high + _TOLERANCE]
        if 3 <= len(inside) <= num_steps + 2:
            return inside
    return inside if span >= 2 else _plain_ticks(low, high, num_steps)


def log_tick_text(logarithm: float) -> str:
    """The number that a tick of a logarithmic axis stands for."""
    value = 10.0**logarithm if -300 < logarithm < 300 else 0.0
    return f"{value:.3g}" if value < 0.0001 or value >= 100_000 else f"{float(f'{value:.3g}'):,}".removesuffix(".0")


def _plain_ticks(low: float, high: float, num_steps: int) -> list[float]:
    values = tick_values(10.0**low, 10.0**high, round_step(10.0**high - 10.0**low, num_steps))
    return [math.log10(value) for value in values if value > 0]
