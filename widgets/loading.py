"""Has the engine load the document that is open, so that its preview becomes the live model."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from editor.errors import EditorError, FileError, Problem
from editor.files.options import OpenOptions
from editor.files.saved_model.place import FileState
from editor.processes.messages import CloseDocument, ModelOpened, OpenFailed, OpenModel
from editor.runs.workspace import DocumentInfo
from widgets.document import Document, Stage
from widgets.engine_link import EngineLink
from widgets.rebasing import Rebased

_STOPPED = Problem("Loading was stopped.", "It can be tried again at any time.")
_RETRY_MS = 50


@dataclass(frozen=True)
class WentLive:
    """A document that stands on a live model from now on, and what has come of its steps."""

    document: Document
    rebased: Rebased


class Loader(QObject):
    """Loads one document at a time: the one that is open."""

    started = Signal(object)
    """Carries the `Document` that the engine is asked for."""
    went_live = Signal(object)
    """Carries the `WentLive`."""
    stayed = Signal(object)
    """Carries the `Document` that stays a preview; its `trouble` says why."""
    reopening = Signal(str)
    """Carries the name of the file that a new engine is loading again."""
    reopened = Signal(object)
    """Carries the live `Document` that a new engine has loaded again."""
    reopen_failed = Signal(object)
    """Carries the `Problem`; the engine does not have the document that is open."""

    def __init__(self, link: EngineLink) -> None:
        super().__init__()
        self._link = link
        self._loading: Document | None = None
        self._reopening: Document | None = None
        self._lost: Document | None = None
        self._arrived: ModelOpened | None = None
        self._seen: FileState | None = None
        self._was_ready = False
        self._next_id = 0
        self._timer = QTimer(self, singleShot=True, interval=_RETRY_MS)
        self._timer.timeout.connect(self._take_over)
        link.engine_ready.connect(self._on_engine_ready)
        link.model_opened.connect(self._on_model_opened)
        link.open_failed.connect(self._on_open_failed)
        link.engine_ended.connect(self._on_engine_ended)

    @property
    def is_busy(self) -> bool:
        """Whether the engine is loading, or is asked to."""
        return self._loading is not None or self._reopening is not None

    def obstacle(self, document: Document | None) -> str:
        """Why the engine can do nothing with a document just now; empty if it can."""
        if document is None:
            return ""
        if not document.is_live:
            is_loading = document.stage is Stage.LOADING
            return "The model is being loaded." if is_loading else "This is only a preview: the model is not loaded."
        if self._reopening:
            return "The engine is loading the model again."
        return "The engine does not have the model." if self._lost is document else ""

    def load(self, document: Document, options: OpenOptions | None = None) -> None:
        """Asks the engine for a document that stands on its preview; `went_live` or `stayed` follows.

        Args:
            document: What to load.
            options: What was given and allowed for it now; None leaves it at what was before.
        """
        self._give_up()
        try:
            # What a reader has not seen is not for the engine.
            check_as_read(document.workspace.info)
            # A new number each time: an answer to an earlier try is known by the old one.
            document.begin_loading(self._new_id(), options or document.options)
        except EditorError as error:
            self._stay(document, error.problem)
            return
        self._loading = document
        self._seen = document.workspace.info.state
        self.started.emit(document)
        self._link.send(_request(document))

    def stop(self) -> None:
        """Waits for the engine no longer; the document stays a preview."""
        document = self._loading
        self._give_up()
        if document:
            self._stay(document, _STOPPED)

    def give_back(self, document: Document) -> None:
        """Another engine is starting: gives it the document that is open, with the newest weights on disk.

        `reopened` or `reopen_failed` follows for a live one. What the last engine died of while it was loading is not
        given to the next one, unless a person asks for it.
        """
        if document.is_live:
            self._reopen(document)
        elif self._loading is document and not self._was_ready:
            self._link.send(_request(document))

    def _reopen(self, document: Document) -> None:
        self._reopening = self._lost = document
        try:
            document.workspace.info.check_file()
        except EditorError as error:
            self._fail_reopening(error.problem)
            return
        self.reopening.emit(document.title)
        self._link.send(_request(document))

    def forget(self, document: Document) -> None:
        """A document is closed; the engine need not hold it any more."""
        if self._loading is document:
            self._give_up()
        elif document.is_live:
            self._link.send(CloseDocument(document_id=document.document_id))
        if self._reopening is document:
            self._reopening = None

    def despair(self) -> None:
        """There is no engine and none will start by itself."""
        if document := self._loading:
            self._loading = None
            self._stay(document, Problem("The engine does not start.", "The log may tell why; then try again."))

    def _give_up(self) -> None:
        document, self._loading = self._loading, None
        self._arrived = None
        if document:
            # If the engine is loading it, it forgets the model when it is done.
            self._link.send(CloseDocument(document_id=document.document_id))

    def _new_id(self) -> int:
        self._next_id += 1
        return self._next_id

    def _stay(self, document: Document, trouble: Problem) -> None:
        document.stay_preview(trouble, has_failed=trouble is not _STOPPED)
        self.stayed.emit(document)

    # -- what the engine says ---------------------------------------------------------------------------------

    def _on_engine_ready(self, _event: object) -> None:
        self._was_ready = True

    def _on_model_opened(self, event: ModelOpened) -> None:
        document = self._reopening
        if document and document.document_id == event.document_id:
            self._reopening = self._lost = None
            document.note_revision(event.revision)
            self.reopened.emit(document)
        elif self._loading and self._loading.document_id == event.document_id:
            self._arrived = event
            self._take_over()

    def _take_over(self) -> None:
        """Lets the live model take the preview's place when no hand is on it.

        A click must hit what it was meant for, and a dialog keeps the tree that it was opened with.
        """
        document, event = self._loading, self._arrived
        if not document or not event:
            return
        if QApplication.activeModalWidget() or QApplication.activePopupWidget() or _is_mouse_down():
            self._timer.start()
            return
        self._loading = self._arrived = None
        try:
            # A training script may write its model anew while the engine starts.
            check_as_read(document.workspace.info)
        except EditorError as error:
            self._link.send(CloseDocument(document_id=document.document_id))
            self._stay(document, error.problem)
            return
        self.went_live.emit(WentLive(document, document.go_live(event)))

    def _on_open_failed(self, event: OpenFailed) -> None:
        if self._loading and self._loading.document_id == event.document_id:
            document, self._loading = self._loading, None
            if document.workspace.info.state != self._seen:
                # Its flags were saved meanwhile, into the file that the engine was reading.
                self.load(document)
            else:
                self._stay(document, event.problem)
        elif self._reopening and self._reopening.document_id == event.document_id:
            self._fail_reopening(event.problem)

    def _fail_reopening(self, problem: Problem) -> None:
        self._reopening = None
        self.reopen_failed.emit(problem)

    def _on_engine_ended(self, _exit_code: object) -> None:
        was_ready, self._was_ready = self._was_ready, False
        if self._loading and was_ready and not self._arrived:
            document, self._loading = self._loading, None
            name = document.title
            self._stay(
                document, Problem(f"The engine ended while it loaded {name}.", "The log may tell why; then try again.")
            )


def check_as_read(info: DocumentInfo) -> None:
    """Holds a model's file against what it was when its preview was read, or when it was saved here.

    Raises:
        FileError: It is gone, or another one.
    """
    if not info.is_file_unchanged:
        what = "was changed by another program" if info.path.exists() else "is no longer there"
        raise FileError(f"{info.path.name} {what} since it was read.", hint="Open it again.")


def _is_mouse_down() -> bool:
    return QGuiApplication.mouseButtons() != Qt.MouseButton.NoButton


def _request(document: Document) -> OpenModel:
    """Revisions of an earlier session keep their numbers, as their files keep their names."""
    weights = document.weights_file
    return OpenModel(
        document_id=document.document_id,
        path=str(document.workspace.info.path),
        seen=document.workspace.info.state,
        options=document.options,
        weights=str(weights) if weights else None,
        revision=document.saved_revision,
        newest_revision=document.newest_revision,
        structure=document.structure,
        saved_structure=document.saved_structure,
    )
