"""Samples as the model will receive them: pictures, lines, or rows of values."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QPixmap, QPolygonF, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QScrollArea,
    QSizePolicy,
    QStackedWidget,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)
from typing_extensions import override

from editor.training.data_report import SampleView
from widgets.theme import ROW_HEIGHT, Theme, bold_font, number_font

_PICTURE = 104
_SERIES = (208, 84)
_GAP = 10
_TEXT_LINES = 2


class SampleCards(QWidget):
    """Pictures or lines side by side, each with its label and where it comes from."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("sampleCards")
        self.setAccessibleName("Samples")
        self._theme = theme
        self._samples: tuple[SampleView, ...] = ()
        self._pixmaps: list[QPixmap] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    @property
    def samples(self) -> tuple[SampleView, ...]:
        """What is shown."""
        return self._samples

    def show_samples(self, samples: tuple[SampleView, ...]) -> None:
        """Shows other samples."""
        self._samples = samples
        self._pixmaps = [_pixmap(sample.picture) for sample in samples]
        self.setAccessibleDescription(", ".join(f"{sample.label} ({sample.source})" for sample in samples))
        self._fit()
        self.update()

    @property
    def _extent(self) -> tuple[int, int]:
        is_series = any(sample.series for sample in self._samples)
        return _SERIES if is_series else (_PICTURE, _PICTURE)

    @property
    def _cell(self) -> QSize:
        width, height = self._extent
        return QSize(width + _GAP, height + _TEXT_LINES * self.fontMetrics().height() + _GAP + 4)

    @property
    def _num_columns(self) -> int:
        return max(1, (self.width() - _GAP) // self._cell.width())

    def _fit(self) -> None:
        rows = -(-len(self._samples) // self._num_columns)
        self.setFixedHeight(max(rows * self._cell.height() + _GAP, 1))

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        cell, columns = self._cell, self._num_columns
        for at, (sample, pixmap) in enumerate(zip(self._samples, self._pixmaps, strict=True)):
            left = _GAP + at % columns * cell.width()
            top = _GAP + at // columns * cell.height()
            self._paint_sample(painter, sample, pixmap, QPointF(left, top))
        painter.end()

    def _paint_sample(self, painter: QPainter, sample: SampleView, pixmap: QPixmap, at: QPointF) -> None:
        width, height = self._extent
        frame = QRectF(at.x(), at.y(), width, height)
        painter.fillRect(frame, self._theme.colour("window"))
        if sample.series:
            self._paint_line(painter, sample.series, frame)
        elif not pixmap.isNull():
            size = QSize(pixmap.size()).scaled(width, height, Qt.AspectRatioMode.KeepAspectRatio)
            place = QRectF(
                at.x() + (width - size.width()) / 2, at.y() + (height - size.height()) / 2, size.width(), size.height()
            )
            # A picture of 28 pixels is looked at as pixels; a large one is made smaller smoothly.
            is_shrunk = pixmap.width() > size.width()
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, is_shrunk)
            painter.drawPixmap(place, pixmap, QRectF(pixmap.rect()))
        painter.setPen(self._theme.colour("line"))
        painter.drawRect(frame)
        self._paint_words(painter, sample, QRectF(at.x(), at.y() + height + 3, width, 0))

    def _paint_words(self, painter: QPainter, sample: SampleView, place: QRectF) -> None:
        metrics = painter.fontMetrics()
        painter.setFont(bold_font(self.font()))
        painter.setPen(self._theme.colour("text"))
        for line, text in enumerate((sample.label, sample.source)):
            room = QRectF(place.x(), place.y() + line * metrics.height(), place.width(), metrics.height())
            shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideMiddle, int(place.width()))
            painter.drawText(room, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)
            painter.setFont(self.font())
            painter.setPen(self._theme.colour("secondary"))

    def _paint_line(self, painter: QPainter, series: tuple[float, ...], frame: QRectF) -> None:
        lowest, highest = min(series), max(series)
        scale = (frame.height() - 12) / ((highest - lowest) or 1.0)
        step = frame.width() / max(len(series) - 1, 1)
        points = [
            QPointF(frame.left() + at * step, frame.bottom() - 6 - (value - lowest) * scale)
            for at, value in enumerate(series)
        ]
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self._theme.colour("trainable"), 1.2))
        painter.drawPolyline(QPolygonF(points))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)


class SamplesView(QStackedWidget):
    """Cards for pictures and series, a table for rows of values."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.cards = SampleCards(theme)
        self.table = QTableWidget()
        self.table.setObjectName("sampleRows")
        self.table.setAccessibleName("Samples")
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setShowGrid(False)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
        self.table.setFont(number_font(self.table.font()))
        area = QScrollArea()
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(self.cards)
        # Qt fills the ground of what is scrolled; the pane has its own.
        self.cards.setAutoFillBackground(False)
        area.viewport().setAutoFillBackground(False)
        self.addWidget(area)
        self.addWidget(self.table)

    def show_samples(self, samples: tuple[SampleView, ...]) -> None:
        """Shows other samples."""
        are_rows = bool(samples) and all(sample.values and not sample.picture for sample in samples)
        self.setCurrentIndex(int(are_rows))
        self.cards.show_samples(() if are_rows else samples)
        self._fill_table(samples if are_rows else ())

    def _fill_table(self, samples: tuple[SampleView, ...]) -> None:
        names = list(dict.fromkeys(name for sample in samples for name, _ in sample.values))
        self.table.clear()
        self.table.setColumnCount(len(names) + 2)
        self.table.setRowCount(len(samples))
        self.table.setHorizontalHeaderLabels(["From", "Target", *names])
        for row, sample in enumerate(samples):
            values = dict(sample.values)
            texts = [sample.source, sample.label, *(values.get(name, "") for name in names)]
            for column, text in enumerate(texts):
                item = QTableWidgetItem(text)
                is_number = column > 1
                right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
                item.setTextAlignment(right if is_number else Qt.AlignmentFlag.AlignVCenter)
                self.table.setItem(row, column, item)
        self.table.resizeColumnsToContents()


def _pixmap(picture: bytes) -> QPixmap:
    pixmap = QPixmap()
    if picture:
        pixmap.loadFromData(picture)
    return pixmap
