"""Few points that look like very many: the lowest and the highest value of each stretch; without Qt."""

from __future__ import annotations

import numpy as np

from widgets.training.point_buffer import Columns, PointBuffer, Values

_FACTOR = 8
"""A stretch of one level covers that many of the level below."""
_FEW = 4
"""Up to that many points for each pixel are drawn as they are."""


class Peaks:
    """Lowest and highest values of stretches of 8, 64, 512, … values, kept up to date at the cost of what is new."""

    def __init__(self, values: PointBuffer) -> None:
        self._values = values
        self._levels: list[Columns] = []

    def sampled(self, x: Values, first: int, last: int, num_pixels: int) -> tuple[Values, Values]:
        """The points from `first` up to but without `last`, or their peaks where that are too many.

        The stretches begin at fixed points, so that the picture stands still when more come.

        Args:
            x: Positions, one for each value.
            first: Index of the first point.
            last: Index after the last point.
            num_pixels: The room for them, above 0.
        """
        y = self._values.y
        if last - first <= _FEW * num_pixels:
            return x[first:last], y[first:last]
        size = 2 ** max(1, int(np.ceil(np.log2((last - first) / num_pixels))))
        first, end = first // size * size, last // size * size
        lows, highs = self._bounds(first, end, size)
        middles = x[first + size // 2 : end : size]
        peaks = np.column_stack([lows, highs]).ravel()
        return np.append(np.repeat(middles, 2), x[end:last]), np.append(peaks, y[end:last])

    def _bounds(self, first: int, end: int, size: int) -> tuple[Values, Values]:
        """Lowest and highest values of the stretches of `size` between two multiples of it."""
        level = 0
        while _FACTOR ** (level + 1) <= size:
            level += 1
        if level == 0:
            part = self._values.y[first:end]
            return _lows(part, size), _highs(part, size)
        self._fill(level)
        step = int(_FACTOR**level)
        low, high = (self._levels[level - 1].column(column)[first // step : end // step] for column in (0, 1))
        return _lows(low, size // step), _highs(high, size // step)

    def _fill(self, level: int) -> None:
        """Brings the levels up to one to the newest values."""
        low = high = self._values.y
        for index in range(level):
            if index == len(self._levels):
                self._levels.append(Columns(2))
            known = self._levels[index]
            done, whole = len(known) * _FACTOR, len(low) // _FACTOR * _FACTOR
            if whole > done:
                known.extend(np.stack([_lows(low[done:whole], _FACTOR), _highs(high[done:whole], _FACTOR)]))
            low, high = known.column(0), known.column(1)


def _lows(values: Values, size: int) -> Values:
    lows: Values = np.fmin.reduce(values.reshape(-1, size), axis=1)
    return lows


def _highs(values: Values, size: int) -> Values:
    highs: Values = np.fmax.reduce(values.reshape(-1, size), axis=1)
    return highs
