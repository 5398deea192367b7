"""Talks to a real engine process in tests: sends requests and waits for events."""

from __future__ import annotations

import queue
from collections.abc import Callable
from typing import TypeVar

from editor.files.options import OpenOptions
from editor.processes.engine_client import EngineClient
from editor.processes.messages import Event, ModelOpened, OpenFailed, OpenModel, Request

E = TypeVar("E")

WAIT_SECONDS = 120


class EngineDriver:
    """An engine process with all that it has said.

    Attributes:
        log: The lines that the engine printed.
        ends: The exit codes that `on_ended` was given.
    """

    def __init__(self) -> None:
        self.events: queue.Queue[Event | None] = queue.Queue()
        self.log: list[str] = []
        self.ends: queue.Queue[int | None] = queue.Queue()
        self.client = EngineClient(self.events.put, self.log.append, self.ends.put)
        self._number = 0

    def next_number(self) -> int:
        """A number for a document, a request or a run that no other has."""
        self._number += 1
        return self._number

    def send(self, request: Request) -> None:
        self.client.send(request)

    def wait_for(self, kind: type[E], *, collect: list[Event] | None = None, when: Callable[[E], bool] = bool) -> E:
        """The next event of a kind; all before it and itself go into `collect`."""
        while True:
            event = self.events.get(timeout=WAIT_SECONDS)
            if collect is not None:
                collect.append(event)
            if isinstance(event, kind) and when(event):
                return event

    def ask(self, request: Request, answer: type[E] | tuple[type, ...]) -> E:
        self.send(request)
        return self.wait_for(answer)

    def open(self, path: object, custom_code: str | None = None, **rest: object) -> Event:
        """Opens a model and gives the answer, whichever it is."""
        options = OpenOptions(custom_code=custom_code)
        request = OpenModel(document_id=self.next_number(), path=str(path), **{"options": options, **rest})
        self.send(request)
        return self.wait_for((ModelOpened, OpenFailed), when=lambda event: event.document_id == request.document_id)

    def close(self) -> None:
        self.client.close()
