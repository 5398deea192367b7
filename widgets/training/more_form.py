"""The settings of a run that most people leave alone, below a heading that folds them away."""

from __future__ import annotations

from msgspec.structs import replace
from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QFileDialog,
    QGridLayout,
    QLineEdit,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from editor.training.settings import EarlyStopping, ReduceOnPlateau, TrainSettings
from editor.training.words import AUTOMATIC
from widgets.icons import Icons
from widgets.theme import set_tone
from widgets.training.choice_fields import ChoiceField
from widgets.training.form_row import FormRow, WheelGuard
from widgets.training.number_fields import decimal_box, decimal_of, decimal_text, number_box
from widgets.training.setting_words import NO_MIXED_PRECISION, TIPS, TITLES

_MOST_EPOCHS = 100_000
_KEEP_TEXTS = {"last": "Last weights", "best": "Best weights"}


class MoreForm(QWidget):
    """Early stopping, plateau, which weights to keep, checkpoints, TensorBoard, precision.

    Signals:
        edited: A field has another value.
    """

    edited = Signal()

    def __init__(self, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icons = icons
        self._guard = WheelGuard(self)
        self.heading = QToolButton(self)
        self.heading.setObjectName("moreButton")
        self.heading.setCheckable(True)
        self.heading.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.heading.setIconSize(QSize(12, 12))
        set_tone(self.heading, "fold")
        self._page = QWidget(self)
        self._page.setObjectName("page")
        self._make_choices()
        self._make_numbers()
        self._make_ticks()
        self.rows = self._lay_out()
        self._connect()
        self._show_folded()

    def _make_choices(self) -> None:
        page = self._page
        self.monitor = ChoiceField(("val_loss", "loss"), has_automatic=True, parent=page)
        self.keep = ChoiceField((), parent=page)
        for name, text in _KEEP_TEXTS.items():
            self.keep.addItem(text, name)
        self.tensorboard = QLineEdit(page)
        self.tensorboard.setPlaceholderText("No log")
        self.tensorboard.setMinimumWidth(60)
        self.choose_folder = QPushButton("…", page)
        self.choose_folder.setObjectName("tensorboardButton")
        self.choose_folder.setAccessibleName("Choose a folder for TensorBoard")
        self.choose_folder.setStyleSheet("padding: 1px 9px;")

    def _make_numbers(self) -> None:
        page = self._page
        self.stop_patience = number_box(page, 1, _MOST_EPOCHS, " epochs")
        self.min_delta = decimal_box(page)
        self.factor = decimal_box(page)
        self.plateau_patience = number_box(page, 1, _MOST_EPOCHS, " epochs")
        self.min_learning_rate = decimal_box(page)
        self.checkpoint_epochs = number_box(page, 0, _MOST_EPOCHS, " epochs")
        self.checkpoint_epochs.setSpecialValueText("Every few minutes")
        self.checkpoint_epochs.setPrefix("Also every ")

    def _make_ticks(self) -> None:
        self.ticks = {
            name: QCheckBox(TITLES[name], self._page)
            for name in (
                "early_stopping",
                "reduce_on_plateau",
                "stop_on_nan",
                "balance_classes",
                "mixed_precision",
                "jit_compile",
            )
        }

    def _lay_out(self) -> dict[str, FormRow]:
        grid = QGridLayout(self._page)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(1, 1)
        self.grid = grid
        ticks = self.ticks
        editors: dict[str, QWidget] = {
            "monitor": self.monitor,
            "keep": self.keep,
            "early_stopping": ticks["early_stopping"],
            "early_stopping.patience": self.stop_patience,
            "early_stopping.min_delta": self.min_delta,
            "reduce_on_plateau": ticks["reduce_on_plateau"],
            "reduce_on_plateau.factor": self.factor,
            "reduce_on_plateau.patience": self.plateau_patience,
            "reduce_on_plateau.min_learning_rate": self.min_learning_rate,
            "checkpoint_epochs": self.checkpoint_epochs,
            "tensorboard": self.tensorboard,
            **{name: ticks[name] for name in ("balance_classes", "stop_on_nan", "mixed_precision", "jit_compile")},
        }
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.heading)
        layout.addWidget(self._page)
        return {field: self._row(grid, field, editor) for field, editor in editors.items()}

    def _row(self, grid: QGridLayout, field: str, editor: QWidget) -> FormRow:
        editor.setObjectName(f"{field}Field")
        self._guard.guard(editor)
        beside = self.choose_folder if field == "tensorboard" else None
        return FormRow(grid, TITLES[field], editor, self._icons, tip=TIPS.get(field, ""), beside=beside)

    def _connect(self) -> None:
        self.heading.toggled.connect(lambda _checked: self._show_folded())
        self.choose_folder.clicked.connect(self._on_choose_folder_clicked)
        for tick in self.ticks.values():
            tick.toggled.connect(self._on_edited)
        for choice in (self.monitor, self.keep):
            choice.currentIndexChanged.connect(self._on_edited)
        for box in (self.stop_patience, self.plateau_patience, self.checkpoint_epochs):
            box.valueChanged.connect(self._on_edited)
        for text in (self.min_delta, self.factor, self.min_learning_rate, self.tensorboard):
            text.textChanged.connect(self._on_edited)

    # -- settings -----------------------------------------------------------------------------------------------

    def add_to(self, settings: TrainSettings) -> TrainSettings:
        """The settings with what stands here; a number that is none is NaN."""
        return replace(
            settings,
            monitor=self.monitor.name(),
            keep="best" if self.keep.name() == "best" else "last",
            early_stopping=self._early_stopping() if self.ticks["early_stopping"].isChecked() else None,
            reduce_on_plateau=self._plateau() if self.ticks["reduce_on_plateau"].isChecked() else None,
            checkpoint_epochs=self.checkpoint_epochs.value(),
            stop_on_nan=self.ticks["stop_on_nan"].isChecked(),
            mixed_precision=self.ticks["mixed_precision"].isChecked() and self.ticks["mixed_precision"].isEnabled(),
            jit_compile=self.ticks["jit_compile"].isChecked(),
            tensorboard=self.tensorboard.text().strip(),
        )

    def _early_stopping(self) -> EarlyStopping:
        return EarlyStopping(patience=self.stop_patience.value(), min_delta=decimal_of(self.min_delta.text()))

    def _plateau(self) -> ReduceOnPlateau:
        return ReduceOnPlateau(
            factor=decimal_of(self.factor.text()),
            patience=self.plateau_patience.value(),
            min_learning_rate=decimal_of(self.min_learning_rate.text()),
        )

    def set_settings(self, settings: TrainSettings) -> None:
        """Fills the form."""
        stopping = settings.early_stopping or EarlyStopping()
        plateau = settings.reduce_on_plateau or ReduceOnPlateau()
        self.monitor.choose(settings.monitor)
        self.keep.choose(settings.keep)
        self.stop_patience.setValue(stopping.patience)
        self.min_delta.setText(decimal_text(stopping.min_delta))
        self.factor.setText(decimal_text(plateau.factor))
        self.plateau_patience.setValue(plateau.patience)
        self.min_learning_rate.setText(decimal_text(plateau.min_learning_rate))
        self.checkpoint_epochs.setValue(settings.checkpoint_epochs)
        self.tensorboard.setText(settings.tensorboard)
        for name, is_ticked in {
            "early_stopping": settings.early_stopping is not None,
            "reduce_on_plateau": settings.reduce_on_plateau is not None,
            "stop_on_nan": settings.stop_on_nan,
            "balance_classes": settings.data_options.balance_classes,
            "mixed_precision": settings.mixed_precision,
            "jit_compile": settings.jit_compile,
        }.items():
            self.ticks[name].setChecked(is_ticked)

    @property
    def balances_classes(self) -> bool:
        """Whether samples of rare classes weigh more."""
        return self.ticks["balance_classes"].isChecked()

    def problems(self) -> dict[str, str]:
        """What was typed that cannot be used."""
        checks = {
            "early_stopping.min_delta": (self.min_delta, 0.0, "Use 0 or a small number, such as 0.001."),
            "reduce_on_plateau.min_learning_rate": (self.min_learning_rate, 0.0, "Use 0 or a small number."),
        }
        problems = {
            field: text
            for field, (box, least, text) in checks.items()
            if self._is_ticked(field) and not decimal_of(box.text()) >= least
        }
        if self._is_ticked("reduce_on_plateau") and not 0 < decimal_of(self.factor.text()) < 1:
            problems["reduce_on_plateau.factor"] = "Use a factor between 0 and 1, such as 0.5."
        return problems

    def offer_metrics(self, metrics: tuple[str, ...], *, has_validation: bool) -> None:
        """Offers what a run would measure, as what can be watched."""
        names = ["loss", *(name for name in metrics if name != AUTOMATIC)]
        offered = [f"val_{name}" for name in names] if has_validation else []
        for name in (*offered, *names):
            if self.monitor.findData(name) < 0:
                self.monitor.addItem(self.monitor.words(name), name)
        self.monitor.show_automatic("val_loss" if has_validation else "loss")

    def set_device(self, device: str) -> None:
        """Says what a run would train on; what makes no sense there cannot be chosen, and says why."""
        is_useless = device.startswith("CPU")
        self.ticks["mixed_precision"].setEnabled(not is_useless)
        self.rows["mixed_precision"].show_note(NO_MIXED_PRECISION if is_useless else "")

    # -- folding ------------------------------------------------------------------------------------------------

    def unfold(self) -> None:
        """Shows what is folded away."""
        self.heading.setChecked(True)

    def repaint_icons(self) -> None:
        """Draws the signs in the theme's colours."""
        for row in self.rows.values():
            row.message.repaint_icon()
        self._show_folded()

    def _show_folded(self) -> None:
        is_open = self.heading.isChecked()
        self._page.setVisible(is_open)
        self.heading.setIcon(self._icons.icon("chevron-down" if is_open else "chevron-right"))
        chosen = ", ".join(self._chosen())
        self.heading.setText("More" if is_open or not chosen else f"More: {chosen}")
        self.heading.setToolTip(chosen or "Early stopping, plateau, checkpoints and more")
        for field, row in self.rows.items():
            row.set_visible(is_visible="." not in field or self._is_ticked(field))

    def _chosen(self) -> list[str]:
        """What differs from what is usual, for the heading while it is folded."""
        words = {
            "best weights": self.keep.name() == "best",
            "early stop": self.ticks["early_stopping"].isChecked(),
            "plateau": self.ticks["reduce_on_plateau"].isChecked(),
            "balanced": self.balances_classes,
            "16 bits": self.ticks["mixed_precision"].isChecked() and self.ticks["mixed_precision"].isEnabled(),
            "XLA": self.ticks["jit_compile"].isChecked(),
            "TensorBoard": bool(self.tensorboard.text().strip()),
        }
        return [word for word, holds in words.items() if holds]

    def _is_ticked(self, field: str) -> bool:
        return self.ticks[field.partition(".")[0]].isChecked()

    def _on_edited(self) -> None:
        self._show_folded()
        self.edited.emit()

    def _on_choose_folder_clicked(self) -> None:
        dialog = QFileDialog(self.window(), "Choose a folder for the TensorBoard log", self.tensorboard.text())
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self.tensorboard.setText)
        dialog.open()
