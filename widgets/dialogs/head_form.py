"""The fields of a new head: pooling, hidden layer, dropout, units and activation, each with what does not fit."""

from __future__ import annotations

from collections.abc import Collection

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QDoubleSpinBox, QWidget

from editor.layers.records import Shape
from editor.layers.structure import ACTIVATIONS, MOST_UNITS, Head, HeadActivation, Pooling, fitting_poolings
from widgets.dialogs.fields import Rows, choice_box, note, number_box
from widgets.spin_boxes import inset
from widgets.surgery.data_facts import HeadAdvice
from widgets.theme import set_tone

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
_OF_OUTPUT = ("units", "activation")
_USUAL_DROPOUT = 0.2


class HeadForm(Rows):
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
        self._advice = advice
        self._units_note = ""
        self._is_advised = True
        self.pooling = choice_box("headPooling", "Pooling")
        self.hidden_units = number_box("headHidden", "Hidden units", 0, MOST_UNITS, 0)
        self.hidden_units.setSpecialValueText("None")
        self.dropout = _dropout_box()
        self.units = number_box("headUnits", "Units", 1, MOST_UNITS, 2)
        self.activation = choice_box("headActivation", "Activation")
        for activation in ACTIVATIONS:
            self.activation.addItem(_ACTIVATION_WORDS[activation], activation)
        self._editors: dict[str, QWidget] = {field: getattr(self, field) for field in _FIELDS}
        self._messages = {field: note(f"{field}Message") for field in _FIELDS}
        self._arrange(has_output=has_output)
        self.follow_data()
        for box in (self.pooling, self.activation):
            box.currentIndexChanged.connect(self._on_edited)
        for spin in (self.hidden_units, self.dropout, self.units):
            spin.valueChanged.connect(self._on_edited)
        for signal in (self.units.valueChanged, self.activation.currentIndexChanged):
            signal.connect(self._on_output_chosen)

    def _arrange(self, *, has_output: bool) -> None:
        for field, editor in self._editors.items():
            if has_output or field not in _OF_OUTPUT:
                self.add(editor.accessibleName(), editor, self._messages[field])
                continue
            for widget in (editor, self._messages[field]):
                widget.setParent(self)
                widget.hide()

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

    def take_advice(self, advice: HeadAdvice, gone: Collection[str] = ()) -> None:
        """Follows data that were read meanwhile; `gone` as for `follow_data`."""
        self._advice = advice
        self.follow_data(gone)

    def follow_data(self, gone: Collection[str] = ()) -> None:
        """Fills in what the data ask for, unless a person has chosen otherwise.

        Args:
            gone: Names of the layers that are taken off, where the model has several outputs.
        """
        wanted = self._advice.wanted(gone)
        self._units_note = self._advice.words(wanted)
        if wanted is not None and self._is_advised:
            self.set_output(wanted.units, wanted.activation)
            self._is_advised = True
        self._on_edited()

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
    def _on_output_chosen(self) -> None:
        self._is_advised = False

    @Slot()
    def _on_edited(self) -> None:
        problems = self.problems
        for field, label in self._messages.items():
            words = self._units_note if field == "units" else ""
            label.setText(problems.get(field, words))
            set_tone(label, "error" if field in problems else "secondary")
            label.setVisible(bool(label.text()) and not self._editors[field].isHidden())
        self.changed.emit()


def _dropout_box() -> QDoubleSpinBox:
    box = QDoubleSpinBox()
    box.setObjectName("headDropout")
    box.setAccessibleName("Dropout")
    box.setRange(0.0, 0.95)
    box.setSingleStep(0.05)
    box.setValue(_USUAL_DROPOUT)
    box.setSpecialValueText("None")
    inset(box)
    return box
