"""Labels and texts below each other; the widgets are kept and filled again."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from widgets.account_bar import AccountBar
from widgets.inspector.facts import Fact
from widgets.theme import CORNER, Theme, mono_font, number_font

_BAR_HEIGHT = 6


class FactList(QWidget):
    """The facts of the inspector's subject."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._rows: list[FactRow] = []
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(6)
        # Takes what is left, so that the rows stand as close as they can.
        self._layout.addStretch()

    def show_facts(self, facts: Sequence[Fact]) -> None:
        """Shows other facts. Rows are never destroyed, so that toggling thousands of times makes no widgets."""
        while len(self._rows) < len(facts):
            self._rows.append(FactRow(self._theme))
            self._layout.insertWidget(len(self._rows) - 1, self._rows[-1])
        for row, fact in zip(self._rows, facts, strict=False):
            row.show_fact(fact)
        for at, row in enumerate(self._rows):
            row.setVisible(at < len(facts))

    @property
    def texts(self) -> dict[str, str]:
        """What is shown, by label."""
        return {row.fact.label: row.fact.text for row in self._rows if row.fact and not row.isHidden()}


class FactRow(QWidget):
    """A label, and beside it a text, or paths, and perhaps a bar."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.fact: Fact | None = None
        self._label = QLabel()
        self._label.setProperty("tone", "secondary")
        self._label.setFixedWidth(self.fontMetrics().horizontalAdvance("Output shape") + 2 * CORNER)
        self._text = _text_label()
        self._path = _path_edit()
        self._bar = AccountBar(theme, _BAR_HEIGHT)
        values = QVBoxLayout()
        values.setSpacing(5)
        for widget in (self._text, self._path, self._bar):
            values.addWidget(widget)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(CORNER)
        layout.addWidget(self._label, 0, Qt.AlignmentFlag.AlignTop)
        layout.addLayout(values, 1)

    def show_fact(self, fact: Fact) -> None:
        """Shows another fact; does nothing where it is the same."""
        if fact == self.fact:
            return
        self.fact = fact
        self._label.setText(fact.label)
        self._text.setVisible(not fact.is_path)
        self._path.setVisible(fact.is_path)
        self._bar.setVisible(fact.account is not None)
        if fact.is_path:
            self._show_paths(fact)
        else:
            self._text.setText(fact.text)
            self._text.setAccessibleName(f"{fact.label}: {fact.text}")
        if fact.account is not None:
            self._bar.show_account(fact.account)

    def _show_paths(self, fact: Fact) -> None:
        self._path.setText(fact.text.replace("\n", ", "))
        self._path.setCursorPosition(0)
        self._path.setToolTip(fact.text)
        self._path.setAccessibleName(fact.label)


def _text_label() -> QLabel:
    label = QLabel()
    label.setFont(number_font(label.font()))
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label


def _path_edit() -> QLineEdit:
    """A path has no spaces to wrap at, and a label would push the pane wide: a field scrolls instead."""
    edit = QLineEdit()
    edit.setReadOnly(True)
    edit.setProperty("tone", "plain")
    # Qt insets the text by two pixels, which would put it beside the column of the other texts.
    edit.setTextMargins(-2, 0, 0, 0)
    edit.setFont(mono_font(edit.font()))
    return edit
