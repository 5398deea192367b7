"""The form with the settings of a run."""

from __future__ import annotations

import math

from PySide6.QtCore import QRegularExpression, Signal
from PySide6.QtGui import QRegularExpressionValidator
from PySide6.QtWidgets import QGridLayout, QLineEdit, QSpinBox, QWidget

from editor.training.settings import LOSSES, OPTIMIZERS, SettingsReport, TrainSettings
from widgets.icons import Icons
from widgets.training.choice_fields import ChoiceField, MetricsField
from widgets.training.data_field import DataField
from widgets.training.form_row import FormRow, WheelGuard

FIELD_GAP = 4
LABEL_GAP = 8
_DENSE = """
QLineEdit, QComboBox { padding: 1px 7px; }
QSpinBox { padding: 1px; }
"""
"""Less padding than elsewhere: the panel is low, and nine rows should be in reach."""

MAX_EPOCHS = 1_000_000
MAX_BATCH_SIZE = 10_000_000


_DATA_HINT = "A folder of images, a table or arrays; or drop one on the window."


class SettingsForm(QWidget):
    """One row for each field of `TrainSettings`.

    Signals:
        edited: A field has another value, by a person or by `set_settings`.
    """

    edited = Signal()

    def __init__(self, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self.setStyleSheet(_DENSE)
        self._share = 0.2
        self._make_fields()
        self._guard = WheelGuard(self)
        self._rows = self._lay_out(icons)
        self._connect()
        self.set_settings(TrainSettings(data=""))

    def _make_fields(self) -> None:
        self.data = DataField(self)
        self.epochs = _number_box(self, 1, MAX_EPOCHS)
        self.batch_size = _number_box(self, 1, MAX_BATCH_SIZE)
        self.optimizer = ChoiceField(OPTIMIZERS, parent=self)
        self.learning_rate = _text_box(self, "[0-9.,eE+-]{0,24}")
        self.loss = ChoiceField(LOSSES, has_automatic=True, parent=self)
        self.metrics = MetricsField(self)
        self.validation = _number_box(self, 0, 99)
        self.validation.setSuffix(" %")
        self.seed = _text_box(self, "[0-9]{0,10}")
        self.seed.setPlaceholderText("Random")

    def _lay_out(self, icons: Icons) -> dict[str, FormRow]:
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(LABEL_GAP)
        grid.setVerticalSpacing(FIELD_GAP)
        grid.setColumnStretch(1, 1)
        editors: dict[str, tuple[str, QWidget]] = {
            "data": ("Data", self.data),
            "epochs": ("Epochs", self.epochs),
            "batch_size": ("Batch size", self.batch_size),
            "optimizer": ("Optimizer", self.optimizer),
            "learning_rate": ("Learning rate", self.learning_rate),
            "loss": ("Loss", self.loss),
            "metrics": ("Metrics", self.metrics),
            "validation_split": ("Validation", self.validation),
            "seed": ("Seed", self.seed),
        }
        rows: dict[str, FormRow] = {}
        for field, (title, editor) in editors.items():
            editor.setObjectName(f"{field}Field")
            self._guard.guard(editor)
            rows[field] = FormRow(grid, title, editor, icons)
        self._guard.guard(self.data.box)
        grid.setRowStretch(grid.rowCount(), 1)
        return rows

    def _connect(self) -> None:
        self.data.data_changed.connect(self.edited)
        self.metrics.metrics_changed.connect(self.edited)
        for box in (self.epochs, self.batch_size, self.validation):
            box.valueChanged.connect(self.edited)
        for choice in (self.optimizer, self.loss):
            choice.currentIndexChanged.connect(self.edited)
        for text in (self.learning_rate, self.seed):
            text.textChanged.connect(self.edited)

    def settings(self) -> TrainSettings:
        """What the form says; a learning rate that is no number is NaN, which `TrainSettings.problems` names."""
        return TrainSettings(
            data=self.data.data(),
            data_options=self.data.options(),
            epochs=self.epochs.value(),
            batch_size=self.batch_size.value(),
            optimizer=self.optimizer.name(),
            learning_rate=_number(self.learning_rate.text()),
            loss=self.loss.name(),
            metrics=self.metrics.metrics(),
            validation_split=self._validation_share(),
            seed=int(self.seed.text()) if self.seed.text() else None,
        )

    def set_settings(self, settings: TrainSettings) -> None:
        """Fills the form."""
        self.data.choose(settings.data, settings.data_options)
        self.epochs.setValue(settings.epochs)
        self.batch_size.setValue(settings.batch_size)
        self.optimizer.choose(settings.optimizer)
        self.learning_rate.setText(_number_text(settings.learning_rate))
        self.loss.choose(settings.loss)
        self.metrics.choose(settings.metrics)
        self._share = settings.validation_split
        self.validation.setValue(round(100 * settings.validation_split))
        self.seed.setText("" if settings.seed is None else str(settings.seed))

    def title_of(self, field: str) -> str:
        """The label of a field of `TrainSettings`."""
        return self._rows[field].title

    def has_row(self, field: str) -> bool:
        """Whether a field is in the form."""
        return field in self._rows

    def row(self, field: str) -> FormRow:
        """The row of a field of `TrainSettings`."""
        return self._rows[field]

    def show_problems(self, problems: dict[str, str]) -> None:
        """Puts each problem beside its field and takes away those that are no more."""
        for field, row in self._rows.items():
            row.show_problem(problems.get(field, ""))

    def show_findings(self, report: SettingsReport | None) -> None:
        """Shows what the engine found out about the data and what `Automatic` amounts to; None forgets it."""
        found = report or SettingsReport()
        self._rows["data"].show_note(found.data_text if self.data.data() else _DATA_HINT)
        self.loss.show_automatic(found.loss)
        self.metrics.show_automatic(found.metrics)
        self.validation.setEnabled(not found.has_validation_data)
        self._rows["validation_split"].show_note(
            "Not used: the data bring their own validation part." if found.has_validation_data else ""
        )

    def repaint_icons(self) -> None:
        """Draws the warning signs in the theme's colours."""
        for row in self._rows.values():
            row.message.repaint_icon()

    def _validation_share(self) -> float:
        """The exact share that was set as long as it is the one that is shown, rounded to a percent."""
        shown = self.validation.value()
        return self._share if round(100 * self._share) == shown else shown / 100


def _number_box(parent: QWidget, lowest: int, highest: int) -> QSpinBox:
    box = QSpinBox(parent)
    box.setRange(lowest, highest)
    box.setGroupSeparatorShown(True)
    # A style sheet's padding does not reach the left side of the box inside.
    box.lineEdit().setTextMargins(7, 0, 0, 0)
    box.setMinimumWidth(60)
    return box


def _text_box(parent: QWidget, pattern: str) -> QLineEdit:
    box = QLineEdit(parent)
    box.setValidator(QRegularExpressionValidator(QRegularExpression(pattern), box))
    box.setMinimumWidth(60)
    return box


def _number(text: str) -> float:
    """A number as people type it, with a point or a comma, such as `1e-4`; NaN if it is none."""
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return math.nan


def _number_text(number: float) -> str:
    """The shortest text that gives the same number back."""
    if math.isnan(number):
        return ""
    short = f"{number:g}"
    return short if float(short) == number else repr(number)
