"""Phases as tints and events as vertical lines, below the curves. This module imports pyqtgraph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QPainter
from typing_extensions import override

from widgets.theme import Theme
from widgets.training.plot_settings import XAxis
from widgets.training.run_marks import Phase, RunMark, phases

_TINT_ALPHA = 70
_TINTS = ("trainable_fill", "frozen_fill")
"""Of every other phase, so that neighbours differ."""
_TINT_Z, _LINE_Z = -90, -80
"""Below the curves; the view would raise what is below itself, which is at -100."""


class MarkLines:
    """The vertical marks of one run in one plot."""

    def __init__(self, item: Any) -> None:
        self._shown: object = None
        self._tints = PhaseTints()
        self._plain, self._trouble = (pg.PlotCurveItem(connect="pairs") for _ in range(2))
        for part, z_value in ((self._tints, _TINT_Z), (self._plain, _LINE_Z), (self._trouble, _LINE_Z)):
            part.setZValue(z_value)
            item.addItem(part, ignoreBounds=True)

    def show(
        self, marks: Sequence[RunMark], axis: XAxis, ranges: tuple[tuple[float, float], tuple[float, float]]
    ) -> None:
        """Shows marks through the whole height of what is on show."""
        if (wanted := (tuple(marks), axis, ranges)) == self._shown:
            return
        self._shown = wanted
        for line, is_trouble in ((self._plain, False), (self._trouble, True)):
            found = [mark.along(axis) for mark in marks if mark.has_line and mark.is_trouble == is_trouble]
            x = np.repeat(np.unique(found), 2)
            line.setData(x, np.tile(np.array(ranges[1]), len(x) // 2))
        self._tints.show_phases(phases(marks, axis))

    def positions(self) -> list[float]:
        """Where lines stand."""
        return sorted({float(x) for line in (self._plain, self._trouble) for x in line.getData()[0]})

    def paint(self, theme: Theme, width: float) -> None:
        """Takes the colours of a theme, and the width of lines in pixels of the screen."""
        self._plain.setPen(pg.mkPen(theme.colour("secondary"), width=width, dash=[2, 3]))
        self._trouble.setPen(pg.mkPen(theme.colour("error"), width=width, dash=[2, 3]))
        self._tints.paint_in([theme.colour(name) for name in _TINTS])


class PhaseTints(pg.GraphicsObject):  # type: ignore[misc]  # pyqtgraph has no types
    """The grounds of phases. pyqtgraph's own regions take longer to paint than all the lines."""

    def __init__(self) -> None:
        super().__init__()
        self._phases: list[Phase] = []
        self._colours: list[QColor] = []

    def show_phases(self, found: list[Phase]) -> None:
        """Shows stretches."""
        self._phases = found
        self.update()

    def paint_in(self, colours: list[QColor]) -> None:
        """Takes the colours of the phases, in turn."""
        self._colours = [QColor(colour) for colour in colours]
        for colour in self._colours:
            colour.setAlpha(_TINT_ALPHA)
        self.update()

    @override
    def viewRangeChanged(self) -> None:
        self.prepareGeometryChange()

    @override
    def boundingRect(self) -> QRectF:
        return QRectF(self.viewRect())

    @override
    def paint(self, painter: QPainter, option: Any, widget: Any) -> None:
        view = self.boundingRect()
        for index, phase in enumerate(self._phases):
            left = max(view.left(), phase.start)
            right = view.right() if phase.end is None else min(view.right(), phase.end)
            if right > left:
                ground = QRectF(left, view.top(), right - left, view.height())
                painter.fillRect(ground, self._colours[index % len(self._colours)])
