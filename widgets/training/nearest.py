"""Which point of a metric's lines is under the pointer: plain numbers, without Qt."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from widgets.training.axis_steps import value_text
from widgets.training.curves import MetricCurves, PointBuffer

REACH_PIXELS = 40.0
"""How far from the pointer a point is still taken for the one that is meant."""

_NUM_NEIGHBOURS = 64


@dataclass(frozen=True, slots=True)
class NearestPoint:
    """A point of a line: `x` in epochs, `y` a value of the metric."""

    x: float
    y: float
    is_validation: bool

    @property
    def text(self) -> str:
        """The read-out: `epoch 3.42 · train 0.131`."""
        kind = "validation" if self.is_validation else "train"
        return f"epoch {self.x:.2f}".removesuffix(".00") + f" · {kind} {value_text(self.y)}"


def nearest_point(
    curves: MetricCurves, x: float, y: float, *, units_per_pixel: tuple[float, float]
) -> NearestPoint | None:
    """The point of the smoothed or the validation line that is nearest on the screen; None if all are too far.

    Args:
        curves: The lines.
        x: Epochs under the pointer.
        y: Value under the pointer.
        units_per_pixel: Epochs and values that one pixel stands for, each above 0.
    """
    found: list[tuple[float, NearestPoint]] = []
    for points, is_validation in ((curves.smooth, False), (curves.validation, True)):
        near = _nearest_index(points, x, y, units_per_pixel)
        if near is not None:
            distance, index = near
            found.append((distance, NearestPoint(float(points.x[index]), float(points.y[index]), is_validation)))
    distance, point = min(found, key=lambda entry: entry[0], default=(math.inf, None))
    return point if distance <= REACH_PIXELS else None


def _nearest_index(
    points: PointBuffer, x: float, y: float, units_per_pixel: tuple[float, float]
) -> tuple[float, int] | None:
    """Distance in pixels and index, looked for among the neighbours in `x`: the points are in that order."""
    middle = int(np.searchsorted(points.x, x))
    start = max(0, middle - _NUM_NEIGHBOURS)
    across = (points.x[start : middle + _NUM_NEIGHBOURS] - x) / units_per_pixel[0]
    along = (points.y[start : middle + _NUM_NEIGHBOURS] - y) / units_per_pixel[1]
    distances = np.where(np.isfinite(along), np.hypot(across, along), np.inf)
    if not distances.size or not np.isfinite(distances).any():
        return None
    best = int(distances.argmin())
    return float(distances[best]), start + best
