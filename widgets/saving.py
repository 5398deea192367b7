"""Saves the document, and says what plain Keras will make of the file.

Where its weights are those of its file, a reader changes the flags alone; else the engine writes the whole model.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from editor.errors import EditorError, Problem
from editor.files.atomic import remove_unfinished
from editor.layers.freeze_map import FreezeMap
from editor.layers.patch_plan import PatchPlan, PatchResult, patch_plan
from editor.layers.python_code import restore_lines
from editor.processes.messages import ModelSaved, RequestFailed, SaveModel
from editor.processes.reader_client import ReaderClient, ReaderTicket
from editor.processes.reader_messages import PatchFailed
from widgets.document import Document
from widgets.engine_link import EngineLink

MODEL_SUFFIX = ".keras"
SAVED_SUFFIXES = (MODEL_SUFFIX, ".h5", ".hdf5")

FLAGS_ONLY = "Only the flags were written."
FROM_PREVIEW = "The model was not loaded: the flags stand in the file's configuration and in its freeze map."
_HDF5_SUFFIXES = frozenset({".h5", ".hdf5"})

OnSaved = Callable[[bool], None]


@dataclass
class _Saving:
    """A save under way.

    Attributes:
        step: Where the stack stood when it began.
        structure: Of the layers then.
        ticket: The reader's change of flags; None while the engine is asked.
    """

    request_id: int
    document: Document
    target: Path
    step: int
    freeze_map: FreezeMap
    structure: int
    on_saved: OnSaved | None
    ticket: ReaderTicket | None = None


class Saver(QObject):
    """One save at a time.

    Attributes:
        last_target: The file of the last save, whatever came of it.
    """

    started = Signal(str)
    """Carries the file's name."""
    saved = Signal(object)
    """Carries the `ModelSaved`."""
    failed = Signal(object)
    """Carries the `Problem`; the file that was there is untouched."""

    _patched = Signal(int, object)

    def __init__(self, link: EngineLink, reader: Callable[[], ReaderClient]) -> None:
        super().__init__()
        self._link = link
        self.last_target: Path | None = None
        self._reader = reader
        self._saving: _Saving | None = None
        self._when_done: Callable[[], None] | None = None
        self._patched.connect(self._on_patched)
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
            if saving.ticket:
                saving.ticket.cancel()
                remove_unfinished(saving.target)
            self._fail(saving, Problem("The save was not waited for.", "The file may or may not be written."))

    def can_save(self, document: Document, path: Path) -> bool:
        """Whether a document can be saved to a file of this name, as it is now; live ones in full."""
        if is_flags_only(document, path):
            return True
        is_own = path == document.path and document.needs_new_file
        return document.is_live and path.suffix in SAVED_SUFFIXES and not is_own

    def loses_optimizer(self, document: Document, path: Path) -> bool:
        """Whether saving now would leave out an optimizer's state that a `.keras` file could keep."""
        return document.has_optimizer and path.suffix != MODEL_SUFFIX and not is_flags_only(document, path)

    def save(self, document: Document, path: Path, on_saved: OnSaved | None = None) -> None:
        """Writes the flags of now and the weights of the engine; `saved` or `failed` follows.

        Args:
            document: What to save.
            path: The target; see `can_save`.
            on_saved: Called at the end with whether it went well.
        """
        if self._saving:
            self.failed.emit(Problem("A save is under way already.", "Wait until it is done."))
            return
        self.last_target = path
        saving = self._saving = _Saving(
            self._link.new_request_id(),
            document,
            path,
            document.stack.index(),
            document.freeze_map(),
            document.structure,
            on_saved,
        )
        self.started.emit(path.name)
        if is_flags_only(document, path):
            self._patch(saving)
        elif document.is_live:
            self._save_in_full(saving)
        elif self._take(saving.request_id):
            self._fail(saving, _needs_live_model(document, path))

    def _patch(self, saving: _Saving) -> None:
        request_id = saving.request_id
        try:
            saving.ticket = self._reader().patch(
                _plan(saving.document, saving.target), lambda outcome: self._patched.emit(request_id, outcome)
            )
        except EditorError as error:
            if self._take(request_id):
                self._fail(saving, error.problem)

    def _on_patched(self, request_id: int, outcome: PatchResult | PatchFailed) -> None:
        saving = self._saving
        if not saving or saving.request_id != request_id:
            return
        if isinstance(outcome, PatchResult):
            revision = saving.document.saved_revision
            words = FLAGS_ONLY if saving.document.is_live else f"{FLAGS_ONLY} {FROM_PREVIEW}"
            notes = (words, *outcome.notes)
            self._on_model_saved(
                ModelSaved(
                    request_id=request_id,
                    path=str(saving.target),
                    revision=revision,
                    forgotten=outcome.forgotten,
                    notes=notes,
                )
            )
        elif outcome.needs_full_save and saving.document.is_live and saving.target.suffix in SAVED_SUFFIXES:
            saving.ticket = None
            self._save_in_full(saving)
        elif self._take(request_id):
            needs_live = outcome.needs_full_save and not saving.document.is_live
            self._fail(saving, _with_live_model(outcome.problem) if needs_live else outcome.problem)

    def _save_in_full(self, saving: _Saving) -> None:
        self._link.send(
            SaveModel(
                request_id=saving.request_id,
                document_id=saving.document.document_id,
                path=str(saving.target),
                freeze_map=saving.freeze_map,
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
            saving.document.note_saved(Path(event.path), event.revision, step=saving.step, structure=saving.structure)
        except EditorError as error:
            self.failed.emit(error.problem)
        self.saved.emit(event)
        self._tell(saving, is_saved=True)

    def _on_request_failed(self, event: RequestFailed) -> None:
        if saving := self._take(event.request_id):
            self._fail(saving, event.problem)

    def close(self) -> None:
        """The engine and the reader were ended; what they may have been writing is taken away."""
        if self._saving:
            remove_unfinished(self._saving.target)

    def _on_engine_ended(self, _exit_code: object) -> None:
        if self._saving and self._saving.ticket:
            return  # A reader does not need it.
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


def is_flags_only(document: Document, path: Path) -> bool:
    """Whether the flags alone would make the document's file the one at `path`: same layers, weights and format."""
    if document.needs_new_file or document.structure != document.saved_structure:
        return False
    source = document.workspace.info
    is_same_format = path.suffix == source.path.suffix or {path.suffix, source.path.suffix} <= _HDF5_SUFFIXES
    return is_same_format and document.revision == document.saved_revision and source.is_file_unchanged


def _needs_live_model(document: Document, path: Path) -> Problem:
    what = "an .h5 file" if path.suffix in _HDF5_SUFFIXES else f"a {path.suffix} file"
    return Problem(
        f"Writing {document.title} to {what} needs the live model, which is not there.",
        "Wait until it is loaded, or write the flags alone by File › Export Freeze Map.",
    )


def _with_live_model(problem: Problem) -> Problem:
    """A change of flags that only Keras itself can write."""
    hint = "That needs the live model. File › Export Freeze Map keeps the flags meanwhile."
    return Problem(problem.summary, hint, problem.details)


def _plan(document: Document, path: Path) -> PatchPlan:
    source = document.workspace.info
    return patch_plan(
        document.tree,
        source.path,
        path,
        num_bytes=source.size,
        mtime_ns=source.mtime_ns,
        is_as_read=source.saved_as is None,
    )


def saved_text(event: ModelSaved, *, is_code_known: bool = True) -> tuple[str, str]:
    """What to say of a saved file, and the details: which flags plain Keras will not restore, and what does.

    Args:
        event: The save.
        is_code_known: Whether nobody's classes set flags of their own that a preview cannot know.
    """
    name = Path(event.path).name
    notes = "".join(f" {note}" for note in event.notes)
    if not event.forgotten:
        restored = "every flag" if is_code_known else "every flag that the classes it needs do not set themselves"
        return f"Saved {name}: read back and compared. Plain Keras restores {restored}.{notes}", ""
    num = len(event.forgotten)
    weights = "1 frozen weight" if num == 1 else f"{num} frozen weights"
    return (
        f"Saved {name}: read back and compared. Frostline restores every flag; "
        f"plain Keras will load {weights} as trainable.{notes}",
        f"{restore_lines(name)}\n"
        "restores every flag. Where Frostline is not installed, use what Model › Copy as Python gives.\n\n"
        "Plain keras.saving.load_model will not restore these weights as frozen:\n\n" + "\n".join(event.forgotten),
    )
