"""Shows the long text behind a notice."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QPlainTextEdit, QVBoxLayout, QWidget

from widgets.theme import mono_font

_SIZE = (760, 440)


def show_details(
    window: QWidget, summary: str, details: str, *, title: str = "Details", is_code: bool = False
) -> QDialog:
    """Opens a dialog that can be scrolled and copied from; it does not block. Lines of code are not broken."""
    dialog = QDialog(window)
    dialog.setObjectName("detailsDialog")
    dialog.setWindowTitle(title)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.resize(*_SIZE)
    label = QLabel(summary)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    text = QPlainTextEdit(details)
    text.setReadOnly(True)
    text.setFont(mono_font(text.font()))
    text.setAccessibleName(title)
    if is_code:
        text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
    buttons = QDialogButtonBox()
    buttons.addButton("Close", QDialogButtonBox.ButtonRole.RejectRole).setDefault(True)
    copy = buttons.addButton("Copy", QDialogButtonBox.ButtonRole.ActionRole)
    copy.setAutoDefault(False)
    copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(details))
    buttons.rejected.connect(dialog.reject)
    layout = QVBoxLayout(dialog)
    layout.setSpacing(12)
    for widget in (label, text, buttons):
        layout.addWidget(widget)
    dialog.open()
    return dialog
