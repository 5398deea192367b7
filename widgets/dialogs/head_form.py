"""The fields of a new head: pooling, hidden layer, dropout, units and activation, each with what does not fit."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QGridLayout, QLabel, QSpinBox, QWidget

from editor.layers.records import Shape
from editor.layers.structure import ACTIVATIONS, MOST_UNITS, Head, HeadActivation, Pooling, fitting_poolings
from widgets.spin_boxes import inset
from widgets.surgery.data_facts import HeadAdvice
from widgets.theme import CORNER, set_tone

POOLING_WORDS: dict[Pooling, str] = {
    "average": "Global average",
    "max": "Global maximum",
    "flatten": "Flatten",
    "none": "None",
}
_ACTIVATION_WORDS: dict[HeadActivation, str] = {
    "softmax": "softmax: one of several classes",
    "sigmoid": "sigmoid: yes or no, for each unit",
    "linear": "linear: numbers",
}
_FIELDS = ("pooling", "hidden_units", "dropout", "units", "activation")
_USUAL_DROPOUT = 0.2


class HeadForm(QWidget):
    """Asks for a head.

    Args:
        advice: What the data ask for.
        has_output: Whether units and activation are asked for here too.

    Signals:
        changed: The head is another one.
    """

    changed = Signal()

    def __init__(self, advice: HeadAdvice, *, has_output: bool = True, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shape: Shape = ()
        self.pooling = _box("headPooling", "Pooling")
        self.hidden_units = _number("headHidden", "Hidden units", 0, MOST_UNITS)
        self.hidden_units.setSpecialValueText("None")
        self.dropout = QDoubleSpinBox()
        self.dropout.setObjectName("headDropout")
        self.dropout.setAccessibleName("Dropout")
        self.dropout.setRange(0.0, 0.95)
        self.dropout.setSingleStep(0.05)
        self.dropout.setValue(_USUAL_DROPOUT)
        self.dropout.setSpecialValueText("None")
        inset(self.dropout)
        self.units = _number("headUnits", "Units", 1, MOST_UNITS)
        self.activation = _box("headActivation", "Activation")
        for activation in ACTIVATIONS:
            self.activation.addItem(_ACTIVATION_WORDS[activation], activation)
        self._messages = {field: _message(field) for field in _FIELDS}
        self._arrange(has_output=has_output)
        self.set_output(advice.units or 2, advice.activation)
        self._messages["units"].setText(_units_note(advice))
        self._units_note = _units_note(advice)
        for box in (self.pooling, self.activation):
            box.currentIndexChanged.connect(self._on_edited)
        for spin in (self.hidden_units, self.dropout, self.units):
            spin.valueChanged.connect(self._on_edited)

    def _arrange(self, *, has_output: bool) -> None:
        titles = {
            "pooling": ("Pooling", self.pooling),
            "hidden_units": ("Hidden units", self.hidden_units),
            "dropout": ("Dropout", self.dropout),
            "units": ("Units", self.units),
            "activation": ("Activation", self.activation),
        }
        # No form layout: it would cut off what is said in several lines.
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(2 * CORNER)
        grid.setVerticalSpacing(CORNER // 2)
        grid.setColumnStretch(1, 1)
        for row, (field, (title, editor)) in enumerate(titles.items()):
            message = self._messages[field]
            if not has_output and field in ("units", "activation"):
                for widget in (editor, message):
                    widget.setParent(self)
                    widget.hide()
                continue
            label = QLabel(title)
            label.setBuddy(editor)
            grid.addWidget(label, 2 * row, 0)
            grid.addWidget(editor, 2 * row, 1)
            grid.addWidget(message, 2 * row + 1, 1)

    @property
    def head(self) -> Head:
        """What is asked for."""
        return Head(
            units=self.units.value(),
            activation=self.activation.currentData(),
            pooling=self.pooling.currentData() or "none",
            hidden_units=self.hidden_units.value(),
            dropout=round(self.dropout.value(), 2),
        )

    @property
    def problems(self) -> dict[str, str]:
        """What does not fit, by field."""
        return self.head.problems(self._shape or None)

    def set_output(self, units: int, activation: HeadActivation) -> None:
        """Fills in what the head gives."""
        self.units.setValue(units)
        self.activation.setCurrentIndex(self.activation.findData(activation))

    def set_shape(self, shape: Shape) -> None:
        """Fits the form to another tensor, the batch first; only what fits its rank can be chosen."""
        chosen = self.pooling.currentData()
        self._shape = shape
        self.pooling.blockSignals(True)
        self.pooling.clear()
        for pooling in fitting_poolings(shape):
            self.pooling.addItem(POOLING_WORDS[pooling], pooling)
        self.pooling.setCurrentIndex(max(0, self.pooling.findData(chosen)))
        self.pooling.setEnabled(self.pooling.count() > 1)
        self.pooling.blockSignals(False)
        self._on_edited()

    def message_of(self, field: str) -> str:
        """What is said beside a field."""
        return self._messages[field].text()

    @Slot()
    def _on_edited(self) -> None:
        problems = self.problems
        for field, label in self._messages.items():
            note = self._units_note if field == "units" else ""
            label.setText(problems.get(field, note))
            set_tone(label, "error" if field in problems else "secondary")
            label.setVisible(bool(label.text()) and not self._editor(field).isHidden())
        self.changed.emit()

    def _editor(self, field: str) -> QWidget:
        editor = getattr(self, field)
        assert isinstance(editor, QWidget)
        return editor


def _units_note(advice: HeadAdvice) -> str:
    if advice.units:
        return f"As the data that are chosen have it: {advice.text}."
    return "As many as there are classes, or targets. The data that are chosen do not tell."


def _box(name: str, title: str) -> QComboBox:
    box = QComboBox()
    box.setObjectName(name)
    box.setAccessibleName(title)
    return box


def _number(name: str, title: str, least: int, most: int) -> QSpinBox:
    spin = QSpinBox()
    spin.setObjectName(name)
    spin.setAccessibleName(title)
    spin.setRange(least, most)
    spin.setGroupSeparatorShown(True)
    inset(spin)
    return spin


def _message(field: str) -> QLabel:
    label = QLabel()
    label.setObjectName(f"{field}Message")
    label.setWordWrap(True)
    set_tone(label, "secondary")
    return label
