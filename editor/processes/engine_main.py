"""The engine's process: holds models and trains them. Its imports take seconds; requests that come meanwhile wait."""

from __future__ import annotations

import os
import queue
import sys
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection

import msgspec

from editor.native import prepare_tensorflow
from editor.processes.messages import Event, Quit, Request, decode_request, encode
from editor.processes.run_messages import CancelRun, ChangeRun, PauseRun, ResumeRun, RunWish, StopRun
from editor.processes.spawn import redirect_output


def main(connection: Connection, log: Connection) -> None:
    """Serves requests until the other end closes, however it died.

    Args:
        connection: Requests come in and events go out here.
        log: What Keras and TensorFlow print goes here.
    """
    redirect_output(log)
    prepare_tensorflow()
    mailbox = _Mailbox(connection)
    threading.Thread(target=mailbox.receive, name="receive", daemon=True).start()

    from editor.processes.engine import Engine

    engine = Engine(mailbox.send)
    mailbox.serve(engine.ask_run)
    engine.announce()
    while True:
        engine.handle(mailbox.requests.get())


class _Mailbox:
    def __init__(self, connection: Connection) -> None:
        self.requests: queue.Queue[Request] = queue.Queue()
        self._ask_run: Callable[[RunWish], None] | None = None
        self._early: list[RunWish] = []
        self._serving = threading.Lock()
        self._connection = connection
        self._sending = threading.Lock()

    def serve(self, ask_run: Callable[[RunWish], None]) -> None:
        """Says who takes what is asked of a run, and passes on what came during the imports."""
        with self._serving:
            self._ask_run = ask_run
            for wish in self._early:
                ask_run(wish)

    def send(self, event: Event) -> None:
        """Sends an event, from any thread."""
        try:
            with self._sending:
                self._connection.send_bytes(encode(event))
        except OSError:
            _end()

    def receive(self) -> None:
        """Takes requests in; a stop must not wait behind a save."""
        while True:
            try:
                request = decode_request(self._connection.recv_bytes())
            except (EOFError, OSError):
                _end()
            except msgspec.MsgspecError as error:
                sys.stderr.write(f"A request could not be read: {error}\n")
                continue
            match request:
                case Quit():
                    _end()
                case StopRun() | CancelRun() | PauseRun() | ResumeRun() | ChangeRun():
                    self._ask(request)
                case _:
                    self.requests.put(request)

    def _ask(self, wish: RunWish) -> None:
        with self._serving:
            if self._ask_run is None:
                self._early.append(wish)
            else:
                self._ask_run(wish)


def _end() -> None:
    # Native threads of TensorFlow may be in mid-work; a clean interpreter exit could wait for them for ever.
    os._exit(0)
