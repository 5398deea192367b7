"""The changes since opening as an item model."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Slot
from PySide6.QtGui import QFont
from typing_extensions import override

from widgets.changes.items import ChangeItem
from widgets.theme import Theme, mono_font

Index = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole
NO_INDEX = QModelIndex()
TITLES = ("What", "At opening", "Now")


class ChangesModel(QAbstractItemModel):
    """What, was, is."""

    def __init__(self, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._mono = mono_font(QFont())
        self._items: list[ChangeItem] = []
        theme.changed.connect(self._on_theme_changed)

    def set_items(self, items: list[ChangeItem]) -> None:
        """Shows other changes."""
        self.beginResetModel()
        # Indexes into the old items are alive until the reset has ended.
        before, self._items = self._items, items
        self.endResetModel()
        del before

    def item_at(self, index: Index) -> ChangeItem | None:
        """The item of a row; None for no row."""
        if not index.isValid():
            return None
        item: ChangeItem = index.internalPointer()
        return item

    @Slot()
    def _on_theme_changed(self) -> None:
        if self._items:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._items) - 1, 2), [Role.ForegroundRole])

    # -- Qt -------------------------------------------------------------------------------------------------

    @override
    def index(self, row: int, column: int, parent: Index = NO_INDEX) -> QModelIndex:
        if not self.hasIndex(row, column, parent):
            return QModelIndex()
        above = self.item_at(parent)
        return self.createIndex(row, column, (above.inside if above else self._items)[row])

    # QObject.parent() is another function of the same name, which PySide's stub joins to this one.
    @override
    def parent(self, index: Index) -> QModelIndex:  # type: ignore[override]
        item = self.item_at(index)
        return self.createIndex(item.parent.at, 0, item.parent) if item and item.parent else QModelIndex()

    @override
    def rowCount(self, parent: Index = NO_INDEX) -> int:
        if parent.column() > 0:
            return 0
        above = self.item_at(parent)
        return len(above.inside if above else self._items)

    @override
    def columnCount(self, parent: Index = NO_INDEX) -> int:
        return len(TITLES)

    @override
    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        item = self.item_at(index)
        if item is None:
            return None
        column = index.column()
        if role == Role.DisplayRole:
            return (item.name, item.was, item.now)[column]
        if role == Role.ToolTipRole:
            return _tip(item, column)
        if role == Role.ForegroundRole:
            return self._theme.colour(("text", item.was_tone, item.now_tone)[column])
        return self._mono if role == Role.FontRole and column == 0 and item.is_weight else None

    @override
    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole) -> Any:
        is_title = orientation == Qt.Orientation.Horizontal and role == Role.DisplayRole
        return TITLES[section] if is_title else None


def _tip(item: ChangeItem, column: int) -> str:
    if item.row is None:
        return (item.name, item.was, item.now)[column]
    return (item.path or item.name, item.row.was_text, item.row.now_text)[column]
