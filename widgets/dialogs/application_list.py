"""The models of `keras.applications` to choose from, with a field that searches them."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QModelIndex, QObject, QSortFilterProxyModel, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QFrame, QHeaderView, QLineEdit, QTreeView, QVBoxLayout, QWidget
from typing_extensions import override

from editor.files.applications import IMAGENET_CLASSES, ApplicationFacts, applications
from editor.files.options import Application
from widgets.inspector.row_delegate import calm_table
from widgets.numbers import count
from widgets.theme import CORNER, number_font

_TITLES = ("Name", "Parameters", "Input")
_NAME, _PARAMETERS, _SIZE = range(3)
_NUMBERS = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_WIDTHS = {_PARAMETERS: 110, _SIZE: 70}
_SORT_ROLE = Qt.ItemDataRole.UserRole + 1
_MOVES = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown)


class ApplicationList(QWidget):
    """A table that can be searched and sorted; arrow keys move in it from the field too.

    Signals:
        chosen: Another row is the chosen one, or none is.
        activated: A row was clicked twice.
    """

    chosen = Signal()
    activated = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.field = QLineEdit()
        self.field.setObjectName("applicationFilter")
        self.field.setPlaceholderText("Search, such as mobile")
        self.field.setAccessibleName("Search the applications")
        self.field.setClearButtonEnabled(True)
        self.field.installEventFilter(self)
        self._facts = applications()
        self._model = self._made_model()
        self._shown = QSortFilterProxyModel(self)
        self._shown.setSourceModel(self._model)
        self._shown.setSortRole(_SORT_ROLE)
        self._shown.setFilterCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.table = self._made_table()
        self._arrange()
        self.field.textChanged.connect(self._on_text_changed)
        self.table.selectionModel().currentRowChanged.connect(self._on_row_changed)
        self.table.doubleClicked.connect(self._on_double_clicked)

    def _made_model(self) -> QStandardItemModel:
        model = QStandardItemModel(0, len(_TITLES), self)
        model.setHorizontalHeaderLabels(_TITLES)
        model.horizontalHeaderItem(_PARAMETERS).setTextAlignment(_NUMBERS)
        model.horizontalHeaderItem(_SIZE).setTextAlignment(_NUMBERS)
        font = number_font(self.font())
        for facts in self._facts:
            whole = Application(name=facts.name, alpha=facts.alpha, num_classes=IMAGENET_CLASSES)
            num = facts.num_parameters(whole)
            row = [
                _item(facts.title, facts.title.lower()),
                _item(count(num), num),
                _item(f"{facts.size} px", facts.size),
            ]
            for item in row[1:]:
                item.setTextAlignment(_NUMBERS)
                item.setFont(font)
            row[_PARAMETERS].setToolTip("With its own classifier of 1,000 classes")
            model.appendRow(row)
        return model

    def _made_table(self) -> QTreeView:
        table = QTreeView()
        table.setObjectName("applicationTable")
        table.setAccessibleName("Applications")
        table.setModel(self._shown)
        table.setRootIsDecorated(False)
        table.setSortingEnabled(True)
        table.sortByColumn(_NAME, Qt.SortOrder.AscendingOrder)
        calm_table(table)
        header = table.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(_NAME, QHeaderView.ResizeMode.Stretch)
        for column, width in _WIDTHS.items():
            header.resizeSection(column, width)
        return table

    def _arrange(self) -> None:
        pane = QFrame()
        pane.setProperty("pane", True)
        inside = QVBoxLayout(pane)
        inside.setContentsMargins(1, 1, 1, CORNER // 2)
        inside.addWidget(self.table)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(CORNER)
        layout.addWidget(self.field)
        layout.addWidget(pane, 1)

    @property
    def facts(self) -> ApplicationFacts | None:
        """The chosen one; None if the search finds none."""
        row = self._shown.mapToSource(self.table.currentIndex()).row()
        return self._facts[row] if row >= 0 else None

    def choose(self, name: str, alpha: float = 1.0) -> None:
        """Chooses a row and shows it."""
        for row, facts in enumerate(self._facts):
            if (facts.name, facts.alpha) == (name, alpha):
                self._choose_row(self._shown.mapFromSource(self._model.index(row, 0)))

    def _choose_row(self, index: QModelIndex) -> None:
        self.table.setCurrentIndex(index)
        self.table.scrollTo(index, QTreeView.ScrollHint.PositionAtCenter)

    @Slot(str)
    def _on_text_changed(self, text: str) -> None:
        self._shown.setFilterFixedString(text.strip())
        if not self.table.currentIndex().isValid():
            self._choose_row(self._shown.index(0, 0))
        if not self._shown.rowCount():
            self.chosen.emit()

    @Slot()
    def _on_row_changed(self) -> None:
        self.chosen.emit()

    @Slot()
    def _on_double_clicked(self) -> None:
        self.activated.emit()

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.field and isinstance(event, QKeyEvent) and _is_move(event):
            self.table.keyPressEvent(event)
            return True
        return super().eventFilter(watched, event)


def _is_move(event: QKeyEvent) -> bool:
    return event.type() == QEvent.Type.KeyPress and event.key() in _MOVES


def _item(text: str, sort_key: str | int) -> QStandardItem:
    item = QStandardItem(text)
    item.setEditable(False)
    # Large numbers of parameters are beyond what Qt keeps in an int of its own.
    item.setData(float(sort_key) if isinstance(sort_key, int) else sort_key, _SORT_ROLE)
    return item
