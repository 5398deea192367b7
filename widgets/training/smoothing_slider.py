"""A slider from no smoothing to 0.999, whose steps grow finer towards the end."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QSlider, QWidget

from widgets.theme import number_font, set_tone
from widgets.training.plot_settings import MOST_SMOOTHING

STOPS = (
    *(0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.925, 0.95),
    *(0.96, 0.97, 0.98, 0.985, 0.99, 0.993, 0.995, 0.997, 0.998, MOST_SMOOTHING),
)
"""Near 1 each thousandth doubles how far a mean reaches back."""

_WIDTH = 84


class SmoothingSlider(QWidget):
    """Its name, the slider and its value, which is `off` at the left end.

    Signals:
        value_changed: The smoothing, one of `STOPS`.
    """

    value_changed = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name = QLabel("Smoothing", self)
        set_tone(self._name, "secondary")
        self._slider = QSlider(Qt.Orientation.Horizontal, self)
        self._slider.setObjectName("smoothingSlider")
        self._slider.setAccessibleName("Smoothing")
        self._slider.setRange(0, len(STOPS) - 1)
        self._slider.setPageStep(3)
        self._slider.setFixedWidth(_WIDTH)
        self._slider.setToolTip("Weight of earlier values in the solid line; the faint line is what came")
        self._value = QLabel(self)
        self._value.setFont(number_font(self.font()))
        self._value.setMinimumWidth(self._value.fontMetrics().horizontalAdvance("0.9990"))
        self._name.setBuddy(self._slider)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(4, 0, 0, 0)
        layout.setSpacing(6)
        for part in (self._name, self._slider, self._value):
            layout.addWidget(part)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        self._slider.valueChanged.connect(self._on_slider_value_changed)
        self._on_slider_value_changed(0)

    @property
    def slider(self) -> QSlider:
        """What is dragged."""
        return self._slider

    def set_value(self, smoothing: float) -> None:
        """Shows the stop nearest to a smoothing."""
        self._slider.setValue(min(range(len(STOPS)), key=lambda index: abs(STOPS[index] - smoothing)))

    def text(self) -> str:
        """The value as it is shown."""
        return self._value.text()

    def _on_slider_value_changed(self, index: int) -> None:
        self._value.setText(f"{STOPS[index]:.3f}".removesuffix("0") if index else "off")
        self._slider.setAccessibleDescription(self._value.text())
        self.value_changed.emit(STOPS[index])
