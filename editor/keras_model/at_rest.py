"""How a writer gets at weights that a run may be changing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

T = TypeVar("T")


class AtRest(Protocol):
    """Does a job while nothing changes the weights, on the thread of the run if there is one; gives its result."""

    def __call__(self, job: Callable[[], T], /) -> T: ...


def now(job: Callable[[], T]) -> T:
    """Does it at once, where there is no run."""
    return job()
