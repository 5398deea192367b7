"""A look at what a freeze map would change, before it is applied."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QPlainTextEdit, QVBoxLayout, QWidget

from editor.layers.edits import Look
from editor.layers.tree import MapReport
from editor.wording import counted
from widgets.theme import CORNER, mono_font, set_tone

_MARGIN = 2 * CORNER
_WIDTH = 600
_MAX_LINES_HEIGHT = 180


class ApplyMapDialog(QDialog):
    """Says how many layers change, and what does not fit.

    Signals:
        apply_requested: The button was clicked.
    """

    apply_requested = Signal()

    def __init__(self, map_name: str, look: Look, report: MapReport, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("applyMapDialog")
        self.setWindowTitle("Apply Freeze Map")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(_WIDTH)
        self._look = _label(str(look) + ".")
        self._look.setObjectName("mapLook")
        has_changes = look != Look()
        title = _label(_title(map_name, report, has_changes=has_changes))
        set_tone(title, "strong")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(_MARGIN, _MARGIN, _MARGIN, _MARGIN)
        layout.setSpacing(CORNER)
        layout.addWidget(title)
        layout.addWidget(self._look)
        for widget in _what_does_not_fit(report):
            layout.addWidget(widget)
        layout.addSpacing(CORNER)
        layout.addWidget(self._buttons(has_changes=has_changes))

    def _buttons(self, *, has_changes: bool) -> QDialogButtonBox:
        buttons = QDialogButtonBox()
        if has_changes:
            apply = buttons.addButton("Apply", QDialogButtonBox.ButtonRole.AcceptRole)
            apply.setObjectName("applyMapButton")
            apply.setDefault(True)
            apply.setFocus()
        buttons.addButton("Cancel" if has_changes else "Close", QDialogButtonBox.ButtonRole.RejectRole)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        self.accepted.connect(self.apply_requested)
        return buttons

    @property
    def look_text(self) -> str:
        """What the map would change."""
        return self._look.text()


def _title(map_name: str, report: MapReport, *, has_changes: bool) -> str:
    if has_changes:
        return f"Apply the flags of {map_name} to this model?"
    if report.lines:
        return f"Nothing of {map_name} would change this model."
    return f"This model has the flags of {map_name} already."


def _what_does_not_fit(report: MapReport) -> list[QWidget]:
    widgets: list[QWidget] = []
    if report.lines:
        verb = "does not fit and is left out:" if len(report.lines) == 1 else "do not fit and are left out:"
        widgets.append(_label(f"{counted(len(report.lines), 'entry', 'entries')} of the map {verb}"))
        widgets.append(_list(report.lines))
    if report.uncovered:
        num = len(report.uncovered)
        keeps = "is not in the map and keeps its flags." if num == 1 else "are not in the map and keep their flags."
        note = _label(f"{counted(num, 'layer')} of this model {keeps}")
        note.setToolTip("\n".join(report.uncovered[:30]))
        set_tone(note, "secondary")
        widgets.append(note)
    return widgets


def _label(text: str) -> QLabel:
    label = QLabel(text)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    return label


def _list(lines: tuple[str, ...]) -> QPlainTextEdit:
    text = QPlainTextEdit("\n".join(lines))
    text.setObjectName("mapMisfits")
    text.setAccessibleName("What does not fit")
    text.setReadOnly(True)
    # The first key is for the button.
    text.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
    text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
    text.setFont(mono_font(text.font()))
    rows = min(len(lines), 8)
    text.setFixedHeight(min(_MAX_LINES_HEIGHT, text.fontMetrics().lineSpacing() * (rows + 1) + _MARGIN))
    return text
