"""Two freeze maps as a table: the layer, what it is here, what it is there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Slot
from typing_extensions import override

from editor.layers.comparison import ComparedLayer, MapComparison
from editor.layers.freeze_map import Rule
from widgets.rule_words import NO_RULE, rule_place, rule_words
from widgets.theme import Theme

Index = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole
NO_INDEX = QModelIndex()


@dataclass(frozen=True, slots=True)
class CompareRow:
    """One line.

    Attributes:
        path: Of the layer, or what a rule of editing holds for.
        here: In words; `there` likewise.
        is_different: Whether it is shown while only differences are.
        node_path: Of the node to select; None where the open model does not have it.
    """

    path: str
    here: str
    there: str
    is_different: bool
    node_path: str | None


def rows_of(comparison: MapComparison) -> list[CompareRow]:
    """All layers in the order of the open model, then the rules that differ."""
    rows = [_row(layer) for layer in comparison.layers]
    rows += [_rule_row(rule, rule_words(rule), NO_RULE) for rule in comparison.rules_left]
    rows += [_rule_row(rule, NO_RULE, rule_words(rule)) for rule in comparison.rules_right]
    return rows


def _row(layer: ComparedLayer) -> CompareRow:
    is_different = layer.differs or not layer.is_in_both or layer.is_other_kind
    here, there = layer.left_text or "nothing to freeze", layer.right_text or "nothing to freeze"
    if layer.is_in_both and layer.left_class != layer.right_class:
        here, there = f"{layer.left_class}: {here}", f"{layer.right_class}: {there}"
    elif layer.is_other_kind:
        there = f"{there} (other weights)"
    return CompareRow(layer.path, here, there, is_different, layer.left_path)


def _rule_row(rule: Rule, here: str, there: str) -> CompareRow:
    return CompareRow(rule_place(rule), here, there, is_different=True, node_path=None)


class CompareModel(QAbstractTableModel):
    """The rows that are shown: those that differ, or all."""

    def __init__(self, theme: Theme, titles: tuple[str, str], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._titles = ("Layer", *titles)
        self._all: list[CompareRow] = []
        self._rows: list[CompareRow] = []
        self._shows_all = False
        theme.changed.connect(self._on_theme_changed)

    def set_rows(self, rows: list[CompareRow]) -> None:
        """Shows another comparison."""
        self._all = rows
        self._choose()

    def show_all(self, shows_all: bool) -> None:
        """Shows all rows, or only those that differ."""
        self._shows_all = shows_all
        self._choose()

    def row_at(self, index: Index) -> CompareRow | None:
        """The row at an index; None for no index."""
        return self._rows[index.row()] if index.isValid() else None

    def _choose(self) -> None:
        self.beginResetModel()
        self._rows = [row for row in self._all if self._shows_all or row.is_different]
        self.endResetModel()

    @Slot()
    def _on_theme_changed(self) -> None:
        if self._rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._rows) - 1, 2), [Role.ForegroundRole])

    # -- Qt -------------------------------------------------------------------------------------------------

    @override
    def rowCount(self, parent: Index = NO_INDEX) -> int:
        return 0 if parent.isValid() else len(self._rows)

    @override
    def columnCount(self, parent: Index = NO_INDEX) -> int:
        return 0 if parent.isValid() else len(self._titles)

    @override
    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        row = self.row_at(index)
        if row is None:
            return None
        text = (row.path, row.here, row.there)[index.column()]
        if role in (Role.DisplayRole, Role.ToolTipRole):
            return text
        if role == Role.ForegroundRole:
            tone = "text" if index.column() == 0 and row.is_different else "secondary"
            return self._theme.colour(_tone_of(text) if index.column() and row.is_different else tone)
        return None

    @override
    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole) -> Any:
        is_title = orientation == Qt.Orientation.Horizontal and role in (Role.DisplayRole, Role.ToolTipRole)
        return self._titles[section] if is_title else None


def _tone_of(text: str) -> str:
    """Colour where all of it is one; a layer that is partly frozen has that of text."""
    has_frozen, has_trainable = "frozen" in text, "trainable" in text
    if has_frozen == has_trainable:
        return "text" if has_frozen else "secondary"
    return "frozen" if has_frozen else "trainable"
