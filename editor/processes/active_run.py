"""A run on its own thread, as the engine sees it: events, revisions, and the record."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from editor.errors import EditorError, Problem
from editor.processes.document import Document
from editor.processes.messages import Event
from editor.processes.run_history import RunHistory
from editor.processes.run_messages import (
    BatchEnded,
    CancelRun,
    ChangeRun,
    Checkpointed,
    EpochEnded,
    Outcome,
    PauseRun,
    ResumeRun,
    RunChangeRefused,
    RunEnded,
    RunMarked,
    RunPreparing,
    RunStarted,
    RunWish,
    StartRun,
    StopRun,
)
from editor.runs.revisions import RevisionMeta
from editor.runs.workspace import revision_path
from editor.training.control import RunControl
from editor.training.marks import Mark, Moment, RunChange
from editor.training.run import Read, ReadingCancelledError, RunResult, failure_of, run_training
from editor.training.snapshot import write_snapshot
from editor.training.watching import Metrics, RunPlan, RunWatcher

T = TypeVar("T")

EVENT_SECONDS = 0.05
"""Least time between two `BatchEnded`: more than a screen shows is not sent."""


class ActiveRun(RunWatcher):
    """One training of one document; the watcher of its own run loop.

    Attributes:
        document: What is trained.
    """

    def __init__(self, request: StartRun, document: Document, send: Callable[[Event], None], read: Read) -> None:
        self.document = document
        self._control = RunControl()
        self._request = request
        self._send = send
        self._read = read
        self._history = RunHistory()
        self._revision_before = document.revision
        self._written: list[Path] = []
        self._is_abandoned = False
        self._num_batches = 0
        self._at = Moment(0, 0, 0.0)
        self._last_event = 0.0
        self._last_checkpoint = time.monotonic()

    @property
    def run_id(self) -> int:
        """The run's number, given by the window."""
        return self._request.run_id

    @property
    def is_over(self) -> bool:
        """Whether the run changes no weights any more."""
        return self._control.is_over

    def start(self) -> None:
        """Starts the thread; events tell the rest."""
        threading.Thread(target=self._train, name=f"run {self.run_id}", daemon=True).start()

    def ask(self, wish: RunWish) -> None:
        """Passes on what is asked of the run. From any thread."""
        match wish:
            case StopRun():
                self._control.stop(wish.keep)
            case CancelRun():
                self._control.cancel()
            case PauseRun():
                self._control.pause()
            case ResumeRun():
                self._control.resume()
            case ChangeRun():
                self._control.change(learning_rate=wish.learning_rate, freeze_map=wish.freeze_map)

    def abandon(self) -> None:
        """Ends the run of a document that is closed; its workspace may be gone, so nothing is written any more."""
        self._is_abandoned = True
        self._control.stop()

    def between_batches(self, job: Callable[[], T]) -> T:
        """Does a job on the run's thread after its current batch, or here if the run is over; returns its result."""
        return self._control.between_batches(job)

    # -- the watcher, on the run's thread ---------------------------------------------------------------------

    def run_started(self, plan: RunPlan) -> None:
        self._num_batches = plan.num_batches
        self._history = RunHistory.begin(plan, self._request, self.document)
        self._send(
            RunStarted(
                run_id=self.run_id,
                num_epochs=plan.settings.epochs,
                num_batches=plan.num_batches,
                metric_names=plan.metric_names,
                has_validation=plan.has_validation,
                seed=plan.seed,
                revision_file=str(self._revision_path),
                monitor=plan.monitor,
                device=plan.device,
                notes=(*plan.notes, *self._history.notes),
            )
        )

    def batch_ended(self, at: Moment, metrics: Callable[[], Metrics]) -> None:
        self.document.note_change()
        self._at = at
        now = time.monotonic()
        if now - self._last_event >= EVENT_SECONDS or at.batch == self._num_batches:
            self._last_event = now
            self._tell_batch(at, metrics())
        if now - self._last_checkpoint >= self._request.checkpoint_seconds:
            self._keep_weights()
            self._last_checkpoint = time.monotonic()

    def _tell_batch(self, at: Moment, metrics: Metrics) -> None:
        self._history.batch_ended(at, metrics)
        self._send(
            BatchEnded(
                run_id=self.run_id,
                epoch=at.epoch,
                batch=at.batch - 1,
                metrics=metrics,
                revision=self.document.revision,
                seconds=at.seconds,
            )
        )

    def epoch_ended(self, at: Moment, metrics: Metrics, learning_rate: float) -> None:
        self._history.epoch_ended(at, metrics, learning_rate)
        self._send(
            EpochEnded(
                run_id=self.run_id, epoch=at.epoch, metrics=metrics, seconds=at.seconds, learning_rate=learning_rate
            )
        )
        every = self._request.settings.checkpoint_epochs
        if every and (at.epoch + 1) % every == 0:
            self._keep_weights()
            self.marked(Mark(at, "checkpoint", f"weights of epoch {at.epoch + 1} kept"))

    def marked(self, mark: Mark) -> None:
        self._history.marked(mark)
        at = mark.at
        self._send(
            RunMarked(
                run_id=self.run_id,
                epoch=at.epoch,
                batch=at.batch,
                kind=mark.kind,
                text=mark.text,
                seconds=at.seconds,
                freeze_map=mark.freeze_map,
            )
        )

    def change_refused(self, change: RunChange, problem: Problem) -> None:
        self._send(RunChangeRefused(run_id=self.run_id, change=change, problem=problem))

    def weights_replaced(self) -> None:
        self.document.note_change()

    def data_progressed(self, doing: str, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self._last_event >= EVENT_SECONDS:
            self._last_event = now
            self._send(RunPreparing(run_id=self.run_id, doing=doing, done=done, total=total))

    # -- the run's thread -------------------------------------------------------------------------------------

    def _train(self) -> None:
        ended = self._run()
        self._history.ended(ended)
        self._control.close()
        self._send(ended)

    def _run(self) -> RunEnded:
        before = self._revision_path
        try:
            self._keep_weights()
            self._written.clear()
            result = run_training(
                self.document.index,
                self._request.settings,
                self._request.freeze_map,
                watcher=self,
                control=self._control,
                read=self._read,
            )
            return self._ended(result, self._put_back(before) if result.proof is None else self._keep_last(before))
        except ReadingCancelledError:
            return self._ended_early(before)
        except EditorError as error:
            problem = error.problem
        # The edge of the thread: Keras and TensorFlow raise whatever they met, and a custom layer may call sys.exit.
        except BaseException as error:  # noqa: BLE001
            problem = failure_of(error).problem
        return RunEnded(
            run_id=self.run_id,
            outcome="failed",
            revision=self.document.revision,
            revision_file=str(self._kept_after_failure() or ""),
            problem=problem,
            record=self._history.folder,
        )

    def _keep_last(self, before: Path) -> Path:
        """The weights at the end. A checkpoint of the same batch may have another learning rate or other flags."""
        return self._keep_weights(is_renewed=self._revision_path != before)

    def _ended_early(self, before: Path) -> RunEnded:
        """It was asked to end while the data were read, which may take minutes."""
        outcome: Outcome = "cancelled" if self._control.ending == "cancel" else "stopped"
        return RunEnded(run_id=self.run_id, outcome=outcome, revision=self.document.revision, revision_file=str(before))

    def _put_back(self, before: Path) -> Path:
        """The weights are those from before the run, and so is their number; what the run has kept is of no use."""
        self.document.revision = self._revision_before
        for path in self._written:
            with suppress(OSError):
                path.unlink()
        with suppress(OSError):
            # After a crash the file that was written or marked last counts.
            os.utime(before)
        return before

    def _kept_after_failure(self) -> Path | None:
        """The weights as the failure left them; a full disk may be the failure itself."""
        try:
            return self._keep_weights()
        except EditorError:
            return None

    def _ended(self, result: RunResult, revision_file: Path) -> RunEnded:
        return RunEnded(
            run_id=self.run_id,
            outcome=result.outcome,
            revision=self.document.revision,
            revision_file=str(revision_file),
            proof=result.proof,
            seconds=result.seconds,
            problem=result.problem,
            kept=result.kept,
            best=result.best,
            reason=result.reason,
            test_metrics=result.test_metrics,
            record=self._history.folder,
        )

    @property
    def _revision_path(self) -> Path:
        return revision_path(Path(self._request.workspace), self.document.revision)

    def _keep_weights(self, *, is_renewed: bool = False) -> Path:
        path = self._revision_path
        if (is_renewed or not path.exists()) and not self._is_abandoned:
            meta = RevisionMeta(
                revision=self.document.revision,
                run_id=self.run_id,
                epoch=self._at.epoch,
                learned=self.document.learned,
            )
            write_snapshot(self.document.index, path, meta)
            self._written.append(path)
            self._send(Checkpointed(run_id=self.run_id, revision=self.document.revision, path=str(path)))
        return path
