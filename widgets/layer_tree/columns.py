"""Widths of the layer tree's columns."""

from __future__ import annotations

from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QHeaderView

from widgets.layer_tree.model import Column
from widgets.theme import number_font

_LEAST_LAYER_WIDTH = 160
_LEAST_TYPE_WIDTH = 84
_COMFORTABLE_LAYER_WIDTH = 250
_PADDING = 18
_NARROW_TYPE = "BatchNormalization"
_WIDE_TYPE = "GlobalAveragePooling2D"
_WIDEST = {
    Column.TYPE: _NARROW_TYPE,
    Column.SHAPE: "3 × 3 × 512 × 512",
    Column.PARAMETERS: "138,357,544",
    Column.TRAINABLE: "138,357,544",
    Column.MOVED: "mm< 0.001 %",
}
"""The columns but the first are at first as wide as these."""


def set_up_columns(header: QHeaderView) -> None:
    """Sensible widths; all columns can be resized, and all but the first moved."""
    header.setStretchLastSection(False)
    header.setSectionsMovable(True)
    header.setFirstSectionMovable(False)
    header.setMinimumSectionSize(48)
    header.setHighlightSections(False)
    for column, widest in _WIDEST.items():
        header.resizeSection(column, _width_of(header, widest))
    # There is nothing to show before the first run; a section that is hidden has the size 0.
    header.setSectionHidden(Column.MOVED, True)


def fill_columns(header: QHeaderView, width: int) -> None:
    """Shares out `width` pixels: the first column takes what the others leave, and spares some for long types.

    A type column that the user made narrower or wider than any of ours is left as it is. Where all cannot have the
    least they need, the types are cut short, and without that being enough the output shapes are left out.
    """
    narrow, wide = _width_of(header, _NARROW_TYPE), _width_of(header, _WIDE_TYPE)
    numbers = sum(header.sectionSize(column) for column in (Column.PARAMETERS, Column.TRAINABLE, Column.MOVED))
    shape = header.sectionSize(Column.SHAPE) or _width_of(header, _WIDEST[Column.SHAPE])
    is_tight = width < _LEAST_LAYER_WIDTH + _LEAST_TYPE_WIDTH + shape + numbers
    header.setSectionHidden(Column.SHAPE, is_tight)
    others = numbers + (0 if is_tight else shape)
    if _LEAST_TYPE_WIDTH <= header.sectionSize(Column.TYPE) <= wide:
        lowest = min(narrow, max(_LEAST_TYPE_WIDTH, width - others - _LEAST_LAYER_WIDTH))
        spare = width - others - _COMFORTABLE_LAYER_WIDTH
        header.resizeSection(Column.TYPE, min(max(lowest, spare), wide))
    left = width - others - header.sectionSize(Column.TYPE)
    header.resizeSection(Column.LAYER, max(_LEAST_LAYER_WIDTH, left))


def _width_of(header: QHeaderView, text: str) -> int:
    return QFontMetrics(number_font(header.font())).horizontalAdvance(text) + _PADDING
