"""Between the view of changes and the document."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

from editor.layers.changes import changes_since
from widgets.changes.items import ChangeItem
from widgets.changes.reverting import revert_all, revert_row, revert_rule
from widgets.document import Document
from widgets.main_window import MainWindow
from widgets.places import select_paths

SETTLE_MS = 50
"""Many edits in a moment are told at once."""


class ChangesControl(QObject):
    """Keeps the view of changes up to date, and takes changes back.

    Args:
        window: Has the panel, and the tab's number.
        current: The document that is open.
    """

    def __init__(self, window: MainWindow, current: Callable[[], Document | None]) -> None:
        super().__init__(window)
        self._window = window
        self._current = current
        self._timer = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._timer.timeout.connect(self.refresh)
        window.changes.places_chosen.connect(self._on_places_chosen)
        window.changes.revert_requested.connect(self._on_revert_requested)
        window.changes.revert_all_requested.connect(self._on_revert_all_requested)

    def set_document(self, document: Document) -> None:
        """Shows the changes of another document."""
        document.flags_changed.connect(self._on_flags_changed)
        self.refresh()

    def refresh(self) -> None:
        """Compares with the opening."""
        document = self._current()
        if document:
            changes = changes_since(document.tree, document.opened)
            num_rows = len(changes.rows) + len(changes.rules_gone) + len(changes.rules_new) + changes.num_layers
            self._window.changes.show_changes(changes)
            self._window.inspector.tabs.set_number(self._window.changes, num_rows)

    def _on_flags_changed(self, _nodes: object) -> None:
        if not self._timer.isActive():
            self._timer.start()

    def _on_places_chosen(self, paths: tuple[str, ...]) -> None:
        select_paths(self._window, self._current(), paths)

    def _on_revert_requested(self, item: ChangeItem) -> None:
        document = self._current()
        if document and item.row:
            document.make(revert_row(document.tree, document.opened, item.row))
        elif document and item.rule:
            rule, held = item.rule
            document.make(revert_rule(document.tree, rule, held=held))

    def _on_revert_all_requested(self) -> None:
        document = self._current()
        if document:
            document.make(revert_all(document.tree, document.opened))
