"""A row of the form: a label, what is edited, and below it what is to be said about it."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QGridLayout, QHBoxLayout, QLabel, QSizePolicy, QWidget
from typing_extensions import override

from widgets.icons import Icons
from widgets.theme import ROW_HEIGHT, set_tone
from widgets.training.fonts import smaller_font

ICON_SIZE = 14
_PADDING = 4


class Message(QWidget):
    """A short text, with a warning sign before it when it is about something wrong; gone when empty."""

    def __init__(self, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icons = icons
        self._is_problem = False
        self._icon = QLabel(self)
        self._icon.setFixedSize(ICON_SIZE, ICON_SIZE)
        self._text = QLabel(self)
        self._text.setWordWrap(True)
        self._text.setFont(smaller_font(self.font()))
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(5)
        layout.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        layout.addWidget(self._text, 1)
        self.show_text("")

    def text(self) -> str:
        """What is said."""
        return self._text.text()

    def is_problem(self) -> bool:
        """Whether it is about something wrong."""
        return self._is_problem

    def show_text(self, text: str, *, is_problem: bool = False) -> None:
        """Says something, or nothing."""
        self._is_problem = is_problem and bool(text)
        self._text.setText(text)
        set_tone(self._text, "error" if self._is_problem else "secondary")
        self._icon.setVisible(self._is_problem)
        self.setVisible(bool(text))
        self.repaint_icon()

    def repaint_icon(self) -> None:
        """Draws the sign in the theme's colours."""
        if self._is_problem:
            self._icon.setPixmap(self._icons.pixmap("warning", ICON_SIZE, self.devicePixelRatioF(), tone="error"))


class FormRow:
    """A label and its editor in one row of a grid, and a message below the editor.

    The message is the problem where there is one, else the note.
    """

    def __init__(
        self,
        grid: QGridLayout,
        title: str,
        editor: QWidget,
        icons: Icons,
        *,
        tip: str = "",
        beside: QWidget | None = None,
    ) -> None:
        """Adds a row to a grid.

        Args:
            grid: Labels in its first column, editors in its second.
            title: The label, and the editor's name.
            editor: What is edited. A check box has its own words and stands in both columns.
            icons: Has the warning sign.
            tip: What the field does.
            beside: Stands right of the editor.
        """
        self.title = title
        self.editor = editor
        self.fields = (editor, beside) if beside else (editor,)
        self._note = ""
        self._problem = ""
        self._label: QLabel | None = None
        self.message = Message(icons, editor.parentWidget())
        row = grid.rowCount()
        editor.setAccessibleName(title)
        editor.setFixedHeight(max(ROW_HEIGHT, editor.fontMetrics().height() + 2 * _PADDING))
        if not isinstance(editor, QComboBox):  # It says its own text where that does not fit.
            editor.setToolTip(tip)
        if isinstance(editor, QCheckBox):
            grid.addWidget(editor, row, 0, 1, 2)
        else:
            self._label = _label(title, editor, tip)
            grid.addWidget(self._label, row, 0)
            grid.addLayout(_beside_each_other(editor, beside), row, 1)
        grid.addWidget(self.message, row + 1, 0, 1, 2)

    @property
    def label_width(self) -> int:
        """Of the label, in pixels; 0 where the editor has its own words."""
        return self._label.sizeHint().width() if self._label else 0

    def set_visible(self, *, is_visible: bool) -> None:
        """Shows or hides the whole row."""
        for widget in (self.editor, self._label):
            if widget:
                widget.setVisible(is_visible)
        self.message.setVisible(is_visible and bool(self.message.text()))

    def show_note(self, text: str) -> None:
        """Says what the field amounts to."""
        self._note = text
        self._show()

    def show_problem(self, text: str) -> None:
        """Says what is wrong; nothing if all is right."""
        self._problem = text
        self._show()

    def _show(self) -> None:
        self.message.show_text(self._problem or self._note, is_problem=bool(self._problem))
        self.editor.setAccessibleDescription(self._problem or self._note)
        set_tone(self.editor, "wrong" if self._problem else "")


def set_tab_order(widgets: Iterable[QWidget]) -> None:
    """Lets Tab go through widgets in this order, whichever of them was made first."""
    for before, after in pairwise(widgets):
        QWidget.setTabOrder(before, after)


def _label(title: str, editor: QWidget, tip: str) -> QLabel:
    label = QLabel(title, editor.parentWidget())
    label.setBuddy(editor)
    label.setToolTip(tip)
    set_tone(label, "secondary")
    return label


def _beside_each_other(editor: QWidget, beside: QWidget | None) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(4)
    row.addWidget(editor, 1)
    if beside:
        beside.setFixedHeight(editor.height())
        row.addWidget(beside)
    return row


class WheelGuard(QObject):
    """Leaves the wheel to the scroll area as long as a field has not been clicked into."""

    def guard(self, field: QWidget) -> None:
        """Guards a field against being changed in passing."""
        field.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        field.installEventFilter(self)

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Wheel and isinstance(watched, QWidget) and not watched.hasFocus():
            event.ignore()
            return True
        return super().eventFilter(watched, event)
