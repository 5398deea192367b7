"""Save and Save As: where to, and what to ask before."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain, count
from pathlib import Path

from PySide6.QtCore import QObject

from editor.errors import Problem
from widgets.dialogs.files import choose_target
from widgets.document import Document, bare_name
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
        if document and document.needs_new_file and not document.is_live:
            self._offer_map(document, on_saved)
        elif not document or not self._saver.can_save(document, document.path):
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
        if document and document.needs_new_file and not document.is_live:
            self._offer_map(document, on_saved)
        elif document:
            suggestion = _suggestion(document, suffix, is_own_kind=self._saver.can_save(document, document.path))
            choose_target(self._window, suggestion, lambda path: self._save_to(document, path, on_saved))

    def _offer_map(self, document: Document, on_saved: OnSaved | None) -> None:
        """Without the model nothing else can be written of what is no model file."""
        self._notifier.say(
            Level.WARNING,
            f"{document.title} cannot hold flags, and a new file needs the live model, which is not there. "
            "The flags alone can be written.",
            action="Save Freeze Map…",
            on_action=self._window.actions_["export_map"].trigger,
        )
        if on_saved:
            on_saved(False)

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
        target, document = self._saver.last_target, self._current()
        if document and document.is_live and target and target.suffix != MODEL_SUFFIX:
            self._notifier.say(
                Level.ERROR,
                f"{problem.summary} {problem.hint}".strip(),
                details=problem.details,
                action="Save as .keras…",
                on_action=lambda: self.save_as(suffix=MODEL_SUFFIX),
            )


def _suggestion(document: Document, suffix: str, *, is_own_kind: bool) -> Path:
    """A file beside the document's own: of its kind where that is possible, else a `.keras` file."""
    path = document.path
    if document.needs_new_file:
        return _free(path.with_name(bare_name(path) + (suffix or MODEL_SUFFIX)))
    return path.with_suffix(suffix or (path.suffix if is_own_kind else MODEL_SUFFIX))


def _free(path: Path) -> Path:
    """A name that no file has yet: what lies beside a file of weights may well be the model that was trained."""
    numbered = (path.with_name(f"{path.stem} {number}{path.suffix}") for number in count(2))
    return next(each for each in chain([path], numbered) if not each.exists())
