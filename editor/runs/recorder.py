"""Writes the record of a run while it goes on; see `history`."""

from __future__ import annotations

import secrets
import struct
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import msgspec

from editor.errors import FileError
from editor.files.atomic import write_atomically
from editor.runs.history import BATCHES_FILE, LINES_FILE, RUN_FILE, Line, RunFacts, model_folder, prune


class RunRecorder:
    """The open record of a run. A disk that is full ends the record and not the run.

    Attributes:
        folder: Where it is.
    """

    def __init__(self, folder: Path, lines: IO[bytes], batches: IO[bytes]) -> None:
        """Not called directly: see `create`."""
        self.folder = folder
        self._lines: IO[bytes] | None = lines
        self._batches: IO[bytes] | None = batches
        self._encode = msgspec.json.Encoder().encode

    @classmethod
    def create(cls, root: Path, facts: RunFacts) -> RunRecorder:
        """Makes the folder of a run, which only this user can read, and removes the oldest of others.

        Raises:
            FileError: The folder cannot be made.
        """
        name = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(4)}"
        folder = model_folder(root, facts.document) / name
        try:
            folder.mkdir(mode=0o700, parents=True)
            with write_atomically(folder / RUN_FILE) as temporary:
                temporary.write_bytes(msgspec.json.format(msgspec.json.encode(facts)))
            # Without buffers: what a killed process has written is there.
            recorder = cls(
                folder,
                (folder / LINES_FILE).open("ab", buffering=0),
                (folder / BATCHES_FILE).open("ab", buffering=0),
            )
        except OSError as error:
            raise FileError(
                f"The record of the run cannot be written: {error.strerror or error}.", hint="Free some space."
            ) from error
        prune(root)
        return recorder

    def add(self, line: Line) -> None:
        """Appends a line."""
        try:
            if self._lines:
                self._lines.write(self._encode(line) + b"\n")
        except OSError:
            self.close()

    def add_batch(self, step: int, seconds: float, metrics: Sequence[float]) -> None:
        """Appends a point of the curve by batch."""
        try:
            if self._batches:
                self._batches.write(struct.pack(f"<If{len(metrics)}f", step % 2**32, seconds, *metrics))
        except (OSError, OverflowError):
            self.close()

    def close(self) -> None:
        """Lets go of the files."""
        for stream in (self._lines, self._batches):
            if stream:
                stream.close()
        self._lines = self._batches = None
