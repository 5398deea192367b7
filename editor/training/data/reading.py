"""What who waits for data gives to who reads them: a way to hear of progress, to cancel, and room on disk."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from editor.errors import DataError


def _ignore(num_done: int, num_all: int) -> None:
    pass


class ReadingCancelledError(DataError):
    """Nobody waits for the data any more."""

    def __init__(self) -> None:
        super().__init__("Reading the data was cancelled.")


@dataclass(frozen=True)
class Reading:
    """Given to `prepare`.

    Attributes:
        tell: Called with the number of files or rows that are done and of all; on the thread that reads.
        cancelled: Looked at again and again; once it is set, `ReadingCancelledError` is raised.
        cache_folder: For what does not fit into memory; its owner removes it when the run is over. None makes a
            temporary one, which is removed with the data.
    """

    tell: Callable[[int, int], None] = _ignore
    cancelled: threading.Event = field(default_factory=threading.Event)
    cache_folder: Path | None = None

    def check(self) -> None:
        """Ends the reading if nobody waits for it.

        Raises:
            ReadingCancelledError: It was cancelled.
        """
        if self.cancelled.is_set():
            raise ReadingCancelledError

    def new_folder(self) -> Path:
        """A new folder for large data; whoever asks removes it, or it goes with `cache_folder`."""
        return Path(tempfile.mkdtemp(prefix="frostline-data-", dir=self.cache_folder))
