"""Opens model files in the background: a reader looks first, then the engine loads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from editor.errors import EditorError, Problem
from editor.files.facts import FileFacts
from editor.files.options import OpenOptions
from editor.processes.messages import CloseDocument, ModelOpened, OpenFailed, OpenModel
from editor.processes.reader_client import ReaderClient, ReaderTicket
from editor.runs.abandoned import AbandonedWorkspace
from editor.runs.journal import read_journal
from editor.runs.workspace import JOURNAL_FILE, DocumentInfo, Workspace
from widgets.document import Document
from widgets.engine_link import EngineLink


@dataclass(frozen=True)
class OpenWish:
    """What is to be opened.

    Attributes:
        path: The model file.
        options: What was given and allowed for it.
        abandoned: The workspace of a window that was killed, whose work is to be brought back.
    """

    path: Path
    options: OpenOptions = field(default_factory=OpenOptions)
    abandoned: AbandonedWorkspace | None = None

    @property
    def weights(self) -> Path | None:
        """The weights that are newer than the model file."""
        return self.abandoned.newer_weights if self.abandoned else None


@dataclass(frozen=True)
class _Opening:
    """An opening under way.

    Attributes:
        ticket: The reader's look at the file; None from when the engine is asked.
    """

    document_id: int
    wish: OpenWish
    ticket: ReaderTicket | None = None


class Opener(QObject):
    """One opening at a time; a new one takes the place of one that is under way.

    Beside it, a new engine may be loading the document that is open: nobody can want to cancel that.
    """

    progressed = Signal(str)
    """What an opening is doing, in words."""
    reopening = Signal(str)
    """Carries the name of the file that a new engine is loading again."""
    opened = Signal(object)
    """Carries the new `Document`."""
    reopened = Signal(object)
    """Carries the `Document` that a new engine has loaded again."""
    reopen_failed = Signal(object)
    """Carries the `Problem`; the engine does not have the document that is open."""
    failed = Signal(object)
    """Carries the `Problem`; what was open is as it was."""
    cancelled = Signal()

    _probed = Signal(int, object)

    def __init__(self, link: EngineLink, make_reader: Callable[[], ReaderClient], workspaces: Path) -> None:
        super().__init__()
        self._link = link
        self._make_reader = make_reader
        self._reader: ReaderClient | None = None
        self._workspaces = workspaces
        self._opening: _Opening | None = None
        self._reopening: Document | None = None
        self._is_lost = False
        self._next_id = 0
        self._probed.connect(self._on_probed)
        link.model_opened.connect(self._on_model_opened)
        link.engine_ready.connect(self._on_engine_ready)
        link.open_failed.connect(self._on_open_failed)
        link.engine_ended.connect(self._on_engine_ended)

    @property
    def is_busy(self) -> bool:
        """Whether a file is being opened, or opened again."""
        return self._opening is not None or self._reopening is not None

    @property
    def obstacle(self) -> str:
        """Why the model that is open cannot be trained just now; empty if it can."""
        if self._reopening:
            return "The engine is loading the model again."
        if self._is_lost:
            return "The engine does not have the model."
        return "Another model is being opened." if self._opening else ""

    def warm_up(self) -> None:
        """Starts the spare reader."""
        if not self._reader:
            self._reader = self._make_reader()

    @property
    def reader(self) -> ReaderClient:
        """The client that looks at files and changes flags in them."""
        self.warm_up()
        assert self._reader
        return self._reader

    def open(self, wish: OpenWish) -> None:
        """Opens a file; `opened` or `failed` follows, or `cancelled`."""
        self._drop()
        self._next_id += 1
        document_id = self._next_id
        self._opening = _Opening(document_id, wish)
        if wish.abandoned:
            try:
                wish.abandoned.info.check_file()
            except EditorError as error:
                self._fail(error.problem)
                return
        self.progressed.emit(f"Looking at {wish.path.name}…")
        try:
            ticket = self.reader.probe(wish.path, lambda outcome: self._probed.emit(document_id, outcome))
        except EditorError as error:
            self._fail(error.problem)
            return
        self._opening = replace(self._opening, ticket=ticket)

    def reopen(self, document: Document) -> None:
        """Loads a document into a new engine, with the newest weights that are on disk.

        `reopened` or `reopen_failed` follows.
        """
        self._reopening = document
        self._is_lost = True
        try:
            document.workspace.info.check_file()
        except EditorError as error:
            self._fail_reopening(error.problem)
            return
        self.reopening.emit(document.path.name)
        self._link.send(
            OpenModel(
                document_id=document.document_id,
                path=str(document.path),
                options=document.options,
                weights=_text(document.weights_file),
                revision=document.saved_revision,
                newest_revision=document.newest_revision,
            )
        )

    def forget(self, document: Document) -> None:
        """A document is closed; the engine need not hold it any more."""
        if self._reopening is document:
            self._reopening = None
        self._link.send(CloseDocument(document_id=document.document_id))

    def cancel(self) -> None:
        """Gives the opening up; what was open stays."""
        if self._opening:
            self._drop()
            self.cancelled.emit()

    def close(self) -> None:
        """Ends the readers."""
        self._drop()
        if self._reader:
            self._reader.close()

    def _drop(self) -> None:
        opening, self._opening = self._opening, None
        if not opening:
            return
        if opening.ticket:
            opening.ticket.cancel()
        # If the engine is loading it, it forgets the model when it is done.
        self._link.send(CloseDocument(document_id=opening.document_id))

    def _fail(self, problem: Problem) -> None:
        self._opening = None
        self.failed.emit(problem)

    def _on_probed(self, document_id: int, outcome: FileFacts | Problem) -> None:
        opening = self._opening
        if not opening or opening.document_id != document_id:
            return
        if isinstance(outcome, Problem):
            self._fail(outcome)
            return
        self._opening = replace(opening, ticket=None)
        version = f" (Keras {outcome.keras_version})" if outcome.keras_version else ""
        waiting = "" if self._link.is_ready else " as soon as the engine has started"
        self.progressed.emit(f"Loading {opening.wish.path.name}{version}{waiting}…")
        self._link.send(_request(document_id, opening.wish))

    def _on_engine_ready(self, _event: object) -> None:
        if self._opening and not self._opening.ticket:
            self.progressed.emit(f"Loading {self._opening.wish.path.name}…")

    def _on_model_opened(self, event: ModelOpened) -> None:
        document, opening = self._reopening, self._opening
        if document and document.document_id == event.document_id:
            self._reopening = None
            self._is_lost = False
            document.note_revision(event.revision)
            self.reopened.emit(document)
        elif opening and opening.document_id == event.document_id:
            try:
                document = self._new_document(opening.wish, event)
            except EditorError as error:
                self._drop()
                self.failed.emit(error.problem)
                return
            self._opening = None
            self._is_lost = False
            self.opened.emit(document)

    def _new_document(self, wish: OpenWish, event: ModelOpened) -> Document:
        if not wish.abandoned:
            workspace = Workspace.create(self._workspaces, DocumentInfo.of(wish.path, wish.options))
            return Document(event, wish.path, wish.options, workspace)
        steps = read_journal(wish.abandoned.folder / JOURNAL_FILE)
        workspace = wish.abandoned.adopt()
        document = Document(event, wish.path, wish.options, workspace, wish.weights)
        document.recover(steps)
        return document

    def _on_open_failed(self, event: OpenFailed) -> None:
        if self._opening and self._opening.document_id == event.document_id:
            self._fail(event.problem)
        elif self._reopening and self._reopening.document_id == event.document_id:
            self._fail_reopening(event.problem)

    def _fail_reopening(self, problem: Problem) -> None:
        self._reopening = None
        self.reopen_failed.emit(problem)

    def _on_engine_ended(self, _exit_code: object) -> None:
        if self._opening and not self._opening.ticket:
            name = self._opening.wish.path.name
            self._fail(Problem(f"The engine ended while it loaded {name}.", "The log may tell why; then try again."))


def _request(document_id: int, wish: OpenWish) -> OpenModel:
    """Revisions of an earlier session keep their numbers, as their files keep their names."""
    abandoned = wish.abandoned
    return OpenModel(
        document_id=document_id,
        path=str(wish.path),
        options=wish.options,
        weights=_text(wish.weights),
        revision=abandoned.info.saved_revision if abandoned else 0,
        newest_revision=abandoned.newest_revision if abandoned else 0,
    )


def _text(path: Path | None) -> str | None:
    return str(path) if path else None
