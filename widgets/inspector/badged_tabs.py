"""Tabs that tell a number: as a badge where it asks for attention, else beside the word."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QTabBar, QTabWidget, QWidget

from widgets.numbers import count
from widgets.theme import scaled_font, set_tone

_SCALE = 0.85
_HEIGHT = 16
_RIGHT_ROOM = 8
_RIGHT = QTabBar.ButtonPosition.RightSide


class BadgedTabs(QTabWidget):
    """A tab widget whose pages can carry a number."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words: dict[QWidget, str] = {}

    def add_page(self, page: QWidget, words: str) -> None:
        """Adds a page that may get a number."""
        self._words[page] = words
        self.addTab(page, words)

    def set_number(self, page: QWidget, number: int, *, tone: str = "") -> None:
        """Shows a page's number; none for 0.

        Args:
            page: A page that `add_page` was called with.
            number: How many there are.
            tone: Of the badge, as the style sheet knows it; without one the number stands beside the word.
        """
        words, at = self._words[page], self.indexOf(page)
        self.setTabText(at, f"{words} {count(number)}" if number and not tone else words)
        self.tabBar().setAccessibleTabName(at, f"{words}: {count(number)}" if number else words)
        self._set_badge(at, count(number) if number and tone else "", tone)

    def badge_text(self, page: QWidget) -> str:
        """What the badge of a page says; empty without one."""
        badge = self.tabBar().tabButton(self.indexOf(page), _RIGHT)
        return badge.text() if isinstance(badge, _Badge) else ""

    def _set_badge(self, at: int, text: str, tone: str) -> None:
        bar = self.tabBar()
        old = bar.tabButton(at, _RIGHT)
        if isinstance(old, _Badge) and (old.text(), old.property("tone")) == (text, tone):
            return
        # Always another one: Qt measures a button when it is set, and hides the one that was set before.
        bar.setTabButton(at, _RIGHT, _Badge(text, tone) if text else None)
        if old is not None:
            old.deleteLater()


class _Badge(QWidget):
    """A number on a tint; the room beside it lets the line below the tab reach under all of it."""

    def __init__(self, text: str, tone: str) -> None:
        super().__init__()
        self._label = QLabel(text)
        self._label.setObjectName("tabBadge")
        self._label.setFont(scaled_font(self._label.font(), _SCALE))
        self._label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._label.setFixedHeight(_HEIGHT)
        set_tone(self._label, tone)
        self.setProperty("tone", tone)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, _RIGHT_ROOM, 0)
        layout.addWidget(self._label)
        self.adjustSize()

    def text(self) -> str:
        """The number."""
        return self._label.text()
