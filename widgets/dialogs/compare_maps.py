"""Shows another file's freeze map beside the one of the open model; the window stays alive beneath it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFrame,
    QHeaderView,
    QLabel,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from editor.layers.comparison import MapComparison
from editor.wording import counted
from widgets.dialogs.compare_model import CompareModel, rows_of
from widgets.inspector.row_delegate import calm_table
from widgets.theme import CORNER, Theme, set_tone

_MARGIN = 2 * CORNER
_SIZE = (820, 460)
_LAYER_WIDTH = 270
_SETTLE_MS = 50


class CompareMapsDialog(QDialog):
    """A table of two maps.

    Args:
        theme: Colours.
        titles: What is open, and what it is compared with.
        compare: Compares anew.
        parent: The window.

    Signals:
        places_chosen: The path of the chosen row, in a tuple.
        apply_requested: The other map is to be applied.
    """

    places_chosen = Signal(object)
    apply_requested = Signal()

    def __init__(
        self,
        theme: Theme,
        titles: tuple[str, str],
        compare: Callable[[], MapComparison],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._compare = compare
        self.setObjectName("compareDialog")
        self.setWindowTitle(f"{titles[0]} and {titles[1]}")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(*_SIZE)
        self.model = CompareModel(theme, titles, self)
        self.sums = QLabel()
        self.sums.setObjectName("compareSums")
        self.sums.setWordWrap(True)
        self.all_box = QCheckBox("Show all layers")
        self.all_box.setObjectName("compareAllBox")
        self.table = self._made_table()
        self._timer = QTimer(self, singleShot=True, interval=_SETTLE_MS)
        self._arrange()
        self.all_box.toggled.connect(self.model.show_all)
        self._timer.timeout.connect(self.refresh)
        # The current row alone says nothing: a table that gets the focus has one before anybody has chosen.
        self.table.selectionModel().selectionChanged.connect(self._on_selection_changed)
        self.refresh()

    def _made_table(self) -> QTreeView:
        table = QTreeView()
        table.setObjectName("compareTable")
        table.setAccessibleName("Differences")
        table.setModel(self.model)
        table.setRootIsDecorated(False)
        calm_table(table)
        # The end of a path tells layers apart.
        table.setTextElideMode(Qt.TextElideMode.ElideRight)
        header = table.header()
        header.setStretchLastSection(False)
        header.resizeSection(0, _LAYER_WIDTH)
        for column in (1, 2):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Stretch)
        return table

    def _arrange(self) -> None:
        buttons = QDialogButtonBox()
        self.apply_button = buttons.addButton("Apply Theirs", QDialogButtonBox.ButtonRole.ActionRole)
        self.apply_button.setObjectName("applyTheirsButton")
        self.apply_button.setAutoDefault(False)
        buttons.addButton("Close", QDialogButtonBox.ButtonRole.RejectRole).setDefault(True)
        self.apply_button.clicked.connect(self.apply_requested)
        buttons.rejected.connect(self.reject)
        pane = QFrame()
        pane.setProperty("pane", True)
        inside = QVBoxLayout(pane)
        inside.setContentsMargins(1, 1, 1, CORNER // 2)
        inside.addWidget(self.table)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(_MARGIN, _MARGIN, _MARGIN, _MARGIN)
        layout.setSpacing(CORNER)
        set_tone(self.sums, "strong")
        for widget in (self.sums, pane, self.all_box, buttons):
            layout.addWidget(widget)
        layout.setStretch(1, 1)

    def schedule(self, _value: object = None) -> None:
        """Compares again in a moment: flags have changed."""
        if not self._timer.isActive():
            self._timer.start()

    @Slot()
    def refresh(self) -> None:
        """Compares again."""
        comparison = self._compare()
        self.model.set_rows(rows_of(comparison))
        self.sums.setText(_sums_text(comparison))
        self.apply_button.setEnabled(bool(comparison.differing or comparison.rules_left or comparison.rules_right))

    @Slot()
    def _on_selection_changed(self) -> None:
        chosen = self.table.selectionModel().selectedRows()
        row = self.model.row_at(chosen[0]) if chosen else None
        if row and row.node_path is not None:
            self.places_chosen.emit((row.node_path,))


def _sums_text(comparison: MapComparison) -> str:
    if comparison.is_same:
        return f"All {counted(len(comparison.layers), 'layer')} with weights are the same."
    num_common = sum(layer.is_in_both for layer in comparison.layers)
    num_rules = len(comparison.rules_left) + len(comparison.rules_right)
    parts = [f"{len(comparison.differing):,} of {counted(num_common, 'layer')} in both differ"]
    num_other = sum(layer.is_other_kind and not layer.differs for layer in comparison.layers)
    parts += [f"{num_other:,} with other weights"] if num_other else []
    parts += [f"{len(comparison.only_left):,} only here"] if comparison.only_left else []
    parts += [f"{len(comparison.only_right):,} only there"] if comparison.only_right else []
    parts += [f"{counted(num_rules, 'rule')} of editing"] if num_rules else []
    return ", ".join(parts) + "."
