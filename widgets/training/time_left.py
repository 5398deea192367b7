"""How long a run will still take, from the times of its batches."""

from __future__ import annotations

from collections.abc import Callable

_PAST = 0.8
"""Weight of earlier batches in the time per batch: follows a slow machine within some ten events."""


class TimeLeft:
    """Estimates from batch times and from what is done between epochs (validation, checkpoints).

    The time before the first batch ends (tracing, compiling) is not counted as a batch's.

    Args:
        clock: Monotonic seconds.
        num_epochs: Epochs of the run.
        num_batches: Batches in one epoch.
    """

    def __init__(self, clock: Callable[[], float], num_epochs: int, num_batches: int) -> None:
        self._clock = clock
        self._num_epochs = num_epochs
        self._num_batches = max(num_batches, 1)
        self._started = clock()
        self._last_time: float | None = None
        self._batches_done = 0
        self._epochs_done = 0
        self._pauses: list[float] = []
        self._held_since: float | None = None
        self._seconds_per_batch: float | None = None

    @property
    def seconds_per_batch(self) -> float | None:
        """Recent time of one batch; None until two batches are known."""
        return self._seconds_per_batch

    @property
    def elapsed(self) -> float:
        """Seconds since the run began, without those in which it was held."""
        return self._now - self._started

    @property
    def seconds_left(self) -> float | None:
        """Seconds until the run's end, 0.0 upwards; None until it can be told."""
        if self._seconds_per_batch is None or self._last_time is None:
            return None
        batches = self._num_epochs * self._num_batches - self._batches_done
        pauses = (self._num_epochs - self._epochs_done) * self._mean_pause
        since_event = self._now - self._last_time
        return max(0.0, batches * self._seconds_per_batch + pauses - since_event)

    def hold(self) -> None:
        """The run is paused: the clock stands still."""
        if self._held_since is None:
            self._held_since = self._clock()

    def go_on(self) -> None:
        """The run goes on: the time in which it was held is no part of it."""
        if self._held_since is None:
            return
        held, self._held_since = self._clock() - self._held_since, None
        self._started += held
        if self._last_time is not None:
            self._last_time += held

    @property
    def _now(self) -> float:
        return self._clock() if self._held_since is None else self._held_since

    def batch_ended(self, epoch: int, batch: int) -> None:
        """Counts the batches up to `batch` of `epoch`, both 0 upwards; several may have passed since the last call."""
        done = epoch * self._num_batches + batch + 1
        num_new = done - self._batches_done
        if num_new <= 0:
            return
        now = self._clock()
        if self._last_time is not None:
            self._learn((now - self._last_time) / num_new)
        self._batches_done, self._last_time = done, now

    def epoch_ended(self, epoch: int) -> None:
        """Counts an epoch, 0 upwards, as done, and learns how long its end took beyond its batches."""
        now = self._clock()
        done = (epoch + 1) * self._num_batches
        if self._last_time is not None:
            batches = (done - self._batches_done) * (self._seconds_per_batch or 0.0)
            self._pauses.append(max(0.0, now - self._last_time - batches))
        self._batches_done, self._epochs_done, self._last_time = done, epoch + 1, now

    @property
    def _mean_pause(self) -> float:
        return sum(self._pauses) / len(self._pauses) if self._pauses else 0.0

    def _learn(self, seconds: float) -> None:
        past = self._seconds_per_batch
        self._seconds_per_batch = seconds if past is None else _PAST * past + (1 - _PAST) * seconds


def clock_text(seconds: float) -> str:
    """Seconds as people read them from a clock: `0:48`, `12:05`, `1:02:03`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def batch_time_text(seconds: float) -> str:
    """Time of one batch: `0.31 s per batch`, `12 ms per batch`."""
    if seconds < 0.1:
        return f"{seconds * 1000:.0f} ms per batch" if seconds >= 0.001 else "under 1 ms per batch"
    return f"{seconds:.2f} s per batch" if seconds < 10 else f"{seconds:.0f} s per batch"
