"""Widths of the layer tree's columns."""

from __future__ import annotations

from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QHeaderView

from widgets.layer_tree.model import Column
from widgets.theme import number_font

_LEAST_LAYER_WIDTH = 160
_PADDING = 22
_WIDEST = {
    Column.TYPE: "GlobalAveragePooling2D",
    Column.SHAPE: "3 × 3 × 512 × 512",
    Column.PARAMETERS: "138,357,544",
    Column.TRAINABLE: "138,357,544",
}
"""The columns but the first are at first as wide as these."""


def set_up_columns(header: QHeaderView) -> None:
    """Sensible widths; all columns can be resized, and all but the first moved."""
    header.setStretchLastSection(False)
    header.setSectionsMovable(True)
    header.setFirstSectionMovable(False)
    header.setMinimumSectionSize(48)
    header.setHighlightSections(False)
    metrics = QFontMetrics(number_font(header.font()))
    for column, widest in _WIDEST.items():
        header.resizeSection(column, metrics.horizontalAdvance(widest) + _PADDING)


def fill_first_column(header: QHeaderView, width: int) -> None:
    """Gives the first column what the others leave of `width` pixels."""
    others = sum(header.sectionSize(column) for column in _WIDEST)
    header.resizeSection(Column.LAYER, max(_LEAST_LAYER_WIDTH, width - others))
