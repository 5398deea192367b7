"""Opens model files in the background: a reader looks first, then the engine loads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from editor.errors import EditorError, Problem
from editor.files.facts import FileFacts
from editor.processes.messages import CloseDocument, ModelOpened, OpenFailed, OpenModel
from editor.processes.reader_client import ProbeTicket, ReaderClient
from editor.runs.abandoned import AbandonedWorkspace
from editor.runs.journal import read_journal
from editor.runs.workspace import DocumentInfo, Workspace
from widgets.document import Document
from widgets.engine_link import EngineLink


@dataclass(frozen=True)
class OpenWish:
    """What is to be opened.

    Attributes:
        path: The model file.
        custom_code: Python file that the model needs.
        abandoned: The workspace of a window that was killed, whose work is to be brought back.
    """

    path: Path
    custom_code: Path | None = None
    abandoned: AbandonedWorkspace | None = None

    @property
    def weights(self) -> Path | None:
        """The weights that are newer than the model file."""
        return self.abandoned.newer_weights if self.abandoned else None


@dataclass(frozen=True)
class _Opening:
    document_id: int
    wish: OpenWish
    ticket: ProbeTicket | None = field(default=None, compare=False)
    document: Document | None = None


class Opener(QObject):
    """One opening at a time; a new one takes the place of one that is under way."""

    progressed = Signal(str)
    """What is going on, in words."""
    opened = Signal(object)
    """Carries the new `Document`."""
    reopened = Signal(object)
    """Carries the `Document` that a new engine has loaded again."""
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
        self._next_id = 0
        self._probed.connect(self._on_probed)
        link.model_opened.connect(self._on_model_opened)
        link.open_failed.connect(self._on_open_failed)
        link.engine_ended.connect(self._on_engine_ended)

    @property
    def is_busy(self) -> bool:
        """Whether an opening is under way."""
        return self._opening is not None

    def warm_up(self) -> None:
        """Starts the spare reader."""
        if not self._reader:
            self._reader = self._make_reader()

    def open(self, wish: OpenWish) -> None:
        """Opens a file; `opened` or `failed` follows, or `cancelled`."""
        self._drop()
        self.warm_up()
        assert self._reader
        self._next_id += 1
        document_id = self._next_id
        self._opening = _Opening(document_id, wish)
        self.progressed.emit(f"Looking at {wish.path.name}…")
        try:
            ticket = self._reader.probe(wish.path, lambda outcome: self._probed.emit(document_id, outcome))
        except EditorError as error:
            self._fail(error.problem)
            return
        self._opening = replace(self._opening, ticket=ticket)

    def reopen(self, document: Document) -> None:
        """Loads a document into a new engine, with the newest weights that are on disk."""
        self._opening = _Opening(document.document_id, OpenWish(document.path, document.custom_code), None, document)
        self.progressed.emit(f"Loading {document.path.name} again…")
        self._link.send(
            OpenModel(
                document_id=document.document_id,
                path=str(document.path),
                custom_code=_text(document.custom_code),
                weights=_text(document.weights_file),
                revision=document.saved_revision,
                newest_revision=document.newest_revision,
            )
        )

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
        if not opening.document:
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
        version = f" (Keras {outcome.keras_version})" if outcome.keras_version else ""
        waiting = "" if self._link.is_ready else " as soon as the engine has started"
        self.progressed.emit(f"Loading {opening.wish.path.name}{version}{waiting}…")
        self._link.send(
            OpenModel(
                document_id=document_id,
                path=str(opening.wish.path),
                custom_code=_text(opening.wish.custom_code),
                weights=_text(opening.wish.weights),
            )
        )

    def _on_model_opened(self, event: ModelOpened) -> None:
        opening = self._opening
        if not opening or opening.document_id != event.document_id:
            return
        try:
            if opening.document:
                self._opening = None
                opening.document.note_revision(event.revision)
                self.reopened.emit(opening.document)
            else:
                document = self._new_document(opening.wish, event)
                self._opening = None
                self.opened.emit(document)
        except EditorError as error:
            self._fail(error.problem)

    def _new_document(self, wish: OpenWish, event: ModelOpened) -> Document:
        if not wish.abandoned:
            workspace = Workspace.create(self._workspaces, DocumentInfo.of(wish.path, wish.custom_code))
            return Document(event, wish.path, wish.custom_code, workspace)
        steps = read_journal(wish.abandoned.folder / "journal.jsonl")
        workspace = wish.abandoned.adopt()
        document = Document(event, wish.path, wish.custom_code, workspace, wish.weights)
        document.recover(steps)
        return document

    def _on_open_failed(self, event: OpenFailed) -> None:
        if self._opening and self._opening.document_id == event.document_id:
            self._fail(event.problem)

    def _on_engine_ended(self, _exit_code: object) -> None:
        if self._opening and not self._opening.document:
            name = self._opening.wish.path.name
            self._drop_ticket()
            self._fail(Problem(f"The engine ended while it loaded {name}.", "The log may tell why; then try again."))

    def _drop_ticket(self) -> None:
        if self._opening and self._opening.ticket:
            self._opening.ticket.cancel()


def _text(path: Path | None) -> str | None:
    return str(path) if path else None
