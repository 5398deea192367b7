"""Follows Keras through a `fit`: tells what happens, and does between two batches what was asked for."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import keras

from editor.errors import EditorError, SettingsError
from editor.layers.freeze_map import FreezeMap
from editor.layers.tree import LayerTree
from editor.training.changes import checked_learning_rate, trainable_tree
from editor.training.control import Stopwatch
from editor.training.marks import Mark, MarkKind, Moment, RunChange
from editor.training.monitoring import BestSoFar, EarlyStop, Plateau
from editor.training.running import Running
from editor.training.snapshot import ModelState
from editor.training.tensorboard_log import TensorBoardLog
from editor.training.watching import Metrics, RunPlan

LOSS_SECONDS = 0.05
"""Least time between two looks at the losses: a look waits for the device."""


class LeftError(Exception):
    """Leaves a validation that nobody waits for."""


@dataclass
class Progress:
    """What is carried from phase to phase of a run.

    Attributes:
        epochs: The metrics of each whole epoch.
        best_state: The model after its best epoch; None before one was whole.
        not_finite: Where the loss became no number: epoch and batch, 0 upwards.
        reason: Why the run ends by itself before its last epoch, in a sentence.
        next_tree: The flags of the next phase, which begins with the next epoch.
    """

    best: BestSoFar
    early_stop: EarlyStop | None
    plateau: Plateau | None
    log: TensorBoardLog | None
    stopwatch: Stopwatch = field(default_factory=Stopwatch)
    epochs: list[Metrics] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    best_state: ModelState | None = None
    num_batches_trained: int = 0
    not_finite: tuple[int, int] | None = None
    reason: str = ""
    next_tree: LayerTree | None = None

    @classmethod
    def of(cls, plan: RunPlan) -> Progress:
        """Of a run that begins."""
        settings, monitor = plan.settings, plan.monitor
        return cls(
            best=BestSoFar(monitor),
            early_stop=EarlyStop(settings.early_stopping, monitor) if settings.early_stopping else None,
            plateau=Plateau(settings.reduce_on_plateau, monitor) if settings.reduce_on_plateau else None,
            log=TensorBoardLog(settings.tensorboard) if settings.tensorboard else None,
        )


class Follower(keras.callbacks.Callback):  # type: ignore[misc]
    """The only callback of a run, in all of its phases.

    Attributes:
        is_broken_off: Whether the last epoch is not whole.
    """

    def __init__(self, running: Running, progress: Progress) -> None:
        super().__init__()
        self.is_broken_off = False
        self._running = running
        self._plan = running.plan
        self._control = running.control
        self._watcher = running.watcher
        self._progress = progress
        self._epoch = 0
        self._num_done = 0
        self._losses: list[tuple[int, Any]] = []
        self._last_look = 0.0

    # -- Keras's steps ----------------------------------------------------------------------------------------

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._epoch = epoch
        self._num_done = 0

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self._num_done = batch + 1
        self._progress.num_batches_trained += 1
        self._watch_loss(batch, logs)
        self._watcher.batch_ended(self._now(), lambda: floats(logs))
        if self._progress.not_finite is None:
            self._between_batches()
        if self._control.ending is not None or self._progress.not_finite is not None:
            self.is_broken_off = self._num_done < self._plan.num_batches or self._progress.not_finite is not None
            self.model.stop_training = True

    def on_test_begin(self, logs: Any = None) -> None:
        self._look_at_losses()
        self._leave_if_ending()

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        self._between_batches()
        self._leave_if_ending()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self._look_at_losses()
        if self.is_broken_off or self._progress.not_finite is not None:
            self.model.stop_training = True
            return
        metrics, learning_rate = floats(logs), self.learning_rate
        progress = self._progress
        progress.epochs.append(metrics)
        value = metrics.get(progress.best.monitor)
        if progress.best.improves(epoch, value):
            progress.best_state = ModelState.of(self._running.index)
        if progress.log:
            progress.log.write(epoch, metrics, learning_rate)
        self._watcher.epoch_ended(self._now(), metrics, learning_rate)
        if epoch + 1 < self._plan.settings.epochs and self._control.ending is None:
            self._between_epochs(epoch, value)

    # -- what follows from them -------------------------------------------------------------------------------

    @property
    def learning_rate(self) -> float:
        """Of the optimizer now."""
        return float(keras.ops.convert_to_numpy(self._running.index.model.optimizer.learning_rate))

    def _now(self) -> Moment:
        return Moment(self._epoch, self._num_done, self._progress.stopwatch.seconds)

    def mark(self, kind: MarkKind, text: str, freeze_map: FreezeMap | None = None) -> None:
        """Tells of something that belongs on the curves."""
        mark = Mark(self._now(), kind, text, freeze_map)
        self._progress.marks.append(mark)
        self._watcher.marked(mark)

    def begin_phase(self, epoch: int, tree: LayerTree) -> None:
        """Tells that the next epoch begins with other flags."""
        self._epoch, self._num_done = epoch, 0
        account = tree.account(tree.root)
        self.mark("phase", f"{account.trainable.parameters:,} parameters train", tree.freeze_map())

    def _between_epochs(self, epoch: int, value: float | None) -> None:
        progress = self._progress
        if progress.plateau and (lowered := progress.plateau.lowered(value, self.learning_rate)) is not None:
            self._set_learning_rate(lowered)
        if progress.early_stop and progress.early_stop.is_due(epoch, value):
            progress.reason = f"{progress.best.monitor} got no better for {progress.early_stop.text}."
            self.mark("early-stop", f"no better {progress.best.monitor}")
        if progress.reason or progress.next_tree is not None:
            self.model.stop_training = True

    def _between_batches(self) -> None:
        control = self._control
        if control.has_jobs:
            self._do_jobs()
        self._take_changes()
        if control.is_held:
            self._hold()

    def _hold(self) -> None:
        control = self._control
        self.mark("paused", "paused")
        self._progress.stopwatch.hold()
        while control.is_held:
            control.wait()
            self._do_jobs()
            self._take_changes()
        self._progress.stopwatch.go_on()
        if control.ending is None:
            self.mark("resumed", "resumed")

    def _do_jobs(self) -> None:
        with self._running.precision.lifted():
            self._control.do_jobs()

    def _leave_if_ending(self) -> None:
        if self._control.ending is not None or self._progress.not_finite is not None:
            self.is_broken_off = True
            raise LeftError

    # -- changes ----------------------------------------------------------------------------------------------

    def _take_changes(self) -> None:
        learning_rate, freeze_map = self._control.take_changes()
        with self._refusing("learning-rate"):
            if learning_rate is not None:
                self._set_learning_rate(checked_learning_rate(learning_rate))
        with self._refusing("flags"):
            if freeze_map is not None:
                self._progress.next_tree = trainable_tree(self._running.index, freeze_map)

    @contextmanager
    def _refusing(self, change: RunChange) -> Iterator[None]:
        try:
            yield
        except EditorError as error:
            self._watcher.change_refused(change, error.problem)

    def refuse_changes(self) -> None:
        """Says of flags that waited for an epoch which does not come that they were not used."""
        _, freeze_map = self._control.take_changes()
        if freeze_map is not None or self._progress.next_tree is not None:
            error = SettingsError("There was no further epoch for the new flags.", hint="Start another run with them.")
            self._watcher.change_refused("flags", error.problem)

    def _set_learning_rate(self, learning_rate: float) -> None:
        self.model.optimizer.learning_rate = learning_rate
        self.mark("learning-rate", f"lr {learning_rate:.3g}")

    # -- losses that are no numbers ---------------------------------------------------------------------------

    def _watch_loss(self, batch: int, logs: Any) -> None:
        """Keeps the loss of every batch, as a look waits for the device, and looks at all of them now and then."""
        if not self._plan.settings.stop_on_nan:
            return
        self._losses.append((batch, logs["loss"]))
        now = time.monotonic()
        if now - self._last_look >= LOSS_SECONDS:
            self._last_look = now
            self._look_at_losses()

    def _look_at_losses(self) -> None:
        bad = next((batch for batch, loss in self._losses if not math.isfinite(float(loss))), None)
        self._losses.clear()
        if bad is not None and self._progress.not_finite is None:
            # A mean over the epoch, which stays no number from that batch on.
            self._progress.not_finite = (self._epoch, bad)
            self.mark("nan", f"loss is no number in batch {bad + 1}")


def floats(logs: Any) -> Metrics:
    """Keras's logs as plain numbers."""
    return {name: float(value) for name, value in (logs or {}).items()}
