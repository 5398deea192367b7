"""What the program is."""

from __future__ import annotations

from PySide6.QtWidgets import QMessageBox, QWidget

from editor import __version__


def show_about(parent: QWidget) -> None:
    """Says name, version and purpose; the window goes on meanwhile."""
    text = f"<b>Frostline {__version__}</b><p>Freezes any part of a Keras model, trains it, and keeps it frozen."
    box = QMessageBox(QMessageBox.Icon.NoIcon, "About Frostline", text, parent=parent)
    box.setIconPixmap(parent.window().windowIcon().pixmap(64))
    box.open()
