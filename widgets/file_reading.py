"""Reads side files, such as another model's freeze map, in a reader process; answers on the GUI thread."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from editor.errors import EditorError, Problem
from editor.files.facts import FileFacts
from editor.layers.freeze_map import FreezeMap
from editor.processes.reader_client import ReaderClient, ReaderTicket


class FileReading(QObject):
    """One file at a time; a new one takes the place of one that is under way."""

    started = Signal(str)
    """Carries the file's name."""
    ended = Signal()
    """The file was read, or is not read any more; comes before the answer."""
    failed = Signal(object)
    """Carries the `Problem`."""

    _answered = Signal(int, object)

    def __init__(self, reader: Callable[[], ReaderClient], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._reader = reader
        self._ticket: ReaderTicket | None = None
        self._on_read: Callable[[Any], None] | None = None
        self._number = 0
        # The reader answers on a thread of its own; this connection is queued to the GUI thread.
        self._answered.connect(self._on_answered)

    def read_map(self, path: Path, on_read: Callable[[FreezeMap], None]) -> None:
        """Reads the freeze map of a model file or a `.freeze.json`."""
        self._begin(path, on_read, lambda reader, on_done: reader.read_map(path, on_done))

    def check_trained_weights(self, path: Path, on_checked: Callable[[FileFacts], None]) -> None:
        """Looks through a file of trained weights before the engine is given it."""
        self._begin(path, on_checked, lambda reader, on_done: reader.probe(path, on_done, kind="trained-weights"))

    def probe(self, path: Path, on_probed: Callable[[FileFacts], None]) -> None:
        """Looks through a file before the engine is given it."""
        self._begin(path, on_probed, lambda reader, on_done: reader.probe(path, on_done))

    def cancel(self) -> None:
        """Gives up the file that is being read."""
        if self._ticket:
            self._ticket.cancel()
            self._end()

    def _begin(
        self,
        path: Path,
        on_read: Callable[[Any], None],
        ask: Callable[[ReaderClient, Callable[[object], None]], ReaderTicket],
    ) -> None:
        self.cancel()
        self._number += 1
        number = self._number
        self._on_read = on_read
        self.started.emit(path.name)
        try:
            self._ticket = ask(self._reader(), lambda outcome: self._answered.emit(number, outcome))
        except EditorError as error:
            self._end()
            self.failed.emit(error.problem)

    def _end(self) -> None:
        self._number += 1
        self._ticket = self._on_read = None
        self.ended.emit()

    def _on_answered(self, number: int, outcome: object) -> None:
        if number != self._number:
            return
        on_read = self._on_read
        self._end()
        if isinstance(outcome, Problem):
            self.failed.emit(outcome)
        elif on_read:
            on_read(outcome)
