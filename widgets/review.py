"""What the flags mean and what has changed: findings and changes, kept up to date with the document."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject

from widgets.changes.control import ChangesControl
from widgets.document import Document
from widgets.engine_link import EngineLink
from widgets.findings.control import FindingsControl
from widgets.findings.watch import FindingsWatch
from widgets.main_window import MainWindow
from widgets.notifier import Notifier
from widgets.run_control import RunControl


class Review(QObject):
    """Builds both and tells them of documents and runs.

    Attributes:
        findings: Finds problems.
    """

    def __init__(
        self,
        window: MainWindow,
        link: EngineLink,
        *,
        runs: RunControl,
        notifier: Notifier,
        current: Callable[[], Document | None],
    ) -> None:
        super().__init__(window)
        self.findings = FindingsWatch(link, window.training.settings, self)
        self._control = FindingsControl(window, self.findings, notifier, current)
        self._changes = ChangesControl(window, current)
        runs.active_changed.connect(self._on_run_active_changed)
        runs.ended.connect(self.findings.note_run_ended)

    def set_document(self, document: Document) -> None:
        """Speaks of another document."""
        self.findings.set_document(document)
        self._changes.set_document(document)

    def note_live(self, document: Document) -> None:
        """The live model has taken the place of the document's preview."""
        self.findings.note_live(document)
        self._changes.refresh()

    def _on_run_active_changed(self, is_active: bool) -> None:
        if is_active:
            self.findings.note_run_started()
