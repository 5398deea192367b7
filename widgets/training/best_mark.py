"""The best point of a run, with its value where that lies on no line. This module imports pyqtgraph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtGui import QColor, QFont

from widgets.training.axis_steps import value_text
from widgets.training.free_spot import FreeSpots
from widgets.training.point_buffer import Values

Points = tuple[Values, Values]
Box = tuple[float, float, float, float]
"""Left, right, bottom and top on the axes."""

_SIZE = 9
_ROOM = 7.0
"""Half the side of the square that the mark keeps free around it, in pixels."""


class BestMark:
    """A dot and a label; the label is gone where there is no free room near the dot."""

    def __init__(self, item: Any) -> None:
        self._view = item.getViewBox()
        # Without the cache of pixels it is a shape in a picture of vectors too.
        self._dot = pg.ScatterPlotItem(size=_SIZE, pxMode=True, useCache=False)
        self._text = pg.TextItem(anchor=(0, 0))
        self._text.textItem.document().setDocumentMargin(1)
        self._before: tuple[float, float] | None = None
        self._shown: object = None
        self._box: Box | None = None
        for part, z_value in ((self._dot, 10), (self._text, 11)):
            part.setZValue(z_value)
            item.addItem(part, ignoreBounds=True)
        self.hide()

    def hide(self) -> None:
        """Shows nothing, as where there is no best point yet."""
        self._shown = None
        self._dot.setVisible(False)
        self._text.setVisible(False)

    def show(self, point: tuple[float, float], value: float, colour: QColor, obstacles: Obstacles) -> None:
        """Marks a point in the colour of its line; its second number is its place on the value axis."""
        if not np.isfinite(point[1]):
            self.hide()
            return
        wanted = point, value, colour.name(), obstacles.key
        if wanted != self._shown:
            self._dot.setData([point[0]], [point[1]], brush=pg.mkBrush(colour), pen=pg.mkPen(None))
            self._dot.setVisible(True)
            self._text.setText(f"best {value_text(value)}")
        elif self._box is not None and not obstacles.may_hit(self._box):
            return
        self._shown = wanted
        self._place_label(point, obstacles)

    def _place_label(self, point: tuple[float, float], obstacles: Obstacles) -> None:
        at = obstacles.pixels(*point)
        spots = obstacles.spots()
        spots.add_point(*at, _ROOM)
        size = self._text.boundingRect().width(), self._text.boundingRect().height()
        is_in_sight = 0 <= at[0] <= obstacles.size[0] and 0 <= at[1] <= obstacles.size[1]
        spot = self._before = spots.nearest(size, at, self._before) if is_in_sight else None
        self._text.setVisible(spot is not None)
        self._box = None
        if spot is not None:
            left, top = obstacles.position(*spot)
            right, bottom = obstacles.position(spot[0] + size[0], spot[1] + size[1])
            self._text.setPos(left, top)
            self._box = left, right, bottom, top

    def text(self) -> str:
        """What the label says; empty where there is none."""
        return str(self._text.toPlainText()) if self._text.isVisible() else ""

    def place(self) -> tuple[float, float] | None:
        """Where the dot stands; None where there is none."""
        return (self._dot.data["x"][0], self._dot.data["y"][0]) if self._dot.isVisible() else None

    def label_box(self) -> Any:
        """The room of the label on the scene, a `QRectF`."""
        return self._text.sceneBoundingRect()

    def paint(self, text: QColor, font: QFont) -> None:
        """Takes the label's colour and face."""
        self._text.setColor(text)
        self._text.setFont(font)


class Obstacles:
    """What labels must not cover.

    Args:
        ranges: Positions from, to and values from, to that are on show.
        size: Width and height of the plot in pixels, above 0.
        lines: All lines, as they are drawn.
        marks: Positions of vertical lines.
        levels: Values of the lines of the grid.
    """

    def __init__(
        self,
        ranges: tuple[tuple[float, float], tuple[float, float]],
        size: tuple[float, float],
        *,
        lines: Sequence[Points],
        marks: Sequence[float],
        levels: Sequence[float],
    ) -> None:
        (self._left, right), (bottom, self._top) = ranges
        self.size = size
        self._across, self._along = size[0] / (right - self._left), size[1] / (self._top - bottom)
        self._lines, self._marks, self._levels = lines, marks, levels

    @property
    def key(self) -> object:
        """Differs where all is to be placed anew; lines that grow are asked for with `may_hit`."""
        return self._left, self._top, self._across, self._along, tuple(self._marks), len(self._lines)

    def may_hit(self, box: Box) -> bool:
        """Whether a line may have come into a box; quick, and never False where one has."""
        left, right, bottom, top = box
        for x, y in self._lines:
            first, last = np.searchsorted(x, (left, right))
            inside = y[max(0, first - 1) : last + 1]
            if len(inside) and np.fmin.reduce(inside) <= top and np.fmax.reduce(inside) >= bottom:
                return True
        return False

    def spots(self) -> FreeSpots:
        """The room that is free of all lines."""
        spots = FreeSpots(*self.size)
        with np.errstate(over="ignore", invalid="ignore"):
            for x, y in self._lines:
                spots.add_line((x - self._left) * self._across, (self._top - y) * self._along)
        for mark in self._marks:
            spots.add_column((mark - self._left) * self._across)
        for level in self._levels:
            spots.add_row((self._top - level) * self._along)
        return spots

    def pixels(self, x: float, y: float) -> tuple[float, float]:
        """Where a point of the axes is in pixels."""
        return (x - self._left) * self._across, (self._top - y) * self._along

    def position(self, across: float, along: float) -> tuple[float, float]:
        """Where pixels are on the axes."""
        return self._left + across / self._across, self._top - along / self._along
