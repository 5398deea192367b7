"""How long work tells how far it is, and learns that nobody waits for it any more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Listener = Callable[[str, int, int], None]
"""Gets what is done, in words such as `Reading images`, how much of it, and how much there is."""

_MEGABYTE = 10**6

_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)


class GivenUpError(Exception):
    """Raised by a listener, and passed through whatever works: the result is not wanted any more."""


@contextmanager
def heard_by(listener: Listener) -> Iterator[None]:
    """Tells a listener of all work that is done meanwhile on this thread."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def note_bytes(doing: str, name: str, done: int, total: int) -> None:
    """As `note_progress`, of the bytes of a file, such as `Reading MB of big.csv`.

    Raises:
        GivenUpError: Nobody waits for the result.
    """
    note_progress(f"{doing} MB of {name}", done // _MEGABYTE, total // _MEGABYTE)


def note_progress(doing: str, done: int, total: int) -> None:
    """Says how far work is; cheap where nobody listens.

    Args:
        doing: In words, such as `Reading images`.
        done: 0 upwards.
        total: 0 where it is not known.

    Raises:
        GivenUpError: Nobody waits for the result.
    """
    if listener := _listener.get():
        listener(doing, done, total)
