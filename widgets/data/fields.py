"""The small parts that the data form is made of."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtWidgets import QComboBox, QGridLayout, QLabel, QVBoxLayout, QWidget

from widgets.icons import Icons
from widgets.theme import CORNER, set_tone
from widgets.training.form_row import FormRow

_LABEL_WIDTH = 104


class Section(QWidget):
    """A heading and rows of labelled fields below it.

    Attributes:
        rows: The row of each field, by the name that problems are told under.
    """

    def __init__(self, title: str, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows: dict[str, FormRow] = {}
        self._icons = icons
        heading = QLabel(title, self)
        set_tone(heading, "heading")
        self._grid = QGridLayout()
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(CORNER)
        self._grid.setVerticalSpacing(CORNER // 2)
        self._grid.setColumnStretch(1, 1)
        self._grid.setColumnMinimumWidth(0, _LABEL_WIDTH)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, CORNER)
        layout.setSpacing(CORNER // 2)
        layout.addWidget(heading)
        layout.addLayout(self._grid)

    def add(self, name: str, title: str, editor: QWidget) -> FormRow:
        """Adds a row."""
        editor.setParent(self)
        editor.setObjectName(f"{name}Choice")
        row = self.rows[name] = FormRow(self._grid, title, editor, self._icons)
        return row

    def add_wide(self, widget: QWidget) -> None:
        """Adds something that takes a row of its own."""
        layout = self.layout()
        assert layout
        layout.addWidget(widget)

    def show_row(self, name: str, *, is_shown: bool) -> None:
        """Shows or hides a row."""
        self.rows[name].set_visible(is_visible=is_shown)


def choice(entries: Iterable[tuple[object, str]]) -> QComboBox:
    """A box of values with words for each."""
    box = QComboBox()
    for value, text in entries:
        box.addItem(text, value)
    box.setMinimumContentsLength(8)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    return box


def choose(box: QComboBox, value: object) -> None:
    """Chooses a value; one that is not among the entries is added, so that nothing is changed in silence."""
    at = next((at for at in range(box.count()) if box.itemData(at) == value), -1)
    if at < 0:
        box.addItem(str(value), value)
        at = box.count() - 1
    box.setCurrentIndex(at)
