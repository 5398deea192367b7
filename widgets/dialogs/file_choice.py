"""One of several choices in a dialog: the one in a file, which is asked for when it is chosen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QRadioButton, QWidget

from widgets.elided_label import ElidedLabel
from widgets.theme import CORNER, set_tone

Choose = Callable[[QWidget, Path, Callable[[Path], None]], None]


class FileChoice(QWidget):
    """A radio button, a button that asks for the file, and its name.

    Args:
        text: What stands at the radio button.
        choose: Asks for a file: over which window, in which folder, and what to call with it.
        folder: Where files are looked for at first.
        nothing: What stands in place of the name as long as there is no file.

    Signals:
        changed: Another file was chosen.
    """

    changed = Signal()

    def __init__(self, text: str, choose: Choose, folder: Path, nothing: str = "") -> None:
        super().__init__()
        self._choose = choose
        self._folder = folder
        self._path: Path | None = None
        self.radio = QRadioButton(text)
        self.choose_button = QPushButton("Choose…")
        self.choose_button.setAutoDefault(False)
        set_tone(self.choose_button, "small")
        self._name = ElidedLabel(nothing)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(CORNER)
        layout.addWidget(self.radio)
        layout.addWidget(self.choose_button)
        layout.addWidget(self._name, 1)
        self.radio.clicked.connect(self._on_radio_clicked)
        self.choose_button.clicked.connect(self._ask)

    @property
    def path(self) -> Path | None:
        """The file, while the file is what is chosen."""
        return self._path if self.radio.isChecked() else None

    def set_path(self, path: Path) -> None:
        """Chooses a file."""
        self._path = path.absolute()
        self._name.setText(path.name)
        self._name.setToolTip(str(path))
        self.radio.setChecked(True)
        self.changed.emit()

    @Slot()
    def _on_radio_clicked(self) -> None:
        if not self._path:
            self._ask()

    @Slot()
    def _ask(self) -> None:
        choose = self._choose
        choose(self.window(), self._path.parent if self._path else self._folder, self.set_path)
