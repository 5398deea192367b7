"""Asks for the architecture of a file that holds weights alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QButtonGroup,
    QDialog,
    QDialogButtonBox,
    QLabel,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from editor.files.application_guess import Guess, guess_application
from editor.files.facts import Preview
from editor.files.options import OpenOptions
from widgets.dialogs.application_form import ApplicationForm
from widgets.dialogs.file_choice import FileChoice
from widgets.dialogs.files import choose_architecture
from widgets.theme import CORNER, set_tone

NO_GUESS = "The shapes fit none of them."

_MARGIN = 2 * CORNER
_SIZE = (780, 520)
_INDENT = 22

OnOptions = Callable[[OpenOptions], None]


class ArchitectureDialog(QDialog):
    """One of `keras.applications`, or a file.

    Args:
        name: The file of weights.
        folder: Where it is.
        guess: What the shapes fit best; None if they fit nothing.
        parent: The window.

    Signals:
        answered: The `OpenOptions` with the architecture alone.
    """

    answered = Signal(object)

    def __init__(self, name: str, folder: Path, guess: Guess | None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("architectureDialog")
        self.setWindowTitle("Architecture of the Weights")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(*_SIZE)
        self.application_button = QRadioButton("One of keras.applications")
        self.application_button.setObjectName("applicationArchitecture")
        self.file = FileChoice("The one in a file", choose_architecture, folder, "a .json, or another model file")
        self.file.radio.setObjectName("fileArchitecture")
        self.file.choose_button.setObjectName("chooseArchitectureButton")
        self.file.choose_button.setToolTip("An architecture (.json), or another model file of the same layers")
        self.guess_label = QLabel(str(guess) if guess else NO_GUESS)
        self.guess_label.setObjectName("guessText")
        self.form = ApplicationForm()
        self._arrange(name)
        if guess:
            self.form.show_application(guess.application)
        (self.application_button if guess else self.file.radio).setChecked(True)
        self._connect()
        self._refresh()

    def _arrange(self, name: str) -> None:
        title = QLabel(f"{name} holds weights, but not the layers that they belong to. Which model are they of?")
        title.setWordWrap(True)
        title.setTextFormat(Qt.TextFormat.PlainText)
        set_tone(title, "strong")
        set_tone(self.guess_label, "secondary")
        self._group = QButtonGroup(self)
        for button in (self.application_button, self.file.radio):
            self._group.addButton(button)
        inside = QVBoxLayout()
        inside.setContentsMargins(_INDENT, 0, 0, 0)
        inside.setSpacing(CORNER)
        inside.addWidget(self.guess_label)
        inside.addWidget(self.form, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(_MARGIN, _MARGIN, _MARGIN, _MARGIN)
        layout.setSpacing(CORNER)
        layout.addWidget(title)
        layout.addWidget(self.application_button)
        layout.addLayout(inside, 1)
        layout.addWidget(self.file)
        layout.addSpacing(CORNER)
        layout.addWidget(self._buttons())

    def _buttons(self) -> QDialogButtonBox:
        buttons = QDialogButtonBox()
        self.open_button = buttons.addButton("Open as This Model", QDialogButtonBox.ButtonRole.AcceptRole)
        self.open_button.setObjectName("openWithArchitectureButton")
        self.open_button.setDefault(True)
        set_tone(self.open_button, "primary")
        keep = buttons.addButton("Keep It a Preview", QDialogButtonBox.ButtonRole.RejectRole)
        keep.setObjectName("keepWeightsButton")
        keep.setToolTip("Shows the layers and shapes in the file; it cannot be trained")
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        return buttons

    def _connect(self) -> None:
        self._group.buttonToggled.connect(self._refresh)
        self.form.changed.connect(self._refresh)
        self.form.activated.connect(self._on_activated)
        self.file.changed.connect(self._refresh)
        self.accepted.connect(self._on_accepted)

    @property
    def options(self) -> OpenOptions | None:
        """What was chosen; None while something is missing."""
        if self.file.radio.isChecked():
            return OpenOptions(architecture=str(self.file.path)) if self.file.path else None
        application = self.form.application
        return OpenOptions(application=application) if application else None

    @Slot()
    def _refresh(self) -> None:
        self.form.setEnabled(self.application_button.isChecked())
        self.open_button.setEnabled(self.options is not None)

    @Slot()
    def _on_activated(self) -> None:
        if self.options:
            self.accept()

    @Slot()
    def _on_accepted(self) -> None:
        self.answered.emit(self.options)


class ArchitectureQuestion(QObject):
    """Asks over the window, which stays alive beneath it.

    Args:
        window: The window.
    """

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._dialog: ArchitectureDialog | None = None

    def decide(self, preview: Preview, options: OpenOptions, on_options: OnOptions) -> None:
        """Asks where a file of weights has no architecture yet.

        Args:
            preview: The file.
            options: What was given for it.
            on_options: Called with the options to open it with, at once where nothing is to be asked; never if it is
                to stay a preview.
        """
        self.cancel()
        if preview.facts.format != "weights" or options.architecture or options.application:
            on_options(options)
            return
        path = Path(preview.facts.path)
        guesses = guess_application(preview.root, (path.name, preview.model_name))
        self._dialog = dialog = ArchitectureDialog(
            path.name, path.parent, guesses[0] if guesses else None, self._window
        )

        def answered(chosen: OpenOptions) -> None:
            on_options(
                msgspec.structs.replace(options, architecture=chosen.architecture, application=chosen.application)
            )

        dialog.answered.connect(answered)
        dialog.finished.connect(self._on_finished)
        dialog.open()

    def cancel(self) -> None:
        """Closes a question that is open; nobody is told."""
        if self._dialog:
            self._dialog.reject()

    @Slot()
    def _on_finished(self) -> None:
        self._dialog = None
