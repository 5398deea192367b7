"""The form with the settings of a run."""

from __future__ import annotations

import math

from msgspec.structs import replace
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QPushButton, QWidget

from editor.training.data_options import DataOptions
from editor.training.settings import LOSSES, OPTIMIZERS, SettingsReport, TrainSettings
from widgets.icons import Icons
from widgets.training.choice_fields import ChoiceField, MetricsField
from widgets.training.data_field import DataField
from widgets.training.form_row import FormRow, WheelGuard, set_tab_order
from widgets.training.more_form import MoreForm
from widgets.training.number_fields import decimal_box, decimal_of, decimal_text, number_box, text_box
from widgets.training.setting_words import TIPS, TITLES

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
        learning_rate_applied: Enter in the field of the learning rate, or the button beside it.
    """

    edited = Signal()
    learning_rate_applied = Signal()

    def __init__(self, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self.setStyleSheet(_DENSE)
        self._share = 0.2
        self._run_rate: float | None = None
        self._rate_note, self._is_rate_refused = "", False
        self._make_fields(icons)
        self._guard = WheelGuard(self)
        self._rows = self._lay_out(icons)
        self._connect()
        self.set_settings(TrainSettings(data=""))

    def _make_fields(self, icons: Icons) -> None:
        self.data = DataField(self)
        self.epochs = number_box(self, 1, MAX_EPOCHS)
        self.batch_size = number_box(self, 1, MAX_BATCH_SIZE)
        self.optimizer = ChoiceField(OPTIMIZERS, parent=self)
        self.learning_rate = decimal_box(self)
        self.loss = ChoiceField(LOSSES, has_automatic=True, parent=self)
        self.metrics = MetricsField(self)
        self.validation = number_box(self, 0, 99, " %")
        self.seed = text_box(self, "[0-9]{0,10}")
        self.seed.setPlaceholderText("Random")
        self.apply_rate = QPushButton("Apply Now", self)
        self.apply_rate.setObjectName("applyRateButton")
        self.apply_rate.setAccessibleName("Apply the learning rate to the run under way")
        self.apply_rate.setStyleSheet("padding: 2px 8px;")
        self.apply_rate.hide()
        self.more = MoreForm(icons, self)

    def _lay_out(self, icons: Icons) -> dict[str, FormRow]:
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(LABEL_GAP)
        grid.setVerticalSpacing(FIELD_GAP)
        grid.setColumnStretch(1, 1)
        editors: dict[str, QWidget] = {
            "data": self.data,
            "optimizer": self.optimizer,
            "learning_rate": self.learning_rate,
            "batch_size": self.batch_size,
            "epochs": self.epochs,
            "validation_split": self.validation,
            "loss": self.loss,
            "metrics": self.metrics,
            "seed": self.seed,
        }
        rows: dict[str, FormRow] = {}
        for field, editor in editors.items():
            editor.setObjectName(f"{field}Field")
            self._guard.guard(editor)
            beside = self.apply_rate if field == "learning_rate" else None
            rows[field] = FormRow(grid, TITLES[field], editor, icons, tip=TIPS.get(field, ""), beside=beside)
        grid.addWidget(self.more, grid.rowCount(), 0, 1, 2)
        self._guard.guard(self.data.box)
        grid.setRowStretch(grid.rowCount(), 1)
        _data, *others = rows.values()
        fields = [each for row in others for each in row.fields]
        more = [each for row in self.more.rows.values() for each in row.fields]
        set_tab_order((self.data.box, self.data.edit_button, *fields, self.more.heading, *more))
        rows |= self.more.rows
        width = max(row.label_width for row in rows.values())
        for each in (grid, self.more.grid):
            each.setColumnMinimumWidth(0, width)
        return rows

    def _connect(self) -> None:
        self.data.data_changed.connect(self._on_data_changed)
        self.more.ticks["balance_classes"].toggled.connect(self._on_balance_toggled)
        self.metrics.metrics_changed.connect(self.edited)
        for box in (self.epochs, self.batch_size, self.validation):
            box.valueChanged.connect(self.edited)
        for choice in (self.optimizer, self.loss):
            choice.currentIndexChanged.connect(self.edited)
        for text in (self.learning_rate, self.seed):
            text.textChanged.connect(self.edited)
        self.more.edited.connect(self.edited)
        self.learning_rate.textChanged.connect(self._on_rate_typed)
        self.learning_rate.returnPressed.connect(self.learning_rate_applied)
        self.apply_rate.clicked.connect(lambda: self.learning_rate_applied.emit())

    def settings(self) -> TrainSettings:
        """What the form says; a learning rate that is no number is NaN, which `TrainSettings.problems` names."""
        usual = TrainSettings(
            data=self.data.data(),
            data_options=self.data.options(),
            epochs=self.epochs.value(),
            batch_size=self.batch_size.value(),
            optimizer=self.optimizer.name(),
            learning_rate=decimal_of(self.learning_rate.text()),
            loss=self.loss.name(),
            metrics=self.metrics.metrics(),
            validation_split=self._validation_share(),
            seed=int(self.seed.text()) if self.seed.text() else None,
        )
        return self.more.add_to(usual)

    def set_settings(self, settings: TrainSettings) -> None:
        """Fills the form."""
        self.data.choose(settings.data, settings.data_options)
        self.epochs.setValue(settings.epochs)
        self.batch_size.setValue(settings.batch_size)
        self.optimizer.choose(settings.optimizer)
        self.learning_rate.setText(decimal_text(settings.learning_rate))
        self.loss.choose(settings.loss)
        self.metrics.choose(settings.metrics)
        self._share = settings.validation_split
        self.validation.setValue(round(100 * settings.validation_split))
        self.seed.setText("" if settings.seed is None else str(settings.seed))
        self.more.set_settings(settings)

    def set_data_options(self, options: DataOptions) -> None:
        """Takes what was chosen for the data elsewhere."""
        self.data.choose(self.data.data(), options)

    def _on_data_changed(self) -> None:
        self.more.ticks["balance_classes"].setChecked(self.data.options().balance_classes)
        self.edited.emit()

    def _on_balance_toggled(self, is_balanced: bool) -> None:
        self.data.choose(self.data.data(), replace(self.data.options(), balance_classes=is_balanced))

    def problems(self) -> dict[str, str]:
        """What is wrong with what was typed."""
        typed = self.more.problems()
        coarse = {field.partition(".")[0] for field in typed}
        return {field: text for field, text in self.settings().problems().items() if field not in coarse} | typed

    def show_run_rate(self, rate: float | None, note: str, *, is_problem: bool) -> None:
        """Says what learning rate the run under way has, and offers to give it the one in the field.

        Args:
            rate: None while no run is under way.
            note: What became of the last change.
            is_problem: Whether the note says why it was refused.
        """
        self._run_rate = rate
        self._rate_note, self._is_rate_refused = note, is_problem
        self._show_rate()

    def _show_rate(self) -> None:
        typed = decimal_of(self.learning_rate.text())
        is_other = self._run_rate is not None and not math.isclose(typed, self._run_rate, rel_tol=1e-6)
        self.apply_rate.setVisible(is_other)
        self.apply_rate.setEnabled(0 < typed < math.inf)
        row = self._rows["learning_rate"]
        if self._is_rate_refused:
            row.show_problem(self._rate_note)
        elif is_other and self._run_rate is not None:
            row.show_note(f"The run uses {decimal_text(self._run_rate)}.")
        else:
            row.show_note(self._rate_note)

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
        if self._is_rate_refused and not problems.get("learning_rate"):
            self._rows["learning_rate"].show_problem(self._rate_note)
        if any(field in self.more.rows for field in problems):
            self.more.unfold()

    def show_findings(self, report: SettingsReport | None) -> None:
        """Shows what the engine found out about the data and what `Automatic` amounts to; None forgets it."""
        found = report or SettingsReport()
        self._rows["data"].show_note(found.data_text if self.data.data() else _DATA_HINT)
        self.loss.show_automatic(found.loss)
        self.metrics.show_automatic(found.metrics)
        has_validation = found.has_validation_data or self.validation.value() > 0
        self.more.offer_metrics(found.metrics, has_validation=has_validation)
        self.validation.setEnabled(not found.has_validation_data)
        self._rows["validation_split"].show_note(
            "Not used: the data bring their own validation part." if found.has_validation_data else ""
        )

    def repaint_icons(self) -> None:
        """Draws the warning signs in the theme's colours."""
        for row in self._rows.values():
            row.message.repaint_icon()
        self.more.repaint_icons()

    def _on_rate_typed(self) -> None:
        self._rate_note, self._is_rate_refused = "", False
        self._rows["learning_rate"].show_problem("")
        self._show_rate()

    def _validation_share(self) -> float:
        """The exact share that was set as long as it is the one that is shown, rounded to a percent."""
        shown = self.validation.value()
        return self._share if round(100 * self._share) == shown else shown / 100
