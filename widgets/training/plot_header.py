"""The line above a plot: its title, and the newest values with samples of their lines, which is the legend too."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget
from typing_extensions import override

from widgets.theme import Theme, bold_font, number_font, set_tone
from widgets.training.axis_steps import value_text


class LineSample(QWidget):
    """A short piece of a line as the plot draws it."""

    def __init__(self, theme: Theme, tone: str, *, is_dashed: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._tone = tone
        self._is_dashed = is_dashed
        self.setFixedSize(QSize(16, 10))

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        pen = QPen(self._theme.colour(self._tone), 2)
        if self._is_dashed:
            pen.setDashPattern([2.0, 1.5])
            pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        painter.setPen(pen)
        middle = self.height() / 2
        painter.drawLine(QPointF(0, middle), QPointF(self.width(), middle))
        painter.end()


class PlotHeader(QWidget):
    """Title left, `train 0.058 · validation 0.093` right."""

    def __init__(self, title: str, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = QLabel(title, self)
        self._title.setFont(bold_font(self.font()))
        self._train, self._validation = (_value_label(self) for _ in range(2))
        self._train_sample = LineSample(theme, "trainable", is_dashed=False, parent=self)
        self._validation_sample = LineSample(theme, "validation", is_dashed=True, parent=self)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 4, 0)
        layout.setSpacing(6)
        layout.addWidget(self._title, 1)
        for sample, label in ((self._train_sample, self._train), (self._validation_sample, self._validation)):
            layout.addWidget(sample)
            layout.addWidget(label)
            layout.setAlignment(sample, Qt.AlignmentFlag.AlignVCenter)

    def show_validation(self, has_validation: bool) -> None:
        """Shows or hides the validation's part."""
        self._validation.setVisible(has_validation)
        self._validation_sample.setVisible(has_validation)

    def show_values(self, train: float | None, validation: float | None) -> None:
        """Shows the newest values; None for one that has not come yet."""
        for label, kind, value in ((self._train, "train", train), (self._validation, "validation", validation)):
            label.setText(kind if value is None else f"{kind} {value_text(value)}")

    def text(self) -> str:
        """The values in words."""
        labels = (self._train, self._validation)
        return " · ".join(label.text() for label in labels if not label.isHidden())

    def apply_theme(self) -> None:
        """Takes the colours of the theme."""
        self._train_sample.update()
        self._validation_sample.update()


def _value_label(parent: QWidget) -> QLabel:
    label = QLabel(parent)
    label.setFont(number_font(label.font()))
    set_tone(label, "secondary")
    return label
