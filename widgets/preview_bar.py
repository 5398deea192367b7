"""A quiet line below the layers: that they are a preview, why, and what can be done about it.

It stands below, so that no row moves under the mouse when the live model is there and the line goes.
"""

from __future__ import annotations

from enum import StrEnum

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QPushButton, QWidget

from widgets.line_breaks import breakable
from widgets.theme import CORNER, set_tone

_BUSY_SIZE = (64, 4)


class Remedy(StrEnum):
    """What can be done about a preview; the value is the word on its button."""

    STOP = "Stop"
    TRY_AGAIN = "Try Again"
    GIVE_CODE = "Give Code…"
    CHOOSE_ARCHITECTURE = "Choose Architecture…"


_BUTTON_NAMES = {
    Remedy.STOP: "stopLoadingButton",
    Remedy.TRY_AGAIN: "loadAgainButton",
    Remedy.GIVE_CODE: "giveCodeButton",
    Remedy.CHOOSE_ARCHITECTURE: "chooseArchitectureButton",
}


class PreviewBar(QFrame):
    """One line with its buttons; hidden while the model is live.

    Signals:
        remedy_chosen: The `Remedy` that was clicked.
    """

    remedy_chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("previewBar")
        self.setAccessibleName("Preview")
        self._busy = QProgressBar()
        self._busy.setRange(0, 0)
        self._busy.setTextVisible(False)
        self._busy.setFixedSize(*_BUSY_SIZE)
        self._text = QLabel()
        self._text.setObjectName("previewText")
        self._text.setWordWrap(True)
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        set_tone(self._text, "secondary")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(CORNER + 4, CORNER // 2, CORNER, 0)
        layout.setSpacing(CORNER)
        layout.addWidget(self._busy)
        layout.addWidget(self._text, 1)
        self._buttons = {remedy: self._button(remedy, layout) for remedy in Remedy}
        self._state: tuple[str, tuple[Remedy, ...], bool, str] | None = None
        self.hide()

    def _button(self, remedy: Remedy, layout: QHBoxLayout) -> QPushButton:
        button = QPushButton(remedy.value)
        button.setObjectName(_BUTTON_NAMES[remedy])
        button.setAutoDefault(False)
        set_tone(button, "small")
        button.clicked.connect(lambda _checked=False: self.remedy_chosen.emit(remedy))
        layout.addWidget(button)
        return button

    @property
    def text(self) -> str:
        """What the line says; empty while it is hidden."""
        return self._text.accessibleName() if not self.isHidden() else ""

    def show_state(self, text: str, remedies: tuple[Remedy, ...], *, is_busy: bool, tip: str = "") -> None:
        """Says where the preview stands; `tip` says more of it."""
        state = (text, remedies, is_busy, tip)
        if state == self._state and not self.isHidden():
            return
        self._state = state
        self._text.setText(breakable(text))
        self._text.setAccessibleName(text)
        self._text.setToolTip(tip)
        self._busy.setVisible(is_busy)
        for remedy, button in self._buttons.items():
            button.setVisible(remedy in remedies)
        self.show()
