"""What a model needs and Keras does not have, as a list; Lambdas can be ticked."""

from __future__ import annotations

import html

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QTreeWidget, QTreeWidgetItem, QWidget

from editor.files.code_needs import needed_to_load
from editor.files.code_text import visible_lines
from editor.files.facts import CodeNeed
from editor.wording import some_of
from widgets.numbers import UNKNOWN

_TITLES = ("Needed", "Where", "From")
_MOST_WIDTH = 340
_BOX_WIDTH = 24
_LAMBDA_ORIGIN = "code in the model file"
_UNRUNNABLE = "code of another Python: never run"
_OF_COMPILE = "compile settings: never run"
_LEFT_OUT = "the model opens without it"
_Item = Qt.ItemDataRole.UserRole


class NeedsList(QTreeWidget):
    """One row for each need.

    Signals:
        ticked: Lambdas were ticked or unticked.

    Attributes:
        loading: The needs without which the model cannot be loaded.
        runnable: Digests of the Lambdas that can be ticked.
    """

    ticked = Signal()

    def __init__(self, needs: tuple[CodeNeed, ...], allowed: tuple[str, ...], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("needsList")
        self.setAccessibleName("What the model needs")
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setHeaderLabels(_TITLES)
        self._needs = needs
        self.loading = needed_to_load(needs)
        can_run = [need for need in self.loading if need.kind == "lambda" and need.is_runnable]
        self.runnable = tuple(need.digest for need in can_run)
        for number, need in enumerate(needs):
            item = _item(number, need, is_for_loading=need in self.loading)
            if need in can_run:
                item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
                is_allowed = need.digest in allowed
                item.setCheckState(0, Qt.CheckState.Checked if is_allowed else Qt.CheckState.Unchecked)
            self.addTopLevelItem(item)
        header = self.header()
        header.setMaximumSectionSize(_MOST_WIDTH)
        for column in (0, 1):
            self.resizeColumnToContents(column)
            # A box of the style sheet takes more room than the view knows.
            header.resizeSection(column, header.sectionSize(column) + _BOX_WIDTH)
        self.itemChanged.connect(lambda _item, _column: self.ticked.emit())

    @property
    def chosen(self) -> CodeNeed | None:
        """The need of the current row."""
        item = self.currentItem()
        return self._needs[item.data(0, _Item)] if item else None

    @property
    def allowed(self) -> tuple[str, ...]:
        """Digests of the Lambdas that are ticked."""
        items = [self.topLevelItem(row) for row in range(self.topLevelItemCount())]
        found = [self._needs[item.data(0, _Item)] for item in items if item and _is_ticked(item)]
        return tuple(need.digest for need in found)

    def allow_all(self, is_allowed: bool) -> None:
        """Ticks or unticks all Lambdas that can run."""
        state = Qt.CheckState.Checked if is_allowed else Qt.CheckState.Unchecked
        for row in range(self.topLevelItemCount()):
            item = self.topLevelItem(row)
            if item and item.flags() & Qt.ItemFlag.ItemIsUserCheckable:
                item.setCheckState(0, state)


def _item(number: int, need: CodeNeed, *, is_for_loading: bool) -> QTreeWidgetItem:
    paths = [_shown(path) or "the model itself" for path in need.paths]
    origin = _shown(need.module) or UNKNOWN
    if need.kind != "lambda":
        origin = origin if is_for_loading else f"{origin}; {_LEFT_OUT}"
    else:
        origin = _LAMBDA_ORIGIN if need.is_runnable else _UNRUNNABLE
        origin = origin if is_for_loading else _OF_COMPILE
    kind = "Lambda" if need.kind == "lambda" else need.kind
    item = QTreeWidgetItem([f"{kind} {_shown(need.name)}", some_of(paths), origin])
    item.setData(0, _Item, number)
    item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsUserCheckable)
    item.setToolTip(1, _plain("\n".join(paths[:50])))
    item.setToolTip(2, _plain(_shown(need.registered_name) or origin))
    return item


def _shown(name: str) -> str:
    """A name out of a file, in which no character is hidden or turns the others round."""
    return visible_lines(name)[0]


def _plain(text: str) -> str:
    """A tool tip that is not taken for HTML, whatever stands in the file."""
    return f"<p style='white-space: pre'>{html.escape(text)}</p>" if text else ""


def _is_ticked(item: QTreeWidgetItem) -> bool:
    can_be = bool(item.flags() & Qt.ItemFlag.ItemIsUserCheckable)
    return can_be and item.checkState(0) == Qt.CheckState.Checked
