"""A layer's configuration as a tree of keys and values, read no deeper than it is opened."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtWidgets import QHeaderView, QTreeView, QWidget
from typing_extensions import override

from widgets.inspector.row_delegate import calm_table
from widgets.theme import Theme

Index = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole
NO_INDEX = QModelIndex()

TITLES = ("Setting", "Value")
_LONGEST_TEXT = 300
_LONGEST_HINT = 4000


class ConfigItem:
    """A key with its value; what is inside is made when it is asked for."""

    __slots__ = ("_inside", "key", "parent", "row", "value")

    def __init__(self, key: str, value: object, parent: ConfigItem | None = None, row: int = 0) -> None:
        self.key = key
        self.value = value
        self.parent = parent
        self.row = row
        self._inside: tuple[ConfigItem, ...] | None = None

    @property
    def inside(self) -> tuple[ConfigItem, ...]:
        """The items of a dict, of a list that holds more than plain values, and of a serialized Keras object."""
        if self._inside is None:
            pairs = _pairs(self.value)
            self._inside = tuple(ConfigItem(key, value, self, row) for row, (key, value) in enumerate(pairs))
        return self._inside

    @property
    def text(self) -> str:
        """The value in a line."""
        if isinstance(self.value, dict):
            return str(self.value.get("class_name", ""))
        if isinstance(self.value, (list, tuple)) and _is_deep(self.value):
            return f"{len(self.value)} items"
        return plain_text(self.value)


def plain_text(value: object, longest: int = _LONGEST_TEXT) -> str:
    """A plain value as people write it: `yes`, `none`, `(3, 3)`; cut off where it is very long."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        text = f"({', '.join(plain_text(item, longest) for item in value[:longest])})"
    else:
        text = f"{value:g}" if isinstance(value, float) else str(value)
    return text if len(text) <= longest else text[:longest] + "…"


def _is_deep(values: list[object] | tuple[object, ...]) -> bool:
    return any(isinstance(value, (dict, list, tuple)) for value in values)


def _pairs(value: object) -> list[tuple[str, object]]:
    """Key and value of all that is inside; of a serialized Keras object its configuration alone."""
    if isinstance(value, dict):
        config = value.get("config") if "class_name" in value else None
        return [(str(key), item) for key, item in (config if isinstance(config, dict) else value).items()]
    if isinstance(value, (list, tuple)) and _is_deep(value):
        return [(str(at), item) for at, item in enumerate(value)]
    return []


class ConfigModel(QAbstractItemModel):
    """Keys and values of one configuration."""

    def __init__(self, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._root = ConfigItem("", {})

    def set_config(self, config: dict[str, Any]) -> None:
        """Shows another configuration."""
        self.beginResetModel()
        # Indexes into the old items are alive until the reset has ended.
        before, self._root = self._root, ConfigItem("", config)
        self.endResetModel()
        del before

    def _item(self, index: Index) -> ConfigItem:
        item: ConfigItem = index.internalPointer() if index.isValid() else self._root
        return item

    @override
    def index(self, row: int, column: int, parent: Index = NO_INDEX) -> QModelIndex:
        if not self.hasIndex(row, column, parent):
            return QModelIndex()
        return self.createIndex(row, column, self._item(parent).inside[row])

    # QObject.parent() is another function of the same name, which PySide's stub joins to this one.
    @override
    def parent(self, index: Index) -> QModelIndex:  # type: ignore[override]
        above = self._item(index).parent
        return QModelIndex() if above is None or above is self._root else self.createIndex(above.row, 0, above)

    @override
    def rowCount(self, parent: Index = NO_INDEX) -> int:
        return len(self._item(parent).inside) if parent.column() <= 0 else 0

    @override
    def columnCount(self, parent: Index = NO_INDEX) -> int:
        return len(TITLES)

    @override
    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        if not index.isValid():
            return None
        item = self._item(index)
        if role == Role.DisplayRole:
            return item.key if index.column() == 0 else item.text
        if role == Role.ForegroundRole and index.column() == 0:
            return self._theme.colour("secondary")
        if role == Role.ToolTipRole and not isinstance(item.value, dict):
            return plain_text(item.value, _LONGEST_HINT)
        return None

    @override
    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole) -> Any:
        is_title = orientation == Qt.Orientation.Horizontal and role == Role.DisplayRole
        return TITLES[section] if is_title else None


class ConfigTree(QTreeView):
    """The tree of a configuration."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.config_model = ConfigModel(theme, self)
        self.setObjectName("configTree")
        self.setAccessibleName("Configuration")
        self.setModel(self.config_model)
        self.setIndentation(14)
        self.setMinimumHeight(110)
        calm_table(self)
        self.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Interactive)
        self.header().resizeSection(0, 190)
        self.header().setStretchLastSection(True)
        self.setHeaderHidden(True)
