"""The window's end of the engine: starts it, talks to it, ends it. Imports neither Keras nor TensorFlow."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection

from editor.errors import EngineError
from editor.processes.messages import Event, Quit, Request, decode_event, encode
from editor.processes.spawn import spawn

_MODULE = "editor.processes.engine_main"
_CLOSE_SECONDS = 2.0
_CHUNK_BYTES = 65536


class EngineClient:
    """One engine process. A new client is made for a new engine; a client is never started twice.

    Args:
        on_event: Called with each event.
        on_log: Called with each line that the engine prints.
        on_ended: Called once with the exit code when the engine has ended without `close`.

    All three are called on threads of this client, events in the order in which they were sent, `on_ended` last.
    """

    def __init__(
        self, on_event: Callable[[Event], None], on_log: Callable[[str], None], on_ended: Callable[[int | None], None]
    ) -> None:
        self._on_event = on_event
        self._on_log = on_log
        self._on_ended = on_ended
        self._is_closing = False
        self._connection, engine_end = multiprocessing.Pipe()
        self._log, log_end = multiprocessing.Pipe(duplex=False)
        self._process = spawn(_MODULE, engine_end, log_end)
        self._threads = [
            threading.Thread(target=self._read_log, name="engine log", daemon=True),
            threading.Thread(target=self._read_events, name="engine events", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    @property
    def pid(self) -> int | None:
        """The engine's process id."""
        return self._process.pid

    def send(self, request: Request) -> None:
        """Sends a request; it waits in the engine until the imports are done.

        Raises:
            EngineError: The engine has ended.
        """
        try:
            self._connection.send_bytes(encode(request))
        except OSError as error:
            raise EngineError("The engine has ended.", hint="Wait until it has started again.") from error

    def close(self) -> None:
        """Ends the engine, whatever it is doing; no callback comes after this."""
        self._is_closing = True
        with suppress(OSError):  # It may have ended already.
            self._connection.send_bytes(encode(Quit()))
        self._process.join(_CLOSE_SECONDS)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        for thread in self._threads:
            thread.join(_CLOSE_SECONDS)
        self._release()

    def _read_events(self) -> None:
        while True:
            try:
                event = decode_event(self._connection.recv_bytes())
            except (EOFError, OSError):
                break
            if not self._is_closing:
                self._on_event(event)
        if not self._is_closing:
            self._process.join(_CLOSE_SECONDS)
            self._on_ended(self._process.exitcode)

    def _read_log(self) -> None:
        rest = b""
        while chunk := _read(self._log):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                if not self._is_closing:
                    self._on_log(line.decode(errors="replace").rstrip("\r"))

    def _release(self) -> None:
        self._connection.close()
        self._log.close()
        self._process.close()


def _read(connection: Connection) -> bytes:
    """What has come, raw: the writers are C streams that know nothing of message frames; empty at the end."""
    try:
        return os.read(connection.fileno(), _CHUNK_BYTES)
    except OSError:
        return b""
