"""The tab of changes: the sums then and now, what differs, and the way back."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, Qt, Signal, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QStackedWidget,
    QTreeView,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from editor.layers.changes import Changes
from widgets.changes.items import ChangeItem, items_of
from widgets.changes.model import ChangesModel
from widgets.changes.summary import AccountChange
from widgets.icons import Icons
from widgets.inspector.row_delegate import calm_table
from widgets.theme import CORNER, Theme, set_tone

_MARGIN = 14
_STATE_WIDTH = 142
_NOTHING = "No flag differs from the file as it was opened."


class ChangesPanel(QStackedWidget):
    """What differs from the flags at opening.

    Signals:
        places_chosen: The path of the row that was chosen, in a tuple.
        revert_requested: The `ChangeItem` to take back.
        revert_all_requested: All of it is to be taken back.
    """

    places_chosen = Signal(object)
    revert_requested = Signal(object)
    revert_all_requested = Signal()

    def __init__(self, theme: Theme, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("changesPanel")
        self.setAccessibleName("Changes since opening")
        self._changes: Changes | None = None
        self._is_stale = False
        self.summary = AccountChange(theme)
        self.model = ChangesModel(theme, self)
        self.view = self._made_view()
        self.revert_button = _button("Revert This", "revertButton", "Gives the selected row its flags of the opening")
        self.revert_all_button = _button("Revert All", "revertAllButton", "Gives every flag what it was at the opening")
        self.addWidget(_nothing_page())
        self.addWidget(self._list_page())
        # The current row alone says nothing: a view that gets the focus has one before anybody has chosen.
        self.view.selectionModel().selectionChanged.connect(self._on_selection_changed)
        self.revert_button.clicked.connect(self._on_revert_clicked)
        self.revert_all_button.clicked.connect(self.revert_all_requested)

    def _made_view(self) -> QTreeView:
        view = QTreeView()
        view.setObjectName("changesTree")
        view.setAccessibleName("What has changed")
        view.setModel(self.model)
        view.setIndentation(14)
        calm_table(view)
        view.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        header = view.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column in (1, 2):
            header.resizeSection(column, _STATE_WIDTH)
        return view

    def _list_page(self) -> QWidget:
        page = QWidget()
        top = QVBoxLayout()
        top.setContentsMargins(_MARGIN, _MARGIN - 2, _MARGIN, CORNER)
        top.addWidget(self.summary)
        buttons = QHBoxLayout()
        buttons.setContentsMargins(_MARGIN, CORNER, _MARGIN, CORNER // 2)
        buttons.setSpacing(CORNER)
        buttons.addWidget(self.revert_button)
        buttons.addWidget(self.revert_all_button)
        buttons.addStretch()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(top)
        layout.addWidget(self.view, 1)
        layout.addLayout(buttons)
        return page

    def show_changes(self, changes: Changes) -> None:
        """Shows other changes; laid out when the tab is looked at."""
        self._changes = changes
        self._is_stale = True
        if self.isVisible():
            self._fill()

    def _fill(self) -> None:
        self._is_stale = False
        # A comparison that found nothing is false.
        assert self._changes is not None
        chosen = self._chosen()
        self.setCurrentIndex(int(bool(self._changes)))
        self.summary.show_accounts(self._changes.was, self._changes.now)
        # What is unfolded and chosen is found again by name: the rows themselves are others.
        unfolded = {_key(item) for item in self._items() if self.view.isExpanded(self._index_of(item))}
        self.model.set_items(items_of(self._changes))
        for item in self._items():
            index = self._index_of(item)
            self.view.setExpanded(index, _key(item) in unfolded)
            if chosen and _key(item) == _key(chosen):
                self._choose_quietly(index)
        self._enable_revert()

    def _items(self) -> list[ChangeItem]:
        rows = [self.model.item_at(self.model.index(row, 0)) for row in range(self.model.rowCount())]
        found = [item for item in rows if item]
        for item in found:
            found += item.inside
        return found

    def _index_of(self, item: ChangeItem) -> QModelIndex:
        return self.model.createIndex(item.at, 0, item)

    def _choose_quietly(self, index: QModelIndex) -> None:
        selection = self.view.selectionModel()
        selection.blockSignals(True)
        self.view.setCurrentIndex(index)
        selection.blockSignals(False)

    def _chosen(self) -> ChangeItem | None:
        chosen = self.view.selectionModel().selectedRows()
        return self.model.item_at(chosen[0]) if chosen else None

    def _enable_revert(self) -> None:
        item = self._chosen()
        self.revert_button.setEnabled(item is not None and (item.row is not None or item.rule is not None))

    @Slot()
    def _on_selection_changed(self) -> None:
        self._enable_revert()
        item = self._chosen()
        if item and item.path:
            self.places_chosen.emit((item.path,))

    @Slot()
    def _on_revert_clicked(self) -> None:
        item = self._chosen()
        if item:
            self.revert_requested.emit(item)

    @override
    def showEvent(self, event: QShowEvent) -> None:
        if self._is_stale:
            self._fill()
        super().showEvent(event)


def _key(item: ChangeItem) -> tuple[str, str]:
    return item.path, item.name


def _button(text: str, name: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setObjectName(name)
    button.setToolTip(tip)
    set_tone(button, "small")
    return button


def _nothing_page() -> QWidget:
    page = QWidget()
    label = QLabel(_NOTHING)
    set_tone(label, "secondary")
    label.setWordWrap(True)
    label.setAlignment(Qt.AlignmentFlag.AlignCenter)
    layout = QVBoxLayout(page)
    layout.addWidget(label)
    return page
