"""What the command line says during a run, and how Ctrl+C ends one."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from editor.data_arguments import data_notes
from editor.errors import Problem
from editor.training.control import RunControl
from editor.training.marks import Mark, Moment, RunChange
from editor.training.settings import Keep
from editor.training.watching import Metrics, RunPlan, RunWatcher
from editor.wording import counted

_PROGRESS_SECONDS = 5.0
"""Between two lines about data that are being read."""


class RunPrinter(RunWatcher):
    """Prints an epoch a line, and what happens between them."""

    def __init__(self, say: Callable[[str], None], keep_epoch: Callable[[int], None], *, every: int) -> None:
        """Nothing is printed yet.

        Args:
            say: Prints a line.
            keep_epoch: Saves the model of now; it is given the number of whole epochs.
            every: Epochs between two that are saved; 0 for none.
        """
        self._say = say
        self._keep_epoch = keep_epoch
        self._every = every
        self._num_epochs = 0
        self._next_progress = time.monotonic() + _PROGRESS_SECONDS

    def data_progressed(self, doing: str, done: int, total: int) -> None:
        now = time.monotonic()
        if now >= self._next_progress:
            self._next_progress = now + _PROGRESS_SECONDS
            self._say(f"{doing}: {done:,}{f' of {total:,}' if total else ''}")

    def run_started(self, plan: RunPlan) -> None:
        self._num_epochs = plan.settings.epochs
        batches = counted(plan.num_batches, "batch", "batches")
        self._say(f"{plan.report.data_text}; {batches}, loss {plan.report.loss}, seed {plan.seed}, on {plan.device}")
        for note in (*data_notes(plan.report.data), *plan.notes):
            self._say(note)

    def epoch_ended(self, at: Moment, metrics: Metrics, learning_rate: float) -> None:
        values = ", ".join(f"{name} {value:.4f}" for name, value in metrics.items())
        self._say(f"Epoch {at.epoch + 1} of {self._num_epochs}: {values}")
        if self._every and (at.epoch + 1) % self._every == 0:
            self._keep_epoch(at.epoch + 1)

    def marked(self, mark: Mark) -> None:
        if mark.kind == "learning-rate":
            self._say(f"The learning rate is {mark.text.removeprefix('lr ')} from here on.")
        elif mark.kind == "best-restored":
            self._say(f"The {mark.text} are taken, as they were the best.")

    def change_refused(self, change: RunChange, problem: Problem) -> None:
        self._say(problem.summary)


@contextmanager
def stopped_by_interrupt(control: RunControl, keep: Keep) -> Iterator[None]:
    """The first Ctrl+C stops a run and keeps its weights; the second ends the program, as without this.

    Python gives signals to its main thread alone; in another one nothing is changed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, before)
        control.stop(keep)

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
