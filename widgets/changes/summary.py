"""The parameters of the model at opening and now, side by side."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from editor.layers.accounts import Account
from widgets.account_bar import AccountBar
from widgets.numbers import count
from widgets.theme import CORNER, Theme, number_font, set_tone

_BAR_HEIGHT = 6
_ROWS = (("Trainable", "trainable"), ("Frozen", "frozen"), ("Statistics", ""))
_RIGHT = Qt.AlignmentFlag.AlignRight


class AccountChange(QWidget):
    """Two columns of numbers, each below its bar."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("accountChange")
        self._bars = [AccountBar(theme, _BAR_HEIGHT) for _ in range(2)]
        self._numbers = [[_number() for _ in range(2)] for _ in _ROWS]
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(3 * CORNER)
        grid.setVerticalSpacing(5)
        grid.addWidget(_label("Parameters", "secondary"), 0, 0)
        for column, title in enumerate(("At opening", "Now"), 1):
            grid.addWidget(_label(title, "secondary"), 0, column, _RIGHT)
            grid.addWidget(self._bars[column - 1], 1, column, Qt.AlignmentFlag.AlignVCenter)
            grid.setColumnStretch(column, 1)
        for at, (words, _tone) in enumerate(_ROWS):
            grid.addWidget(_label(words, "secondary"), at + 2, 0)
            for column, number in enumerate(self._numbers[at], 1):
                grid.addWidget(number, at + 2, column, _RIGHT)

    def show_accounts(self, was: Account, now: Account) -> None:
        """Shows both; a number that differs now is coloured and strong."""
        for bar, account in zip(self._bars, (was, now), strict=True):
            bar.show_account(account)
        for (words, tone), labels in zip(_ROWS, self._numbers, strict=True):
            numbers = [getattr(account, words.lower()).parameters for account in (was, now)]
            for label, number in zip(labels, numbers, strict=True):
                label.setText(count(number))
                label.setAccessibleName(f"{words}: {count(number)}")
            set_tone(labels[1], tone if numbers[0] != numbers[1] else "")

    @property
    def texts(self) -> list[tuple[str, ...]]:
        """The numbers as they are shown, a pair for each row."""
        return [tuple(label.text() for label in labels) for labels in self._numbers]


def _number() -> QLabel:
    label = QLabel()
    label.setFont(number_font(label.font()))
    return label


def _label(text: str, tone: str) -> QLabel:
    label = QLabel(text)
    set_tone(label, tone)
    return label
