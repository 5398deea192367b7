"""How many samples there are of each class, or of each stretch of a target."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QSizePolicy, QToolTip, QWidget
from typing_extensions import override

from editor.training.data_report import Bar
from widgets.theme import Theme, number_font

_ROW = 22
_BAR = 9
_GAP = 8
_MARGIN = 8
_NAME_SHARE = 0.3
_HISTOGRAM_HEIGHT = 130
_SLACK = 4
"""A text of exactly the room there is may still be shortened."""
_MOST_ROWS = 2000
"""More classes than anybody reads; the rest is told in one line."""


class BarChart(QWidget):
    """Bars of training samples with those of validation behind them: a row for each class, or a histogram.

    Args:
        theme: Colours.
    """

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("classBars")
        self._theme = theme
        self._bars: tuple[Bar, ...] = ()
        self._is_histogram = False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    @property
    def bars(self) -> tuple[Bar, ...]:
        """What is shown."""
        return self._bars

    def show_bars(self, bars: tuple[Bar, ...], *, is_histogram: bool = False) -> None:
        """Shows other numbers; a histogram keeps the order of the bars from left to right."""
        self._bars, self._is_histogram = bars, is_histogram
        told = (f"{bar.name}: {_numbers(bar)}" for bar in bars[:_MOST_ROWS])
        self.setAccessibleName("Samples by class")
        self.setAccessibleDescription(", ".join(told))
        self.setFixedHeight(self.sizeHint().height())
        self.update()

    def bar_at(self, point: QPointF) -> Bar | None:
        """The bar under a point."""
        if self._is_histogram:
            at = int((point.x() - _MARGIN) // max(self._step, 1e-6))
        else:
            at = int((point.y() - _MARGIN) // _ROW)
        return self._bars[at] if 0 <= at < len(self._bars) else None

    @property
    def _step(self) -> float:
        return (self.width() - 2 * _MARGIN) / max(len(self._bars), 1)

    @property
    def _most(self) -> int:
        return max((bar.num_train + bar.num_validation for bar in self._bars), default=0) or 1

    @override
    def sizeHint(self) -> QSize:
        rows = min(len(self._bars), _MOST_ROWS) + (len(self._bars) > _MOST_ROWS)
        return QSize(320, _HISTOGRAM_HEIGHT if self._is_histogram else rows * _ROW + 2 * _MARGIN)

    @override
    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and (bar := self.bar_at(QPointF(event.pos()))):
            QToolTip.showText(event.globalPos(), f"{bar.name}\n{_numbers(bar)}", self)
            return True
        return super().event(event)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setFont(number_font(self.font()))
        if self._is_histogram:
            self._paint_histogram(painter)
        else:
            self._paint_rows(painter, event)
        painter.end()

    def _paint_rows(self, painter: QPainter, event: QPaintEvent) -> None:
        metrics = painter.fontMetrics()
        shown = self._bars[:_MOST_ROWS]
        names = max((metrics.horizontalAdvance(bar.name) for bar in shown[:200]), default=0)
        numbers = max((metrics.horizontalAdvance(_numbers(bar)) for bar in shown[:200]), default=0)
        room = self.width() - 2 * _MARGIN
        names = min(names + _SLACK, int(room * _NAME_SHARE))
        left, right = _MARGIN + names + _GAP, self.width() - _MARGIN - numbers - _GAP
        visible = event.rect()
        for at, bar in enumerate(shown):
            top = _MARGIN + at * _ROW
            if top + _ROW < visible.top() or top > visible.bottom():
                continue
            painter.setPen(self._theme.colour("text"))
            name = metrics.elidedText(bar.name, Qt.TextElideMode.ElideRight, names)
            painter.drawText(QRectF(_MARGIN, top, names, _ROW), Qt.AlignmentFlag.AlignVCenter, name)
            self._paint_bar(painter, bar, QRectF(left, top + (_ROW - _BAR) / 2, max(right - left, 1), _BAR))
            painter.setPen(self._theme.colour("secondary"))
            flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
            painter.drawText(QRectF(right, top, self.width() - _MARGIN - right, _ROW), flags, _numbers(bar))
        if len(self._bars) > _MOST_ROWS:
            text = f"and {len(self._bars) - _MOST_ROWS:,} more"
            painter.drawText(QPointF(_MARGIN, _MARGIN + _MOST_ROWS * _ROW + _ROW * 0.7), text)

    def _paint_bar(self, painter: QPainter, bar: Bar, room: QRectF) -> None:
        train = room.width() * bar.num_train / self._most
        validation = room.width() * bar.num_validation / self._most
        painter.fillRect(QRectF(room.left(), room.top(), train, room.height()), self._theme.colour("trainable"))
        held = QRectF(room.left() + train, room.top(), validation, room.height())
        painter.fillRect(held, self._theme.colour("validation"))

    def _paint_histogram(self, painter: QPainter) -> None:
        metrics = painter.fontMetrics()
        foot = self.height() - metrics.height() - 4
        head = _MARGIN + metrics.height()
        for at, bar in enumerate(self._bars):
            left = _MARGIN + at * self._step
            train = (foot - head) * bar.num_train / self._most
            validation = (foot - head) * bar.num_validation / self._most
            width = max(self._step - 2, 1)
            painter.fillRect(QRectF(left, foot - train, width, train), self._theme.colour("trainable"))
            held = QRectF(left, foot - train - validation, width, validation)
            painter.fillRect(held, self._theme.colour("validation"))
        painter.setPen(self._theme.colour("line"))
        painter.drawLine(QPointF(_MARGIN, foot), QPointF(self.width() - _MARGIN, foot))
        painter.setPen(self._theme.colour("secondary"))
        row = QRectF(_MARGIN, foot + 2, self.width() - 2 * _MARGIN, metrics.height())
        if self._bars:
            painter.drawText(row, Qt.AlignmentFlag.AlignLeft, self._bars[0].name)
            painter.drawText(row, Qt.AlignmentFlag.AlignRight, self._bars[-1].name)
            painter.drawText(QRectF(_MARGIN, 2, 200, metrics.height()), Qt.AlignmentFlag.AlignLeft, f"{self._most:,}")


class ScrolledBars(QScrollArea):
    """A `BarChart` that scrolls where there are many classes."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.chart = BarChart(theme)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWidget(self.chart)
        # Qt fills the ground of what is scrolled; the pane has its own.
        self.chart.setAutoFillBackground(False)
        self.viewport().setAutoFillBackground(False)


def _numbers(bar: Bar) -> str:
    return f"{bar.num_train:,} + {bar.num_validation:,}" if bar.num_validation else f"{bar.num_train:,}"
