"""Asks for a new model from `keras.applications`: which one, its sizes, and where its weights come from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec
from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QButtonGroup,
    QDialog,
    QDialogButtonBox,
    QLabel,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from editor.files.options import Application
from widgets.dialogs.application_form import ApplicationForm
from widgets.dialogs.file_choice import FileChoice
from widgets.dialogs.files import choose_weights
from widgets.line_breaks import breakable
from widgets.theme import CORNER, set_tone

_MARGIN = 2 * CORNER
_SIZE = (780, 520)
_IMAGENET_TEXT = "From Keras's cache on this computer."


@dataclass(frozen=True)
class NewModel:
    """What is to be built.

    Attributes:
        weights: A file of weights to put onto it; None takes the application's own.
    """

    application: Application
    weights: Path | None = None


class NewApplicationDialog(QDialog):
    """The list of applications, their sizes, and three sources of weights.

    Args:
        folder: Where files of weights are looked for.
        parent: The window.

    Signals:
        build_requested: The `NewModel`.
    """

    build_requested = Signal(object)

    def __init__(self, folder: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("newApplicationDialog")
        self.setWindowTitle("New from keras.applications")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(*_SIZE)
        self.form = ApplicationForm()
        self.random_button = _radio("Random", "randomWeights")
        self.file = FileChoice("From a file", choose_weights, folder)
        self.file.radio.setObjectName("fileWeights")
        self.file.choose_button.setObjectName("chooseWeightsButton")
        self.imagenet_button = _radio("ImageNet", "imagenetWeights")
        self._imagenet_note = QLabel()
        self._imagenet_note.setObjectName("imagenetNote")
        self._imagenet_note.setWordWrap(True)
        set_tone(self._imagenet_note, "secondary")
        self._arrange()
        self._connect()
        self.random_button.setChecked(True)
        self._refresh()
        self.form.list_.field.setFocus()

    def _arrange(self) -> None:
        heading = QLabel("Weights")
        set_tone(heading, "heading")
        side = self.form.side
        side.addSpacing(CORNER)
        side.addWidget(heading)
        side.addWidget(self.random_button)
        side.addWidget(self.file)
        side.addWidget(self.imagenet_button)
        side.addWidget(self._imagenet_note)
        self._group = QButtonGroup(self)
        for button in (self.random_button, self.file.radio, self.imagenet_button):
            self._group.addButton(button)
        buttons = QDialogButtonBox()
        self.build_button = buttons.addButton("Build", QDialogButtonBox.ButtonRole.AcceptRole)
        self.build_button.setObjectName("buildButton")
        self.build_button.setDefault(True)
        set_tone(self.build_button, "primary")
        buttons.addButton("Cancel", QDialogButtonBox.ButtonRole.RejectRole)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(_MARGIN, _MARGIN, _MARGIN, _MARGIN)
        layout.setSpacing(_MARGIN)
        layout.addWidget(self.form, 1)
        layout.addWidget(buttons)

    def _connect(self) -> None:
        self.form.changed.connect(self._refresh)
        self.form.activated.connect(self._on_activated)
        self._group.buttonToggled.connect(self._refresh)
        self.file.changed.connect(self._refresh)
        self.accepted.connect(self._on_accepted)

    @property
    def new_model(self) -> NewModel | None:
        """What would be built; None while something is missing."""
        application = self.form.application
        if not application or (self.file.radio.isChecked() and not self.file.path):
            return None
        if self.imagenet_button.isChecked():
            return NewModel(msgspec.structs.replace(application, weights="imagenet"))
        return NewModel(application, self.file.path)

    @property
    def imagenet_text(self) -> str:
        """What is said of ImageNet's weights."""
        return self._imagenet_note.accessibleName()

    @Slot()
    def _refresh(self) -> None:
        facts, application = self.form.facts, self.form.application
        obstacle = facts.imagenet_obstacle(application) if facts and application else "Pick an application first."
        if obstacle and self.imagenet_button.isChecked():
            self.random_button.setChecked(True)
        self.imagenet_button.setEnabled(not obstacle)
        self._show_imagenet(obstacle or _IMAGENET_TEXT)
        self.build_button.setEnabled(self.new_model is not None)

    def _show_imagenet(self, text: str) -> None:
        self._imagenet_note.setText(breakable(text))
        self._imagenet_note.setAccessibleName(text)
        self._imagenet_note.setToolTip(text)

    @Slot()
    def _on_activated(self) -> None:
        if self.new_model:
            self.accept()

    @Slot()
    def _on_accepted(self) -> None:
        self.build_requested.emit(self.new_model)


def _radio(text: str, name: str) -> QRadioButton:
    button = QRadioButton(text)
    button.setObjectName(name)
    return button
