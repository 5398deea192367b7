"""The axes of a plot: few and round ticks, and above the lines a lane with the labels of marks.

This module imports pyqtgraph.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter
from typing_extensions import override

from widgets.training.axis_steps import (
    log_tick_text,
    log_tick_values,
    round_step,
    tick_text,
    tick_values,
    time_step,
    time_text,
)
from widgets.training.plot_settings import XAxis
from widgets.training.run_marks import MarkLabel

NUM_VALUE_STEPS = 5
NUM_POSITION_STEPS = 6

_TEXT_GAP = 6
_LABEL_ROOM = 10
_LEAST_TICK_DISTANCE = 58.0
"""Pixels that a tick of the position axis has at least."""
_LEAST_VALUE_DISTANCE = 22.0


class ValueAxis(pg.AxisItem):  # type: ignore[misc]  # pyqtgraph has no types
    """Values from below to above; the grid belongs to it.

    Attributes:
        is_log: Whether positions are decimal logarithms.
    """

    def __init__(self) -> None:
        super().__init__("left")
        self.is_log = False
        self.enableAutoSIPrefix(False)
        self.setGrid(255)
        self.setStyle(tickAlpha=255, tickTextOffset=_TEXT_GAP, hideOverlappingLabels=False)

    def show_logarithms(self, is_log: bool) -> None:
        """Takes positions for logarithms, or for plain values."""
        if is_log != self.is_log:
            self.is_log = is_log
            self.picture = None
            self.update()

    def levels(self) -> list[float]:
        """Where the lines of the grid are."""
        low, high = self.range
        return [level for _, ticks in self.tickValues(low, high, self.size().height()) for level in ticks]

    @override
    def boundingRect(self) -> QRectF:
        # With a grid, pyqtgraph leaves out the room for the labels at both ends and then drops those.
        rect: QRectF = super().boundingRect()
        return rect.adjusted(0, -_LABEL_ROOM, 0, _LABEL_ROOM)

    @override
    def tickValues(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, list[float]]]:
        if not maxVal > minVal:
            return []
        num_steps = max(2, min(NUM_VALUE_STEPS, int(size // _LEAST_VALUE_DISTANCE)))
        if self.is_log:
            return [(1.0, log_tick_values(minVal, maxVal, num_steps))]
        step = round_step(maxVal - minVal, num_steps)
        return [(step, tick_values(minVal, maxVal, step))]

    @override
    def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:
        if self.is_log:
            return [log_tick_text(value) for value in values]
        return [tick_text(value, spacing) for value in values]


class PositionAxis(pg.AxisItem):  # type: ignore[misc]
    """Epochs, batches or time from left to right."""

    def __init__(self) -> None:
        super().__init__("bottom")
        self._kind = XAxis.EPOCHS
        self.enableAutoSIPrefix(False)
        self.setStyle(tickLength=0, tickTextOffset=_TEXT_GAP, hideOverlappingLabels=False)

    def show_kind(self, kind: XAxis) -> None:
        """Takes positions for epochs, batches or seconds."""
        if kind is not self._kind:
            self._kind = kind
            self.picture = None
            self.update()

    @override
    def tickValues(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, list[float]]]:
        if not maxVal > minVal:
            return []
        num_steps = max(2, min(NUM_POSITION_STEPS, int(size // _LEAST_TICK_DISTANCE)))
        step = self._step(maxVal - minVal, num_steps)
        return [(step, tick_values(minVal, maxVal, step))]

    def _step(self, span: float, num_steps: int) -> float:
        if self._kind is XAxis.TIME:
            return time_step(span, num_steps)
        return round_step(span, num_steps, is_whole=span >= 2)

    @override
    def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:
        text = time_text if self._kind is XAxis.TIME else tick_text
        return [text(value, spacing) for value in values]


class MarkLane(pg.AxisItem):  # type: ignore[misc]
    """Labels of marks in a lane above the lines, so that none covers a line; one without room has a tick only."""

    HEIGHT = 19
    _GAP = 4.0
    _TICK = 4

    def __init__(self) -> None:
        super().__init__("top")
        self._labels: list[MarkLabel] = []
        self._colours = (QColor(), QColor())
        self.setHeight(0)

    def show_labels(self, labels: list[MarkLabel]) -> None:
        """Shows labels, the most important first; without any there is no lane."""
        if labels != self._labels:
            self._labels = labels
            self.setHeight(self.HEIGHT if labels else 0)
            self.update()

    def set_colours(self, plain: QColor, trouble: QColor) -> None:
        """Takes the colours of words and of words about trouble."""
        self._colours = plain, trouble
        self.update()

    def spots(self) -> list[tuple[MarkLabel, QRectF | None]]:
        """The labels in sight and their places; None for one that has no room."""
        view = self.linkedView()
        (left, right), _ = view.viewRange()
        metrics = QFontMetricsF(self.style["tickFont"] or self.font())
        width = self.size().width()
        taken: list[QRectF] = []
        found: list[tuple[MarkLabel, QRectF | None]] = []
        for label in self._labels:
            if left <= label.x <= right:
                at = (label.x - left) / (right - left) * width
                spot = self._spot(at, metrics.horizontalAdvance(label.text), width, taken)
                taken.append(spot or QRectF(at - 1, 0, 2, self.HEIGHT))
                found.append((label, spot))
        return found

    def _spot(self, at: float, text_width: float, width: float, taken: list[QRectF]) -> QRectF | None:
        """Right of its mark, else left of it."""
        for start in (at + self._GAP, at - self._GAP - text_width):
            spot = QRectF(start, 0, text_width, self.HEIGHT - self._TICK)
            room = spot.adjusted(-self._GAP, 0, self._GAP, 0)
            is_inside = start >= 0 and start + text_width <= width
            if is_inside and not any(room.intersects(other) for other in taken):
                return spot
        return None

    @override
    def paint(self, painter: QPainter, option: Any, widget: Any) -> None:
        painter.setFont(self.style["tickFont"] or self.font())
        view = self.linkedView()
        (left, right), _ = view.viewRange()
        for label, spot in self.spots():
            painter.setPen(self._colours[label.is_trouble])
            at = (label.x - left) / (right - left) * self.size().width()
            painter.drawLine(round(at), self.HEIGHT - self._TICK, round(at), self.HEIGHT)
            if spot is not None:
                painter.drawText(spot, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft), label.text)
