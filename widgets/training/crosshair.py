"""A vertical line with the values of all lines beside it. This module imports pyqtgraph."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QRectF
from PySide6.QtGui import QFont

from widgets.theme import Theme

_GAP = 8.0


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the read-out.

    Attributes:
        text: What it says.
        colour: Of the line that it is about, `#rrggbb`; empty where it is about none.
        point: Where the line is drawn; None for no dot.
        is_dashed: Whether that line is dashed.
    """

    text: str
    colour: str = ""
    point: tuple[float, float] | None = None
    is_dashed: bool = False


class Crosshair:
    """The line, a dot on each curve, and a box of values at the side where there is room."""

    def __init__(self, item: Any) -> None:
        self._view = item.getViewBox()
        self._line = pg.InfiniteLine(angle=90, movable=False)
        self._dots = pg.ScatterPlotItem(size=8, pxMode=True)
        self._text = pg.TextItem()
        self._rows: tuple[Row, ...] = ()
        self._x = 0.0
        self._ground = "#ffffff"
        for part, z_value in ((self._line, -50), (self._dots, 12), (self._text, 20)):
            part.setZValue(z_value)
            item.addItem(part, ignoreBounds=True)
        self.hide()

    @property
    def is_visible(self) -> bool:
        """Whether it is on show."""
        return bool(self._text.isVisible())

    def text(self) -> str:
        """The read-out in one line; empty where there is none."""
        return " · ".join(row.text for row in self._rows) if self.is_visible else ""

    def box(self) -> QRectF:
        """The room of the read-out on the scene."""
        return QRectF(self._text.sceneBoundingRect())

    def hide(self) -> None:
        """Takes it away, as when the pointer leaves."""
        for part in (self._line, self._dots, self._text):
            part.setVisible(False)

    def show(self, x: float, rows: Sequence[Row]) -> None:
        """Shows it at a position."""
        self._rows, self._x = tuple(rows), x
        self._line.setPos(x)
        dots = [row for row in rows if row.point is not None]
        self._dots.setData(
            [row.point[0] for row in dots if row.point],
            [row.point[1] for row in dots if row.point],
            pen=[pg.mkPen(row.colour, width=2) for row in dots],
            brush=pg.mkBrush(self._ground),
        )
        self._text.setHtml("<br>".join(_html(row) for row in rows))
        self._place()
        for part in (self._line, self._dots, self._text):
            # Not show(): only pyqtgraph's own setVisible fits the text to the view.
            part.setVisible(True)

    def place_again(self) -> None:
        """Keeps the read-out inside the plot when that shows another range."""
        if self.is_visible:
            self._place()

    def _place(self) -> None:
        """Beside the line where there is more room, above or below the dots, and wholly inside the plot."""
        values = [row.point[1] for row in self._rows if row.point]
        (left, right), (bottom, top) = self._view.viewRange()
        width, height = max(1.0, self._view.width()), max(1.0, self._view.height())
        box = self._text.boundingRect()
        at = (self._x - left) / (right - left) * width
        is_high = bool(values) and sum(values) / len(values) > (bottom + top) / 2
        beside = at - _GAP - box.width() if at > width / 2 else at + _GAP
        across = max(0.0, min(width - box.width(), beside))
        along = height - box.height() if is_high else 0.0
        self._text.setPos(left + across / width * (right - left), top - along / height * (top - bottom))

    def paint(self, theme: Theme, font: QFont) -> None:
        """Takes the colours of a theme, and a face."""
        self._ground = theme.palette.pane
        self._line.setPen(pg.mkPen(theme.colour("secondary"), width=1))
        self._text.setColor(theme.colour("text"))
        self._text.fill = pg.mkBrush(theme.colour("pane"))
        self._text.border = pg.mkPen(theme.colour("edge"))
        self._text.setFont(font)


def _html(row: Row) -> str:
    if not row.colour:
        return html.escape(row.text)
    sample = "╌╌" if row.is_dashed else "──"
    return f'<span style="color:{row.colour}">{sample}</span> {html.escape(row.text)}'
