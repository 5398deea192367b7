"""Save and Save As: where to, and what to ask before."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject

from editor.errors import Problem
from widgets.dialogs.files import choose_target
from widgets.document import Document
from widgets.main_window import MainWindow
from widgets.notice_bar import Level
from widgets.notifier import Notifier
from widgets.saving import MODEL_SUFFIX, OnSaved, Saver


class SaveCommands(QObject):
    """Saves the document that is open.

    Args:
        window: Has the actions.
        saver: Writes.
        notifier: Asks; a failure was said by it already.
        current: The document that is open.
    """

    def __init__(
        self, window: MainWindow, saver: Saver, *, notifier: Notifier, current: Callable[[], Document | None]
    ) -> None:
        super().__init__(window)
        self._window = window
        self._saver = saver
        self._notifier = notifier
        self._current = current
        window.actions_["save"].triggered.connect(lambda _checked=False: self.save())
        window.actions_["save_as"].triggered.connect(lambda _checked=False: self.save_as())
        saver.failed.connect(self._on_failed)

    def save(self, on_saved: OnSaved | None = None) -> None:
        """Saves to the document's own file, or asks for one where it cannot hold the flags."""
        document = self._current()
        if not document or not self._saver.can_save(document, document.path):
            self.save_as(on_saved)
        elif document.workspace.info.is_file_unchanged or not document.path.exists():
            self._save_to(document, document.path, on_saved)
        else:
            self._notifier.ask_overwrite(
                document.path.name,
                on_overwrite=lambda: self._save_to(document, document.path, on_saved),
                on_save_as=lambda: self.save_as(on_saved),
            )

    def save_as(self, on_saved: OnSaved | None = None, *, suffix: str = "") -> None:
        """Asks for a file and saves to it; of the kind of the document's own, unless `suffix` says otherwise."""
        document = self._current()
        if document:
            own = document.path.suffix if self._saver.can_save(document, document.path) else MODEL_SUFFIX
            suggestion = document.path.with_suffix(suffix or own)
            choose_target(self._window, suggestion, lambda path: self._save_to(document, path, on_saved))

    def _save_to(self, document: Document, path: Path, on_saved: OnSaved | None) -> None:
        if self._saver.loses_optimizer(document, path):
            self._notifier.ask_without_optimizer(
                path.name,
                on_save=lambda: self._saver.save(document, path, on_saved),
                on_save_as=lambda: self.save_as(on_saved, suffix=MODEL_SUFFIX),
            )
        else:
            self._saver.save(document, path, on_saved)

    def _on_failed(self, problem: Problem) -> None:
        """What an `.h5` file cannot hold, a `.keras` file can."""
        target = self._saver.last_target
        if self._current() and target and target.suffix != MODEL_SUFFIX:
            self._notifier.say(
                Level.ERROR,
                f"{problem.summary} {problem.hint}".strip(),
                details=problem.details,
                action="Save as .keras…",
                on_action=lambda: self.save_as(suffix=MODEL_SUFFIX),
            )
