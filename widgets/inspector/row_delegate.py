"""Rows of the inspector's tables: as high as those of the tree."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QSize
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem, QTreeView
from typing_extensions import override

from widgets.theme import ROW_HEIGHT


class RowDelegate(QStyledItemDelegate):
    """Qt's own cells in our height."""

    @override
    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        size = super().sizeHint(option, index)
        return QSize(size.width(), max(ROW_HEIGHT, option.fontMetrics.height() + 6))


def calm_table(view: QTreeView) -> None:
    """Gives a table of the inspector its common manners."""
    view.setItemDelegate(RowDelegate(view))
    view.setUniformRowHeights(True)
    view.setFrameShape(QTreeView.Shape.NoFrame)
    view.setEditTriggers(QTreeView.EditTrigger.NoEditTriggers)
    view.setVerticalScrollMode(QTreeView.ScrollMode.ScrollPerPixel)
    view.header().setHighlightSections(False)
