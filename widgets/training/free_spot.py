"""Where in a plot a label can stand without lying on a line: plain numbers, without Qt."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from widgets.training.point_buffer import Values

Squares = npt.NDArray[np.bool_]

CELL = 4
"""Side of the squares that are free or not, in pixels."""
REACH = 90.0
"""How far from its point a label may stand, in pixels, to be seen as its own."""

_FAR = 1e6
_STAY = 14.0
"""How much nearer another spot must be for a label to move there."""


class FreeSpots:
    """A plot in small squares, of which some are taken; positions in pixels from its upper left corner."""

    def __init__(self, width: float, height: float) -> None:
        self._taken = np.zeros((max(1, int(height // CELL)), max(1, int(width // CELL))), dtype=np.bool_)
        self._crossed = np.zeros_like(self._taken)

    def add_line(self, x: Values, y: Values) -> None:
        """Takes what a line passes; gaps count as passed."""
        is_known = np.isfinite(x) & np.isfinite(y)
        x, y = x[is_known], np.clip(y[is_known], -_FAR, _FAR)
        if not len(x):
            return
        num_rows, num_columns = self._taken.shape
        at_edges = np.interp(np.arange(num_columns + 1) * CELL, x, y, left=np.nan, right=np.nan)
        tops, bottoms = np.fmin(at_edges[:-1], at_edges[1:]), np.fmax(at_edges[:-1], at_edges[1:])
        columns = np.floor(np.clip(x, -_FAR, _FAR) / CELL).astype(np.intp)
        is_inside = (columns >= 0) & (columns < num_columns)
        np.fmin.at(tops, columns[is_inside], y[is_inside])
        np.fmax.at(bottoms, columns[is_inside], y[is_inside])
        self._take(np.flatnonzero(np.isfinite(tops)), tops, bottoms, num_rows)

    def add_column(self, x: float) -> None:
        """Takes what a thin vertical line passes; a label crosses it only where there is no other room."""
        column = int(x // CELL)
        if 0 <= column < self._crossed.shape[1]:
            self._crossed[:, column] = True

    def add_row(self, y: float) -> None:
        """The same for a thin horizontal line."""
        row = int(y // CELL)
        if 0 <= row < self._crossed.shape[0]:
            self._crossed[row, :] = True

    def add_point(self, x: float, y: float, radius: float) -> None:
        """Takes what a mark covers."""
        rows, columns = (
            slice(max(0, int((at - radius) // CELL)), max(0, int((at + radius) // CELL) + 1)) for at in (y, x)
        )
        self._taken[rows, columns] = True

    def nearest(
        self, size: tuple[float, float], point: tuple[float, float], before: tuple[float, float] | None = None
    ) -> tuple[float, float] | None:
        """The upper left corner of the free room nearest to a point; None where there is none near it.

        Args:
            size: Width and height of the label.
            point: What it belongs to.
            before: Where it stood; it stays while that is free and not much farther than the nearest.
        """
        distances = self._distances(self._taken | self._crossed, size, point)
        if not np.isfinite(distances).any():
            distances = self._distances(self._taken, size, point)
        if not np.isfinite(distances).any():
            return None
        row, column = divmod(int(distances.argmin()), distances.shape[1])
        if before is not None:
            old_row, old_column = int(before[1] // CELL), int(before[0] // CELL)
            is_there = 0 <= old_row < distances.shape[0] and 0 <= old_column < distances.shape[1]
            if is_there and distances[old_row, old_column] <= distances[row, column] + _STAY:
                row, column = old_row, old_column
        return column * float(CELL), row * float(CELL)

    @staticmethod
    def _distances(taken: Squares, size: tuple[float, float], point: tuple[float, float]) -> Values:
        """From the point to a label at each square; infinite where that would lie on something or too far."""
        columns, rows = (int(np.ceil(extent / CELL)) + 1 for extent in size)
        sums = np.zeros((taken.shape[0] + 1, taken.shape[1] + 1), dtype=np.intp)
        sums[1:, 1:] = taken.cumsum(axis=0).cumsum(axis=1)
        inside = sums[rows:, columns:] - sums[:-rows, columns:] - sums[rows:, :-columns] + sums[:-rows, :-columns]
        across, along = (
            np.maximum(0.0, np.maximum(np.arange(num) * CELL - at, at - np.arange(num) * CELL - extent))
            for num, at, extent in zip(inside.shape[::-1], point, size, strict=True)
        )
        distances: Values = np.hypot(across[np.newaxis, :], along[:, np.newaxis])
        distances[(inside > 0) | (distances > REACH)] = np.inf
        return distances

    def _take(self, columns: npt.NDArray[np.intp], tops: Values, bottoms: Values, num_rows: int) -> None:
        first = np.clip(np.floor(tops[columns] / CELL), 0, num_rows).astype(np.intp)
        last = np.clip(np.floor(bottoms[columns] / CELL) + 1, 0, num_rows).astype(np.intp)
        edges = np.zeros((num_rows + 1, self._taken.shape[1]), dtype=np.intp)
        edges[first, columns] += 1
        edges[last, columns] -= 1
        self._taken |= edges.cumsum(axis=0)[:-1] > 0
