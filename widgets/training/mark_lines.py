"""Phases as tints and events as vertical lines, below the curves. This module imports pyqtgraph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtGui import QColor

from widgets.theme import Theme
from widgets.training.plot_settings import XAxis
from widgets.training.run_marks import RunMark, phases

_TINT_ALPHA = 70
_TINTS = ("trainable_fill", "frozen_fill")
"""Of every other phase, so that neighbours differ."""
_TINT_Z, _LINE_Z = -300, -100


class MarkLines:
    """The vertical marks of one run in one plot."""

    def __init__(self, item: Any) -> None:
        self._item = item
        self._theme: Theme | None = None
        self._tints: list[Any] = []
        self._plain, self._trouble = (pg.PlotCurveItem(connect="pairs") for _ in range(2))
        for line in (self._plain, self._trouble):
            line.setZValue(_LINE_Z)
            item.addItem(line, ignoreBounds=True)

    def show(
        self, marks: Sequence[RunMark], axis: XAxis, ranges: tuple[tuple[float, float], tuple[float, float]]
    ) -> None:
        """Shows marks through the whole height of what is on show."""
        for line, is_trouble in ((self._plain, False), (self._trouble, True)):
            found = [mark.along(axis) for mark in marks if mark.has_line and mark.is_trouble == is_trouble]
            x = np.repeat(np.unique(found), 2)
            line.setData(x, np.tile(np.array(ranges[1]), len(x) // 2))
        self._show_phases(marks, axis, ranges[0][1])

    def positions(self) -> list[float]:
        """Where lines stand."""
        return sorted({float(x) for line in (self._plain, self._trouble) for x in line.getData()[0]})

    def _show_phases(self, marks: Sequence[RunMark], axis: XAxis, right: float) -> None:
        found = phases(marks, axis)
        while len(self._tints) > len(found):
            self._item.removeItem(self._tints.pop())
        while len(self._tints) < len(found):
            tint = pg.LinearRegionItem(movable=False, pen=pg.mkPen(None))
            tint.setZValue(_TINT_Z)
            self._item.addItem(tint, ignoreBounds=True)
            self._tints.append(tint)
            self._paint_tints()
        for tint, phase in zip(self._tints, found, strict=True):
            tint.setRegion((phase.start, max(phase.start, right) if phase.end is None else phase.end))

    def paint(self, theme: Theme) -> None:
        """Takes the colours of a theme."""
        self._theme = theme
        self._plain.setPen(pg.mkPen(theme.colour("secondary"), width=1, dash=[2, 3]))
        self._trouble.setPen(pg.mkPen(theme.colour("error"), width=1, dash=[2, 3]))
        self._paint_tints()

    def _paint_tints(self) -> None:
        if self._theme is not None:
            for index, tint in enumerate(self._tints):
                colour = QColor(self._theme.colour(_TINTS[index % len(_TINTS)]))
                colour.setAlpha(_TINT_ALPHA)
                tint.setBrush(pg.mkBrush(colour))
