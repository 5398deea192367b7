"""The runs of this session as rows, the newest on top."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QColor, QFont, QIcon, QPainter, QPen, QPixmap
from typing_extensions import override

from widgets.theme import Theme, number_font
from widgets.training.run_colours import run_colour
from widgets.training.run_entry import RunEntry

Index = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole
NO_INDEX = QModelIndex()


class RunColumn(IntEnum):
    """The columns, from the left."""

    RUN = 0
    FROZEN = 1
    BEST = 2
    EPOCHS = 3
    TIME = 4
    SEED = 5
    OUTCOME = 6


TITLES = ("Run", "Frozen", "Best", "Epochs", "Time", "Seed", "Outcome")
_TEXTS: dict[int, Callable[[RunEntry], str]] = {
    RunColumn.RUN: lambda entry: entry.title,
    RunColumn.FROZEN: lambda entry: entry.frozen_text,
    RunColumn.BEST: lambda entry: entry.best_text,
    RunColumn.EPOCHS: lambda entry: entry.epochs_text,
    RunColumn.TIME: lambda entry: entry.time_text,
    RunColumn.SEED: lambda entry: "" if entry.seed is None else str(entry.seed),
    RunColumn.OUTCOME: lambda entry: entry.outcome_text,
}
_NUMBERS = (RunColumn.BEST, RunColumn.EPOCHS, RunColumn.TIME, RunColumn.SEED)
_IN_USE_TIP = "✓ The model has the weights from after this run."
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


class RunsModel(QAbstractTableModel):
    """A row for each run.

    Signals:
        renamed: A person gave a run another name.
    """

    renamed = Signal()

    def __init__(self, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._entries: list[RunEntry] = []
        self._dots: dict[tuple[str, bool], QIcon] = {}
        self._number_font = number_font(QFont())
        self._strong_font = QFont()
        self._strong_font.setBold(True)
        theme.changed.connect(self._on_theme_changed)

    @property
    def entries(self) -> tuple[RunEntry, ...]:
        """The runs, the newest first."""
        return tuple(self._entries)

    def add(self, entry: RunEntry) -> None:
        """Adds a run on top."""
        self.beginInsertRows(NO_INDEX, 0, 0)
        self._entries.insert(0, entry)
        self.endInsertRows()
        self.refresh()

    def remove(self, entry: RunEntry) -> None:
        """Takes a run out of the list."""
        row = self._entries.index(entry)
        self.beginRemoveRows(NO_INDEX, row, row)
        del self._entries[row]
        self.endRemoveRows()
        self.refresh()

    def clear(self) -> None:
        """Forgets all runs."""
        self.beginResetModel()
        self._entries.clear()
        self.endResetModel()

    def refresh(self, entry: RunEntry | None = None) -> None:
        """Reads a run again; None reads all."""
        if not self._entries:
            return
        first, last = (0, len(self._entries) - 1) if entry is None else (self._entries.index(entry),) * 2
        self.dataChanged.emit(self.index(first, 0), self.index(last, RunColumn.OUTCOME))

    def entry(self, run_id: int) -> RunEntry | None:
        """A run by its number; None if it is not in the list."""
        return next((entry for entry in self._entries if entry.run_id == run_id), None)

    def name_of(self, run_id: int) -> str:
        """What a run is called."""
        entry = self.entry(run_id)
        return entry.name if entry else f"run {run_id}"

    def colour_of(self, entry: RunEntry) -> QColor:
        """Its colour on the curves."""
        return run_colour(entry.run_id, self._theme, is_newest=entry is self._entries[0])

    def is_on_curves(self, entry: RunEntry) -> bool:
        """Whether its curves are on show; those of the newest always are."""
        return entry.is_shown or entry is self._entries[0]

    def _dot(self, entry: RunEntry) -> QIcon:
        key = (self.colour_of(entry).name(), self.is_on_curves(entry))
        if key not in self._dots:
            self._dots[key] = _dot(*key)
        return self._dots[key]

    def _on_theme_changed(self) -> None:
        self.refresh()

    # -- Qt -------------------------------------------------------------------------------------------------

    @override
    def rowCount(self, parent: Index = NO_INDEX) -> int:
        return 0 if parent.isValid() else len(self._entries)

    @override
    def columnCount(self, parent: Index = NO_INDEX) -> int:
        return 0 if parent.isValid() else len(TITLES)

    @override
    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = super().flags(index)
        return flags | Qt.ItemFlag.ItemIsEditable if index.column() == RunColumn.RUN else flags

    @override
    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        if not index.isValid():
            return None
        entry, column = self._entries[index.row()], index.column()
        match role:
            case Role.DisplayRole | Role.EditRole:
                is_typed = role == Role.EditRole and column == RunColumn.RUN
                return entry.name if is_typed else _TEXTS[column](entry)
            case Role.ToolTipRole:
                return entry.summary
            case Role.TextAlignmentRole:
                return _RIGHT if column in _NUMBERS else _LEFT
            case Role.FontRole | Role.ForegroundRole:
                return self._look(entry, column, role)
            case _:
                return self._name_data(entry, role) if column == RunColumn.RUN else None

    def _look(self, entry: RunEntry, column: int, role: int) -> Any:
        if role == Role.FontRole:
            is_strong = entry.is_in_use and column == RunColumn.RUN
            return self._number_font if column in _NUMBERS else self._strong_font if is_strong else None
        is_quiet = entry.is_undone or column in (RunColumn.FROZEN, RunColumn.OUTCOME)
        return self._theme.colour("secondary" if is_quiet else "text")

    def _name_data(self, entry: RunEntry, role: int) -> Any:
        if role == Role.DecorationRole:
            return self._dot(entry)
        if role == Role.AccessibleTextRole:
            where = "on the curves" if self.is_on_curves(entry) else "not on the curves"
            in_use = ", its weights are in use" if entry.is_in_use else ""
            return f"{entry.name}, {entry.outcome_text}, {where}{in_use}"
        return None

    @override
    def setData(self, index: Index, value: Any, role: int = Role.EditRole) -> bool:
        name = str(value).strip()
        if not index.isValid() or role != Role.EditRole or index.column() != RunColumn.RUN or not name:
            return False
        self._entries[index.row()].name = name
        self.refresh(self._entries[index.row()])
        self.renamed.emit()
        return True

    @override
    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Role.DisplayRole:
            return TITLES[section]
        if role == Role.ToolTipRole and section == RunColumn.RUN:
            return _IN_USE_TIP
        if role == Role.TextAlignmentRole:
            return _RIGHT if section in _NUMBERS else _LEFT
        return None


def _dot(colour: str, is_full: bool) -> QIcon:
    """A circle, full or empty; drawn at three times its size for dense screens."""
    picture = QPixmap(30, 30)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor(colour), 4))
    painter.setBrush(QColor(colour) if is_full else Qt.BrushStyle.NoBrush)
    painter.drawEllipse(4, 4, 22, 22)
    painter.end()
    icon = QIcon()
    for mode in (QIcon.Mode.Normal, QIcon.Mode.Selected):
        icon.addPixmap(picture, mode)
    return icon
