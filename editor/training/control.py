"""What other threads ask of a run; its own thread looks here between two batches."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Literal, TypeVar

from editor.layers.freeze_map import FreezeMap
from editor.training.settings import Keep

T = TypeVar("T")

Ending = Literal["last", "best", "cancel"]
"""How a run is asked to end: with which weights it stops, or that everything is put back."""


class RunControl:
    """The one place where the thread of a run and all others meet; every method is safe from any thread.

    Attributes:
        ended: Set as soon as the run is asked to end.
    """

    def __init__(self) -> None:
        self.ended = threading.Event()
        self._changed = threading.Condition()
        self._jobs: deque[tuple[Callable[[], Any], Future[Any]]] = deque()
        self._ending: Ending | None = None
        self._num_ending_requests = 0
        self._is_paused = False
        self._is_over = False
        self._learning_rate: float | None = None
        self._freeze_map: FreezeMap | None = None

    # -- what is asked ----------------------------------------------------------------------------------------

    def stop(self, keep: Keep = "last") -> None:
        """Ends the run after its current batch, also while it is paused; nothing takes a cancel back."""
        with self._changed:
            self._num_ending_requests += 1
            if self._ending != "cancel":
                self._ending = keep
            self.ended.set()
            self._changed.notify_all()

    def cancel(self) -> None:
        """Ends the run after its current batch and puts everything back as it was before."""
        with self._changed:
            self._num_ending_requests += 1
            self._ending = "cancel"
            self.ended.set()
            self._changed.notify_all()

    def pause(self) -> None:
        """Holds the run after its current batch."""
        self._set_paused(is_paused=True)

    def resume(self) -> None:
        """Goes on with a run that is held."""
        self._set_paused(is_paused=False)

    def change(self, *, learning_rate: float | None = None, freeze_map: FreezeMap | None = None) -> None:
        """Changes the learning rate from the next batch on, and the flags from the next epoch on."""
        with self._changed:
            self._learning_rate = self._learning_rate if learning_rate is None else learning_rate
            self._freeze_map = self._freeze_map if freeze_map is None else freeze_map
            self._changed.notify_all()

    def between_batches(self, job: Callable[[], T]) -> T:
        """Does a job on the run's thread after its current batch, or here if the run is over; returns its result."""
        future: Future[T] = Future()
        with self._changed:
            is_over = self._is_over
            if not is_over:
                self._jobs.append((job, future))
                self._changed.notify_all()
        return job() if is_over else future.result()

    def _set_paused(self, *, is_paused: bool) -> None:
        with self._changed:
            self._is_paused = is_paused
            self._changed.notify_all()

    # -- what the run's thread looks at -------------------------------------------------------------------------

    @property
    def ending(self) -> Ending | None:
        """How the run is to end; None while it is to go on."""
        return self._ending

    @property
    def num_ending_requests(self) -> int:
        """How often the run was asked to end."""
        return self._num_ending_requests

    @property
    def is_held(self) -> bool:
        """Whether the next batch has to wait."""
        return self._is_paused and self._ending is None

    @property
    def is_over(self) -> bool:
        """Whether the run changes no weights any more."""
        return self._is_over

    @property
    def has_jobs(self) -> bool:
        """Whether a job waits."""
        return bool(self._jobs)

    def take_changes(self) -> tuple[float | None, FreezeMap | None]:
        """The learning rate and the flags that were asked for since, and None for what was not."""
        if self._learning_rate is None and self._freeze_map is None:
            return None, None
        with self._changed:
            taken = self._learning_rate, self._freeze_map
            self._learning_rate = self._freeze_map = None
        return taken

    def wait(self) -> None:
        """Waits until a held run has something to do: a job, a change, or to go on."""
        with self._changed:
            self._changed.wait_for(
                lambda: (
                    bool(self._jobs)
                    or not self.is_held
                    or self._learning_rate is not None
                    or self._freeze_map is not None
                )
            )

    def do_jobs(self) -> None:
        """Does what waits for the moment between two batches."""
        while self._jobs:
            job, future = self._jobs.popleft()
            try:
                future.set_result(job())
            # Whoever waits for the job gets its error, a custom layer's sys.exit too.
            except BaseException as error:  # noqa: BLE001
                future.set_exception(error)

    def close(self) -> None:
        """Says that the run changes no weights any more, and does the last jobs."""
        with self._changed:
            self._is_over = True
        self.do_jobs()


class Stopwatch:
    """Seconds since it was made, holds left out."""

    def __init__(self) -> None:
        self._start = time.perf_counter()
        self._held_since: float | None = None

    @property
    def seconds(self) -> float:
        """What has passed."""
        return (time.perf_counter() if self._held_since is None else self._held_since) - self._start

    def hold(self) -> None:
        """Stands still."""
        self._held_since = time.perf_counter()

    def go_on(self) -> None:
        """Runs again."""
        if self._held_since is not None:
            self._start += time.perf_counter() - self._held_since
            self._held_since = None
