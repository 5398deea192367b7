"""One reader process, seen from its parent."""

from __future__ import annotations

import multiprocessing
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import wait

import msgspec

from editor.errors import EngineError
from editor.processes.reader_messages import ReaderEvent, ReaderReady, ReaderRequest, decode_event, encode
from editor.processes.spawn import spawn

_MODULE = "editor.processes.reader_main"
_START_SECONDS = 120.0
_END_SECONDS = 5.0


class ReaderProcess:
    """A spawned reader. Only `kill` may be called by another thread than the one that asks."""

    def __init__(self) -> None:
        """Starts the process and returns at once; its imports take a moment yet.

        Raises:
            EngineError: The system gives no process.
        """
        self._lock = threading.Lock()
        try:
            self._connection, theirs = multiprocessing.Pipe()
            with _interrupts_held_back():
                self._process = spawn(_MODULE, theirs)
        except OSError as error:
            raise EngineError(
                f"No reader process could be started: {error.strerror or error}.",
                hint="Close other programs and try again.",
                details=repr(error),
            ) from error

    def is_alive(self) -> bool:
        """Whether the process runs."""
        return not wait([self._process.sentinel], 0)

    def wait_until_ready(self) -> None:
        """Waits until the imports are done; at once for a spare.

        Raises:
            EngineError: The process did not come up.
        """
        try:
            event = self.receive(_START_SECONDS)
        except (EOFError, TimeoutError) as error:
            raise EngineError(
                "The reader process did not start.",
                hint="Start the program again; if it happens again, install it anew.",
                details=f"status {self.exit_status()}",
            ) from error
        if not isinstance(event, ReaderReady):
            raise EngineError("The reader answered before it was asked.", details=repr(event))

    def send(self, request: ReaderRequest) -> None:
        """Sends the request; that the process has died shows in the answer."""
        with suppress(OSError):
            self._connection.send_bytes(encode(request))

    def receive(self, seconds: float) -> ReaderEvent:
        """Waits for the next event.

        Raises:
            TimeoutError: Nothing came.
            EOFError: The process has ended.
            EngineError: What came is no event.
        """
        try:
            data = self._connection.recv_bytes() if self._connection.poll(seconds) else None
        except OSError as error:  # a reset connection, or Windows's broken pipe
            raise EOFError from error
        if data is None:
            raise TimeoutError
        try:
            event: ReaderEvent = decode_event(data)
        except msgspec.MsgspecError as error:
            raise EngineError("The reader's answer is malformed.", details=str(error)) from error
        return event

    def exit_status(self) -> int | None:
        """The exit status, negative for a signal; None if the process does not end."""
        with self._lock:
            self._process.join(_END_SECONDS)
            return self._process.exitcode

    def kill(self) -> None:
        """Ends the process, whatever it does; returns at once. Whoever waits in `receive` gets EOFError."""
        with self._lock, suppress(ValueError):  # closed already
            self._process.kill()

    def end(self) -> None:
        """Ends the process and gives back what it held."""
        self.kill()
        with self._lock, suppress(ValueError):
            self._process.join(_END_SECONDS)
            # A process that the system cannot end (it waits for a dead network drive) raises ValueError here.
            self._process.close()
        self._connection.close()


@contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """Lets the process be born with Ctrl+C held back, before it can ignore it itself; it would print a traceback."""
    if sys.platform == "win32":
        yield
        return
    from multiprocessing import resource_tracker

    # It lets go of the signals that it held back when it starts its own process, so that must be done before.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
