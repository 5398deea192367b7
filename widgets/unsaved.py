"""Nothing unsaved is lost without a question."""

from __future__ import annotations

from collections.abc import Callable

from widgets.document import Document
from widgets.notice_bar import Level
from widgets.notifier import Answer, Notifier
from widgets.run_control import RunControl
from widgets.saving import OnSaved, Saver

Save = Callable[[OnSaved], None]


class Unsaved:
    """Asks what to do with unsaved work before it is closed.

    Args:
        notifier: Asks.
        runs: Whether a run is under way.
        saver: Whether a save is under way.
        save: Saves the document that is open, asking for a file where it needs one.
    """

    def __init__(self, notifier: Notifier, runs: RunControl, saver: Saver, save: Save) -> None:
        self._notifier = notifier
        self._runs = runs
        self._saver = saver
        self._save = save
        self._given_up: tuple[Document, int, int] | None = None

    def is_in(self, document: Document) -> bool:
        """Whether closing the document now would lose work that nobody has given up."""
        return (document.is_modified or self._runs.is_active) and self._given_up != _mark(document)

    def when_settled(self, document: Document | None, what: str, go_on: Callable[[], None]) -> None:
        """Goes on when nothing unsaved is left: at once, after a save, or after a Discard.

        Args:
            document: What is open.
            what: What would lose the work, as in "if you {what} without saving".
            go_on: Not called after a Cancel, or when the save failed.
        """
        if self._saver.is_busy:
            self._saver.when_done(lambda: self.when_settled(document, what, go_on))
            # A save waits for the end of a batch, which a custom layer may never reach.
            text = "The file is being saved; then Frostline goes on."
            self._notifier.say(Level.INFO, text, action="Do Not Wait", on_action=self._saver.give_up)
        elif not document or not (document.is_modified or self._runs.is_active):
            go_on()
        else:
            self._ask(document, what, go_on)

    def _ask(self, document: Document, what: str, go_on: Callable[[], None]) -> None:
        def answered(answer: Answer) -> None:
            if answer == Answer.Save:
                self._save(saved)
            elif answer == Answer.Discard:
                self._given_up = _mark(document)
                go_on()

        def saved(is_saved: bool) -> None:
            if is_saved and document.stack.isClean():
                self._given_up = _mark(document)  # A run that still goes on was to end.
                go_on()
            elif is_saved:
                self.when_settled(document, what, go_on)

        why = "The run under way would end. " if self._runs.is_active else ""
        why += f"If you {what} without saving, the changes are lost."
        self._notifier.ask_save(document.title, why, answered)


def _mark(document: Document) -> tuple[Document, int, int]:
    """What tells whether anything was done to a document since."""
    return document, document.stack.index(), document.revision
