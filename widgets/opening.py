"""Opens model files: a reader looks at them without running anything, and what it sees becomes the document."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec
from PySide6.QtCore import QObject, QTimer, Signal

from editor.errors import EditorError, FileError, Problem
from editor.files.facts import FileFormat, Preview
from editor.files.options import OpenOptions
from editor.files.saved_model.place import model_path
from editor.processes.reader_client import ReaderClient, ReaderTicket
from editor.runs.abandoned import AbandonedWorkspace
from editor.runs.journal import read_records
from editor.runs.workspace import JOURNAL_FILE, DocumentInfo, Workspace, structure_path
from widgets.document import Document

PATIENCE_MS = 300
"""What is read sooner is not said to be read: a notice that comes and goes would move all below it."""


@dataclass(frozen=True)
class OpenWish:
    """What is to be opened.

    Attributes:
        path: The model file, or the folder of a SavedModel.
        options: What was given and allowed for it.
        abandoned: The workspace of a window that was killed, whose work is to be brought back.
        workspace: The folder in which a new model was made, which is not a file that a person knows of.
        notes: What a person should know of the making, a sentence each.
    """

    path: Path
    options: OpenOptions = field(default_factory=OpenOptions)
    abandoned: AbandonedWorkspace | None = None
    workspace: Workspace | None = None
    notes: tuple[str, ...] = ()

    @property
    def weights(self) -> Path | None:
        """The weights that are newer than the model file."""
        return self.abandoned.newer_weights if self.abandoned else None


@dataclass(frozen=True)
class _Opening:
    """An opening under way."""

    number: int
    wish: OpenWish
    info: DocumentInfo | None = None
    ticket: ReaderTicket | None = None


class Opener(QObject):
    """One opening at a time; a new one takes the place of one that is under way.

    Attributes:
        is_awaiting: Whether a new model is being built, to be opened then.
    """

    progressed = Signal(str)
    """What an opening is doing, in words."""
    opened = Signal(object)
    """Carries the new `Document`, which stands on its preview."""
    failed = Signal(object)
    """Carries the `Problem`; what was open is as it was."""
    cancelled = Signal()

    _previewed = Signal(int, object)

    def __init__(self, make_reader: Callable[[], ReaderClient], workspaces: Path) -> None:
        super().__init__()
        self._make_reader = make_reader
        self._reader: ReaderClient | None = None
        self._workspaces = workspaces
        self.is_awaiting = False
        self._opening: _Opening | None = None
        self._number = 0
        self._timer = QTimer(self, singleShot=True, interval=PATIENCE_MS)
        self._timer.timeout.connect(self._on_timeout)
        # The reader answers on a thread of its own; this connection is queued to the GUI thread.
        self._previewed.connect(self._on_previewed)

    @property
    def is_busy(self) -> bool:
        """Whether a file is being opened, or made to be opened."""
        return self._opening is not None or self.is_awaiting

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
        self._number += 1
        number = self._number
        wish = replace(wish, path=model_path(wish.path))
        self._opening = _Opening(number, wish)
        try:
            if wish.abandoned:
                wish.abandoned.info.check_file()
            info = _as_it_is(wish)
            ticket = self.reader.preview(
                _content(wish), lambda outcome: self._previewed.emit(number, outcome), options=_content_options(wish)
            )
        except EditorError as error:
            self._fail(error.problem)
            return
        self._opening = replace(self._opening, info=info, ticket=ticket)
        self._timer.start()

    def new_workspace(self, info: DocumentInfo) -> Workspace:
        """A workspace for a document that is being opened or made.

        Raises:
            FileError: Its folder cannot be made.
        """
        return Workspace.create(self._workspaces, info)

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
        self._timer.stop()
        if opening and opening.ticket:
            opening.ticket.cancel()
        if opening and opening.wish.workspace:
            opening.wish.workspace.clean()

    def _fail(self, problem: Problem) -> None:
        self._drop()
        self.failed.emit(problem)

    def _on_timeout(self) -> None:
        if self._opening:
            self.progressed.emit(f"Looking at {self._opening.wish.path.name}…")

    def _on_previewed(self, number: int, outcome: Preview | Problem) -> None:
        opening = self._opening
        if not opening or opening.number != number:
            return
        if isinstance(outcome, Problem):
            self._fail(outcome)
            return
        try:
            document = self._new_document(opening.wish, opening.info, outcome)
        except EditorError as error:
            self._fail(error.problem)
            return
        self._opening = None
        self._timer.stop()
        self.opened.emit(document)

    def _new_document(self, wish: OpenWish, info: DocumentInfo | None, preview: Preview) -> Document:
        if not info or not info.is_file_unchanged:
            raise FileError(f"{wish.path.name} was changed while it was looked at.", hint="Open it again.")
        if not wish.abandoned:
            workspace = wish.workspace or self.new_workspace(info)
            path = _shown_path(wish, workspace)
            return Document(preview, path, wish.options, workspace, made_notes=wish.notes)
        records = read_records(wish.abandoned.folder / JOURNAL_FILE)
        weights = wish.weights
        preview = _as_of_its_file(preview, wish)
        workspace = wish.abandoned.adopt()
        document = Document(preview, _shown_path(wish, workspace), wish.options, workspace, weights)
        document.recover(records)
        return document


def _as_it_is(wish: OpenWish) -> DocumentInfo | None:
    """The file as it is before it is read; None where there is none that a system knows, of which the reader tells."""
    try:
        return DocumentInfo.of(wish.path, wish.options)
    except (EditorError, ValueError):
        return None


def _content(wish: OpenWish) -> Path:
    """The file that has the layers: that of the workspace where they were edited since the model's was written."""
    info = wish.abandoned.info if wish.abandoned else None
    if wish.abandoned is None or info is None or info.structure == info.saved_structure:
        return wish.path
    return structure_path(wish.abandoned.folder, info.structure)


def _content_options(wish: OpenWish) -> OpenOptions:
    """An architecture that was given is for a file of weights alone."""
    if _content(wish) == wish.path:
        return wish.options
    return msgspec.structs.replace(wish.options, architecture=None, application=None)


def _as_of_its_file(preview: Preview, wish: OpenWish) -> Preview:
    """Says of edited layers what kind of file they are edited for."""
    if _content(wish) == wish.path:
        return preview
    kinds: dict[str, FileFormat] = {".keras": "keras", ".h5": "h5", ".hdf5": "h5", ".json": "json"}
    kind = "saved-model" if wish.path.is_dir() else kinds.get(wish.path.suffix.lower(), "keras")
    facts = msgspec.structs.replace(preview.facts, path=str(wish.path), format=kind)
    return msgspec.structs.replace(preview, facts=facts)


def _shown_path(wish: OpenWish, workspace: Workspace) -> Path:
    return Path(workspace.info.suggestion) if workspace.info.is_untitled else wish.path
