"""Numbers in the order of their coming, in arrays that double when full; without Qt."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from widgets.training.plot_settings import XAxis

Values = npt.NDArray[np.float64]

_FIRST_CAPACITY = 256


class Columns:
    """Rows of numbers; appending is amortised constant time.

    What `column` gave stays as it was when more rows come.
    """

    def __init__(self, num_columns: int) -> None:
        self._values: Values = np.empty((num_columns, _FIRST_CAPACITY))
        self._num_rows = 0

    def __len__(self) -> int:
        return self._num_rows

    def append(self, *row: float) -> None:
        """Adds a row, a number for each column."""
        self._make_room(1)
        self._values[:, self._num_rows] = row
        self._num_rows += 1

    def extend(self, rows: Values) -> None:
        """Adds rows, shape `(num_columns, num_new)`."""
        num_new = rows.shape[1]
        self._make_room(num_new)
        self._values[:, self._num_rows : self._num_rows + num_new] = rows
        self._num_rows += num_new

    def column(self, index: int) -> Values:
        """A column, shape `(num_rows,)`, float64."""
        return self._values[index, : self._num_rows]

    def _make_room(self, num_new: int) -> None:
        needed = self._num_rows + num_new
        if needed > self._values.shape[1]:
            larger: Values = np.empty((len(self._values), max(needed, 2 * self._values.shape[1])))
            larger[:, : self._num_rows] = self._values[:, : self._num_rows]
            self._values = larger


class PointBuffer(Columns):
    """Values of one line; one that is not finite becomes NaN, which is drawn as a gap."""

    def __init__(self) -> None:
        super().__init__(1)

    def add(self, value: float) -> None:
        """Adds a value."""
        self.append(value if math.isfinite(value) else math.nan)

    @property
    def y(self) -> Values:
        """The values, shape `(num_values,)`, float64."""
        return self.column(0)

    @property
    def last(self) -> float:
        """The newest value; NaN where there is none."""
        return float(self._values[0, self._num_rows - 1]) if self._num_rows else math.nan


class Places(Columns):
    """Where the points of several lines stand: epochs, batches and seconds since the start of the run."""

    _ORDER = (XAxis.EPOCHS, XAxis.BATCHES, XAxis.TIME)

    def __init__(self) -> None:
        super().__init__(3)

    def add(self, epochs: float, batches: float, seconds: float) -> None:
        """Adds a place; seconds that fall are taken for those before."""
        self.append(epochs, batches, max(seconds, self.last(XAxis.TIME)))

    def along(self, axis: XAxis) -> Values:
        """Positions along an axis, shape `(num_places,)`, never falling."""
        return self.column(self._ORDER.index(axis))

    def last(self, axis: XAxis) -> float:
        """The newest position; 0 where there is none."""
        return float(self._values[self._ORDER.index(axis), self._num_rows - 1]) if self._num_rows else 0.0
