"""Fields of the training form that take a number."""

from __future__ import annotations

import math

from PySide6.QtCore import QRegularExpression
from PySide6.QtGui import QRegularExpressionValidator
from PySide6.QtWidgets import QLineEdit, QSpinBox, QWidget

from widgets.spin_boxes import inset


def number_box(parent: QWidget, lowest: int, highest: int, suffix: str = "") -> QSpinBox:
    """A box for a whole number, with what it counts after it."""
    box = QSpinBox(parent)
    box.setRange(lowest, highest)
    box.setGroupSeparatorShown(True)
    inset(box)
    box.setMinimumWidth(60)
    box.setSuffix(suffix)
    return box


def decimal_box(parent: QWidget) -> QLineEdit:
    """A field for a number as people type it."""
    return text_box(parent, "[0-9.,eE+-]{0,24}")


def text_box(parent: QWidget, pattern: str) -> QLineEdit:
    """A field that takes nothing but what fits a regular expression."""
    box = QLineEdit(parent)
    box.setValidator(QRegularExpressionValidator(QRegularExpression(pattern), box))
    box.setMinimumWidth(60)
    return box


def decimal_of(text: str) -> float:
    """A number as people type it, with a point or a comma, such as `1e-4`; NaN if it is none."""
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return math.nan


def decimal_text(number: float) -> str:
    """The shortest text that gives the same number back."""
    if math.isnan(number):
        return ""
    short = f"{number:g}"
    return short if float(short) == number else repr(number)
