"""What the window does and says when an engine has died: another one gets the document back."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from editor.errors import Problem
from widgets.document import Document
from widgets.engine_keeper import EngineKeeper
from widgets.loading import Loader
from widgets.notice_bar import Level
from widgets.notifier import Notifier
from widgets.run_control import RunControl


class EngineRescue(QObject):
    """Has the keeper's new engine load the document that is open.

    Args:
        keeper: Starts engines.
        loader: Loads the document again.
        runs: Told when the document is back.
        notifier: Speaks to the user.
        current: The document that is open.
    """

    rescued = Signal()
    """The engine has the document again."""

    def __init__(
        self,
        keeper: EngineKeeper,
        loader: Loader,
        *,
        runs: RunControl,
        notifier: Notifier,
        current: Callable[[], Document | None],
    ) -> None:
        super().__init__()
        self._keeper = keeper
        self._loader = loader
        self._runs = runs
        self._notifier = notifier
        self._current = current
        keeper.restarted.connect(self._on_restarted)
        keeper.gave_up.connect(self._on_gave_up)
        loader.reopening.connect(self._on_reopening)
        loader.reopened.connect(self._on_reopened)
        loader.reopen_failed.connect(self._on_reopen_failed)

    def _on_restarted(self) -> None:
        self._notifier.say(Level.WARNING, "The engine has ended unexpectedly. Another one is starting.")
        self._give_document_back()

    def _on_gave_up(self) -> None:
        self._loader.despair()
        self._notifier.say(
            Level.ERROR,
            "The engine has ended several times in a row; your edits are kept. The log may tell why.",
            action="Start Again",
            on_action=self._on_start_again,
        )

    def _on_start_again(self) -> None:
        self._keeper.start()
        self._give_document_back()

    def _give_document_back(self) -> None:
        if document := self._current():
            self._loader.give_back(document)

    def _on_reopening(self, name: str) -> None:
        self._notifier.busy(f"The engine has ended unexpectedly. Another one is starting and loads {name} again…")

    def _on_reopen_failed(self, problem: Problem) -> None:
        text = f"{problem.summary} {problem.hint}".strip()
        self._notifier.say(
            Level.ERROR, text, details=problem.details, action="Try Again", on_action=self._give_document_back
        )

    def _on_reopened(self, document: Document) -> None:
        self._runs.note_reopened(document)
        text = f"The engine has been started again and has {document.title}"
        text = f"{text}, {_which_weights(document)}. Your edits are all here; you can go on."
        # What failed with the old engine, such as an opening or a save, is still to be read.
        self._notifier.say(Level.WARNING, f"{self._notifier.error_text} {text}".strip())
        self.rescued.emit()


def _which_weights(document: Document) -> str:
    if document.weights_file:
        return "with the newest weights that were kept"
    return "as it was built" if document.is_untitled else "as it is in its file"
