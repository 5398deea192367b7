"""The best point of a run, with its value where that lies on no line. This module imports pyqtgraph."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtGui import QColor, QFont

from widgets.training.axis_steps import value_text
from widgets.training.free_spot import FreeSpots
from widgets.training.point_buffer import Values

_SIZE = 9
_ROOM = 7.0
"""Half the side of the square that the mark keeps free around it, in pixels."""


class BestMark:
    """A dot and a label; the label is gone where there is no free room near the dot."""

    def __init__(self, item: Any) -> None:
        self._view = item.getViewBox()
        self._dot = pg.ScatterPlotItem(size=_SIZE, pxMode=True)
        self._text = pg.TextItem(anchor=(0, 0))
        self._text.textItem.document().setDocumentMargin(1)
        self._before: tuple[float, float] | None = None
        for part, z_value in ((self._dot, 10), (self._text, 11)):
            part.setZValue(z_value)
            item.addItem(part, ignoreBounds=True)
        self.hide()

    def hide(self) -> None:
        """Shows nothing, as where there is no best point yet."""
        self._dot.setVisible(False)
        self._text.setVisible(False)

    def show(self, point: tuple[float, float], value: float, colour: QColor, obstacles: Obstacles) -> None:
        """Marks a point in the colour of its line; its second number is its place on the value axis."""
        if not np.isfinite(point[1]):
            self.hide()
            return
        self._dot.setData([point[0]], [point[1]], brush=pg.mkBrush(colour), pen=pg.mkPen(None))
        self._dot.setVisible(True)
        self._text.setText(f"best {value_text(value)}")
        at = obstacles.pixels(*point)
        obstacles.spots.add_point(*at, _ROOM)
        bounds = self._text.boundingRect()
        is_in_sight = 0 <= at[0] <= obstacles.width and 0 <= at[1] <= obstacles.height
        spot = obstacles.spots.nearest((bounds.width(), bounds.height()), at, self._before) if is_in_sight else None
        self._before = spot
        self._text.setVisible(spot is not None)
        if spot is not None:
            self._text.setPos(*obstacles.position(*spot))

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
    """What labels must not cover, in the pixels of a plot.

    Args:
        ranges: Positions from, to and values from, to that are on show.
        size: Width and height of the plot in pixels, above 0.
    """

    def __init__(self, ranges: tuple[tuple[float, float], tuple[float, float]], size: tuple[float, float]) -> None:
        (self._left, right), (bottom, self._top) = ranges
        self.width, self.height = size
        self._across, self._along = self.width / (right - self._left), self.height / (self._top - bottom)
        self.spots = FreeSpots(self.width, self.height)

    def add_line(self, x: Values, y: Values) -> None:
        """Adds a line."""
        with np.errstate(over="ignore", invalid="ignore"):
            self.spots.add_line((x - self._left) * self._across, (self._top - y) * self._along)

    def add_mark(self, x: float) -> None:
        """Adds a vertical line."""
        self.spots.add_column((x - self._left) * self._across)

    def pixels(self, x: float, y: float) -> tuple[float, float]:
        """Where a point of the axes is in pixels."""
        return (x - self._left) * self._across, (self._top - y) * self._along

    def position(self, across: float, along: float) -> tuple[float, float]:
        """Where pixels are on the axes."""
        return self._left + across / self._across, self._top - along / self._along
