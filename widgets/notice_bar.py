"""A strip below the layers that says what happened, or what is going on, without stopping anybody."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QPushButton, QSizePolicy, QToolButton, QWidget

from widgets.icons import Icons
from widgets.line_breaks import with_short_runs
from widgets.theme import Theme

_ICON_SIZE = 16

W = TypeVar("W", bound=QWidget)


class Level(StrEnum):
    """How a notice looks; the value is its icon."""

    INFO = "info"
    DONE = "check"
    WARNING = "warning"
    ERROR = "error"


class NoticeBar(QFrame):
    """One notice at a time: an icon, a sentence and a hint, and at most one button of its own."""

    action_clicked = Signal()
    """The notice's own button, such as Cancel."""
    details_requested = Signal()
    closed = Signal()

    def __init__(self, theme: Theme, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("noticeBar")
        self.setAccessibleName("Notice")
        self.setProperty("pane", True)
        self._icons = icons
        self._level = Level.INFO
        self._icon = QLabel()
        self._text = _named(QLabel(), "noticeText")
        self._text.setWordWrap(True)
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._busy = _named(QProgressBar(), "noticeBusy")
        self._busy.setRange(0, 0)
        self._busy.setTextVisible(False)
        self._busy.setFixedSize(96, 6)
        self._action = _named(QPushButton(), "noticeAction")
        self._details = _named(QPushButton("&Details"), "noticeDetails")
        self._close = _named(QToolButton(), "noticeClose")
        self._close.setAccessibleName("Close notice")
        self._close.setAutoRaise(True)
        for button in (self._action, self._details, self._close):
            # A button that takes the focus when another one goes would turn the next Space into a Cancel.
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._arrange()
        self._action.clicked.connect(self.action_clicked)
        self._details.clicked.connect(self.details_requested)
        self._close.clicked.connect(self._on_close_clicked)
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()
        self.hide()

    @property
    def text(self) -> str:
        """What the bar says; empty while it is hidden."""
        return self._text.accessibleName() if not self.isHidden() else ""

    @property
    def level(self) -> Level:
        """How the last notice looks."""
        return self._level

    @property
    def is_news(self) -> bool:
        """Whether it only tells what was done: nothing is wrong, nothing goes on, nothing is offered."""
        is_settled = self._busy.isHidden() and self._action.isHidden()
        return is_settled and self._level in (Level.INFO, Level.DONE)

    def show_notice(self, level: Level, text: str, *, action: str = "", has_details: bool = False) -> None:
        """Says something until it is closed or replaced."""
        self._show(level, text, action)
        self._busy.hide()
        self._details.setVisible(has_details)
        self._close.show()
        self._take_place()

    def show_busy(self, text: str, *, action: str = "") -> None:
        """Says what is going on; it stays until it is replaced or cleared."""
        self._show(Level.INFO, text, action)
        self._busy.show()
        self._details.hide()
        self._close.hide()
        self._take_place()

    def clear(self) -> None:
        """Says nothing."""
        self._text.clear()
        self.hide()

    def _show(self, level: Level, text: str, action: str) -> None:
        self._level = level
        self._text.setText(with_short_runs(text))
        self._text.setAccessibleName(text)
        self._action.setText(f"&{action}" if action else "")
        self._action.setVisible(bool(action))
        self._on_theme_changed()
        self.show()

    def _take_place(self) -> None:
        """At once, not with the next events: whoever scrolls the layers now must know how much room they have."""
        parent = self.parentWidget()
        if parent and (layout := parent.layout()):
            layout.activate()

    def _arrange(self) -> None:
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 6, 8, 6)
        layout.setSpacing(10)
        layout.addWidget(self._icon)
        layout.addWidget(self._busy)
        layout.addWidget(self._text, 1)
        layout.addWidget(self._action)
        layout.addWidget(self._details)
        layout.addWidget(self._close)

    def _on_theme_changed(self) -> None:
        self._icon.setPixmap(self._icons.pixmap(self._level.value, _ICON_SIZE, self.devicePixelRatioF()))
        self._close.setIcon(self._icons.icon("close"))

    def _on_close_clicked(self) -> None:
        self.clear()
        self.closed.emit()


def _named(widget: W, name: str) -> W:
    widget.setObjectName(name)
    return widget
