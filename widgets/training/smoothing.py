"""The exponential mean of a line, free of the bias of its start, as TensorBoard and W&B have it; without Qt."""

from __future__ import annotations

import numpy as np

from widgets.training.point_buffer import PointBuffer, Values

_NOTHING_LEFT = 1e-18


class Smoother:
    """Smooths values that come in pieces.

    The mean after `n` values is `(1 - s) * sum(s ** (n - i) * value_i) / (1 - s ** n)`; the divisor is the correction
    for the start of Adam (Kingma and Ba 2015, section 3). Values that are not finite stay gaps and are not remembered.

    Args:
        smoothing: Weight of the past, 0.0 (off) up to but not 1.0.
    """

    def __init__(self, smoothing: float) -> None:
        self._smoothing = smoothing
        self._sum = 0.0
        self._num_values = 0

    def extend(self, values: Values) -> Values:
        """The smoothed values of those that come next, shape `(num_values,)`."""
        is_finite = np.isfinite(values)
        smooth: Values = np.full(len(values), np.nan)
        smooth[is_finite] = self._smoothed(values[is_finite])
        return smooth

    def _smoothed(self, values: Values) -> Values:
        if not len(values) or self._smoothing == 0:
            return values
        sums = _decaying_sums((1.0 - self._smoothing) * values, self._smoothing, self._sum)
        counts = np.arange(self._num_values + 1, self._num_values + 1 + len(values), dtype=np.float64)
        self._sum = float(sums[-1])
        self._num_values += len(values)
        smooth: Values = sums / -np.expm1(counts * np.log(self._smoothing))
        return smooth


class SmoothLine:
    """A smoothed line that follows its source: only what is new is worked out, unless the smoothing changes."""

    def __init__(self, source: PointBuffer) -> None:
        self._source = source
        self._smoothing = 0.0
        self._start(0.0)

    def _start(self, smoothing: float) -> None:
        self._smoothing = smoothing
        self._smoother = Smoother(smoothing)
        self._values = PointBuffer()

    def values(self, smoothing: float) -> PointBuffer:
        """All values by now; with other smoothing, another buffer."""
        if smoothing != self._smoothing:
            self._start(smoothing)
        if smoothing == 0:
            return self._source
        if len(self._values) < len(self._source):
            new = self._source.y[len(self._values) :]
            self._values.extend(self._smoother.extend(new)[np.newaxis])
        return self._values


def _decaying_sums(values: Values, decay: float, before: float) -> Values:
    """`sum_i = decay * sum_(i - 1) + value_i`, by doubling (Hillis and Steele 1986), with the sum `before` them."""
    sums = values.copy()
    sums[0] += decay * before
    shift = 1
    while shift < len(sums) and decay > _NOTHING_LEFT:
        sums[shift:] += decay * sums[:-shift]
        shift, decay = 2 * shift, decay * decay
    return sums
