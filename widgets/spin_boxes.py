"""Boxes for numbers that look like the other fields."""

from __future__ import annotations

from PySide6.QtWidgets import QAbstractSpinBox


def inset(*boxes: QAbstractSpinBox) -> None:
    """Sets their text where that of other fields begins: a style sheet's padding does not reach the box inside."""
    for box in boxes:
        box.lineEdit().setTextMargins(7, 0, 0, 0)
