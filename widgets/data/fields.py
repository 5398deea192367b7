"""The small parts that the data form is made of."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtWidgets import QComboBox, QGridLayout, QLabel, QVBoxLayout, QWidget

from widgets.icons import Icons
from widgets.theme import CORNER, set_tone
from widgets.training.form_row import FormRow, Message

_LABEL_WIDTH = 104


class WideRow:
    """What takes a row of its own, and a message below it.

    Args:
        editor: What is edited; it shows the tone `wrong` itself.
        icons: Has the warning sign.
    """

    def __init__(self, editor: QWidget, icons: Icons) -> None:
        self.editor = editor
        self.message = Message(icons)

    def show_problem(self, text: str) -> None:
        """Says what is wrong; nothing if all is right."""
        self.message.show_text(text, is_problem=True)
        self.editor.setAccessibleDescription(text)
        set_tone(self.editor, "wrong" if text else "")


Row = FormRow | WideRow


class Section(QWidget):
    """A heading and rows of labelled fields below it.

    Attributes:
        rows: The row of each field, by its name.
        wide: The rows of what is no single field.
    """

    def __init__(self, title: str, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows: dict[str, FormRow] = {}
        self.wide: dict[str, WideRow] = {}
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

    def add_wide(self, name: str, editor: QWidget) -> None:
        """Adds something that takes a row of its own."""
        row = self.wide[name] = WideRow(editor, self._icons)
        layout = self.layout()
        assert layout
        layout.addWidget(editor)
        layout.addWidget(row.message)

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
