"""What the forms of dialogs are put together from: fields with their names, and rows of them."""

from __future__ import annotations

from PySide6.QtWidgets import QComboBox, QGridLayout, QLabel, QRadioButton, QSpinBox, QWidget

from widgets.spin_boxes import inset
from widgets.theme import CORNER, set_tone


class Rows(QWidget):
    """Labels and fields in two columns; no form layout, which would cut off what is said in several lines."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(2 * CORNER)
        self._grid.setVerticalSpacing(CORNER // 2)
        self._grid.setColumnStretch(1, 1)

    def add(self, title: str | QLabel, *fields: QWidget) -> None:
        """Puts fields below all others, one below the other, beside the title of the first."""
        label = QLabel(title) if isinstance(title, str) else title
        label.setBuddy(fields[0])
        self._grid.addWidget(label, self._grid.rowCount(), 0)
        for at, field in enumerate(fields):
            self._grid.addWidget(field, self._grid.rowCount() - (0 if at else 1), 1)

    def add_stretch(self) -> None:
        """Keeps the rows at the top."""
        self._grid.setRowStretch(self._grid.rowCount(), 1)


def number_box(name: str, title: str, lowest: int, highest: int, value: int) -> QSpinBox:
    """A box for a whole number."""
    box = QSpinBox()
    box.setObjectName(name)
    box.setAccessibleName(title)
    box.setRange(lowest, highest)
    box.setValue(value)
    box.setGroupSeparatorShown(True)
    inset(box)
    return box


def choice_box(name: str, title: str) -> QComboBox:
    """A box for one of several, yet to be filled."""
    box = QComboBox()
    box.setObjectName(name)
    box.setAccessibleName(title)
    return box


def radio_button(name: str, text: str) -> QRadioButton:
    """One of several that exclude each other."""
    button = QRadioButton(text)
    button.setObjectName(name)
    return button


def note(name: str, text: str = "", tone: str = "secondary") -> QLabel:
    """A remark of any number of lines."""
    label = QLabel(text)
    label.setObjectName(name)
    label.setWordWrap(True)
    set_tone(label, tone)
    return label
