"""Saves the document through the engine, and says what plain Keras will make of the file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from editor.errors import EditorError, Problem
from editor.files.atomic import remove_unfinished
from editor.processes.messages import ModelSaved, RequestFailed, SaveModel
from widgets.document import Document
from widgets.engine_link import EngineLink

MODEL_SUFFIX = ".keras"

OnSaved = Callable[[bool], None]


@dataclass(frozen=True)
class _Saving:
    request_id: int
    document: Document
    target: Path
    step: int
    on_saved: OnSaved | None


class Saver(QObject):
    """One save at a time."""

    started = Signal(str)
    """Carries the file's name."""
    saved = Signal(object)
    """Carries the `ModelSaved`."""
    failed = Signal(object)
    """Carries the `Problem`; the file that was there is untouched."""

    def __init__(self, link: EngineLink) -> None:
        super().__init__()
        self._link = link
        self._saving: _Saving | None = None
        self._when_done: Callable[[], None] | None = None
        link.model_saved.connect(self._on_model_saved)
        link.request_failed.connect(self._on_request_failed)
        link.engine_ended.connect(self._on_engine_ended)

    @property
    def is_busy(self) -> bool:
        """Whether a save is under way."""
        return self._saving is not None

    def give_up(self) -> None:
        """Waits no longer for the save that is under way; the engine may still finish it."""
        if self._saving and (saving := self._take(self._saving.request_id)):
            self._fail(saving, Problem("The save was not waited for.", "The file may or may not be written."))

    def save(self, document: Document, path: Path, on_saved: OnSaved | None = None) -> None:
        """Writes the flags of now and the weights of the engine; `saved` or `failed` follows.

        Args:
            document: What to save.
            path: The target, ending in `.keras`.
            on_saved: Called at the end with whether it went well.
        """
        if self._saving:
            self.failed.emit(Problem("A save is under way already.", "Wait until it is done."))
            return
        self._saving = _Saving(self._link.new_request_id(), document, path, document.stack.index(), on_saved)
        self.started.emit(path.name)
        self._link.send(
            SaveModel(
                request_id=self._saving.request_id,
                document_id=document.document_id,
                path=str(path),
                freeze_map=document.freeze_map(),
            )
        )

    def when_done(self, go_on: Callable[[], None]) -> None:
        """Calls when the save that is under way has ended, however; a later caller takes an earlier one's place."""
        self._when_done = go_on

    def _on_model_saved(self, event: ModelSaved) -> None:
        saving = self._take(event.request_id)
        if not saving:
            return
        try:
            saving.document.note_saved(Path(event.path), event.revision, step=saving.step)
        except EditorError as error:
            self.failed.emit(error.problem)
        self.saved.emit(event)
        self._tell(saving, is_saved=True)

    def _on_request_failed(self, event: RequestFailed) -> None:
        if saving := self._take(event.request_id):
            self._fail(saving, event.problem)

    def close(self) -> None:
        """The engine was ended; what it may have been writing is taken away."""
        if self._saving:
            remove_unfinished(self._saving.target)

    def _on_engine_ended(self, _exit_code: object) -> None:
        if self._saving and (saving := self._take(self._saving.request_id)):
            remove_unfinished(saving.target)
            self._fail(saving, Problem("The engine ended before the file was saved.", "Save again in a moment."))

    def _take(self, request_id: int) -> _Saving | None:
        saving = self._saving
        if not saving or saving.request_id != request_id:
            return None
        self._saving = None
        return saving

    def _fail(self, saving: _Saving, problem: Problem) -> None:
        self.failed.emit(problem)
        self._tell(saving, is_saved=False)

    def _tell(self, saving: _Saving, *, is_saved: bool) -> None:
        when_done, self._when_done = self._when_done, None
        if saving.on_saved:
            saving.on_saved(is_saved)
        if when_done:
            when_done()


def saved_text(event: ModelSaved) -> tuple[str, str]:
    """What to say of a saved file, and the details: which flags plain Keras will not restore, and what does."""
    name = Path(event.path).name
    notes = "".join(f" {note}" for note in event.notes)
    if not event.forgotten:
        return f"Saved {name}: read back and compared. Plain Keras restores every flag.{notes}", ""
    num = len(event.forgotten)
    weights = "1 frozen weight" if num == 1 else f"{num} frozen weights"
    return (
        f"Saved {name}: read back and compared. Frostline restores every flag; "
        f"plain Keras will load {weights} as trainable.{notes}",
        "Plain keras.saving.load_model will not restore these weights as frozen:\n\n" + "\n".join(event.forgotten),
    )
