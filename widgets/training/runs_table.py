"""The table of the runs of this session."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QItemSelectionModel, QModelIndex, QPersistentModelIndex, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget
from typing_extensions import override

from widgets.theme import ROW_HEIGHT, Theme
from widgets.training.run_entry import RunEntry
from widgets.training.runs_model import RunColumn, RunsModel

_DOT_WIDTH = 22
_WIDE = 480
"""From this width on there is room for all columns."""
_NARROW = 260
"""Below this width what was frozen is left to the tool tip."""
_SPARE = (RunColumn.EPOCHS, RunColumn.TIME, RunColumn.SEED)
_EMPTY_TEXT = "The runs of this session will be listed here."


class RunsTable(QTableView):
    """A row for each run: its colour and name, what was frozen, its best value, how it ended; more where there is room.

    The dot before a name is full where the run is on the curves; a click on it, or Space, shows or hides it.

    Signals:
        shown_changed: Other runs are to be on the curves.
        highlighted: Carries the id of the run that is current, or None.
        menu_requested: A menu for the selected runs is asked for at a place on the screen, a `QPoint`.
        details_requested: Enter or a double click on a run.
        delete_requested: Delete was pressed.
    """

    shown_changed = Signal()
    highlighted = Signal(object)
    menu_requested = Signal(object)
    details_requested = Signal()
    delete_requested = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("runsTable")
        self.setAccessibleName("Runs of this session")
        self._theme = theme
        self.runs = RunsModel(theme, self)
        self.setModel(self.runs)
        self._set_up_view()
        self._set_up_columns()

    def _set_up_view(self) -> None:
        self.setShowGrid(False)
        self.setFrameShape(QTableView.Shape.NoFrame)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.EditKeyPressed)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        self.setIconSize(QSize(10, 10))
        self.setStyleSheet("QTableView::item { padding: 0 4px; } QHeaderView::section { padding: 3px 4px; }")

    def _set_up_columns(self) -> None:
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header = self.horizontalHeader()
        header.setMinimumSectionSize(20)
        header.setHighlightSections(False)
        for column in RunColumn:
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        for column in (RunColumn.FROZEN, RunColumn.OUTCOME):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Stretch)

    # -- runs ---------------------------------------------------------------------------------------------------

    def add_run(self, entry: RunEntry) -> None:
        """Adds a run on top and selects it."""
        self.runs.add(entry)
        self.clearSelection()
        self.selectRow(0)
        self.scrollToTop()

    def selected_runs(self) -> tuple[RunEntry, ...]:
        """The selected runs, the newest first."""
        rows = sorted({index.row() for index in self.selectionModel().selectedRows()})
        return tuple(self.runs.entries[row] for row in rows)

    def shown_runs(self) -> tuple[int, ...]:
        """Ids of the runs that are to be on the curves, the newest first."""
        return tuple(entry.run_id for entry in self.runs.entries if self.runs.is_on_curves(entry))

    def show_runs(self, entries: tuple[RunEntry, ...], *, shown: bool) -> None:
        """Puts runs on the curves, or takes them off; the newest stays."""
        for entry in entries:
            entry.is_shown = shown
        self.runs.refresh()
        self.shown_changed.emit()

    def rename_current(self) -> None:
        """Lets a person type another name."""
        index = self.runs.index(self.currentIndex().row(), RunColumn.RUN)
        if index.isValid():
            self.setCurrentIndex(index)
            self.edit(index)

    def _toggle(self, entries: tuple[RunEntry, ...], decider: RunEntry) -> None:
        self.show_runs(entries, shown=not decider.is_shown)

    def _dot_at(self, place: QPoint) -> RunEntry | None:
        index = self.indexAt(place)
        is_on_dot = index.column() == RunColumn.RUN and place.x() - self.visualRect(index).left() < _DOT_WIDTH
        return self.runs.entries[index.row()] if index.isValid() and is_on_dot else None

    # -- Qt -------------------------------------------------------------------------------------------------

    @override
    def currentChanged(
        self, current: QModelIndex | QPersistentModelIndex, previous: QModelIndex | QPersistentModelIndex
    ) -> None:
        super().currentChanged(current, previous)
        entries = self.runs.entries
        is_there = current.isValid() and current.row() < len(entries)
        self.highlighted.emit(entries[current.row()].run_id if is_there else None)

    @override
    def mousePressEvent(self, event: QMouseEvent) -> None:
        entry = self._dot_at(event.position().toPoint()) if event.button() == Qt.MouseButton.LeftButton else None
        if entry is None:
            super().mousePressEvent(event)
            return
        selected = self.selected_runs()
        self._toggle(selected if entry in selected else (entry,), entry)

    @override
    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self._dot_at(event.position().toPoint()):
            self.mousePressEvent(event)
        elif self.indexAt(event.position().toPoint()).isValid():
            self.details_requested.emit()

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        selected = self.selected_runs()
        if self.state() == QAbstractItemView.State.EditingState:
            # Return that ends a name comes here too.
            super().keyPressEvent(event)
        elif event.key() == Qt.Key.Key_F2 and selected:
            self.rename_current()
        elif event.key() == Qt.Key.Key_Space and selected:
            self._toggle(selected, selected[0])
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and selected:
            self.details_requested.emit()
        elif event.key() == Qt.Key.Key_Delete and selected:
            self.delete_requested.emit()
        else:
            super().keyPressEvent(event)

    @override
    def event(self, event: QEvent) -> bool:
        """Keeps F2 for the name of a run: it is also the key of an action of the window."""
        is_rename = isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_F2
        if is_rename and event.type() == QEvent.Type.ShortcutOverride and self.selected_runs():
            event.accept()
            return True
        return super().event(event)

    @override
    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            place = self.visualRect(self.currentIndex()).bottomLeft()
        else:
            place = event.pos()
            index = self.indexAt(place)
            if index.isValid() and not self.selectionModel().isRowSelected(index.row(), NO_PARENT):
                flags = QItemSelectionModel.SelectionFlag
                self.selectionModel().setCurrentIndex(index, flags.ClearAndSelect | flags.Rows)
        if self.selected_runs():
            self.menu_requested.emit(self.viewport().mapToGlobal(place))

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        width = self.viewport().width()
        for column in _SPARE:
            self.setColumnHidden(column, width < _WIDE)
        self.setColumnHidden(RunColumn.FROZEN, width < _NARROW)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self.runs.entries:
            painter = QPainter(self.viewport())
            painter.setPen(self._theme.colour("secondary"))
            area = self.viewport().rect().adjusted(16, 12, -16, -12)
            painter.drawText(area, int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap), _EMPTY_TEXT)
            painter.end()


NO_PARENT = QModelIndex()
