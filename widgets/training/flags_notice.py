"""Says that flags were changed while a run is under way, and offers to apply them to it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from widgets.icons import Icons
from widgets.theme import set_tone
from widgets.training.form_row import Message


class FlagsNotice(QWidget):
    """A sentence, and a button where the flags can still be applied; gone when there is nothing to say.

    Signals:
        apply_requested: The button was clicked.
    """

    apply_requested = Signal()

    def __init__(self, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("flagsNotice")
        self.message = Message(icons, self)
        self._button = QPushButton("Apply at the Next Epoch", self)
        self._button.setObjectName("applyFlagsButton")
        self._button.setAccessibleName("Apply the changed flags to the run at its next epoch")
        set_tone(self._button, "link")
        self._button.clicked.connect(lambda: self.apply_requested.emit())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 2)
        layout.setSpacing(0)
        layout.addWidget(self.message)
        layout.addWidget(self._button)
        self.show_text("")

    def show_text(self, text: str, *, can_apply: bool = False, is_problem: bool = False) -> None:
        """Says something, or nothing."""
        self.message.show_text(text, is_problem=is_problem)
        self._button.setVisible(can_apply)
        self.setVisible(bool(text))
