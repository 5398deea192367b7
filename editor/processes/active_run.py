"""A run on its own thread, with jobs that are done between two of its batches."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

from editor.errors import EditorError
from editor.processes.document import Document
from editor.processes.messages import Event
from editor.processes.run_messages import BatchEnded, Checkpointed, EpochEnded, Outcome, RunEnded, RunStarted, StartRun
from editor.runs.revisions import RevisionMeta, read_revision
from editor.runs.workspace import revision_path
from editor.training.run import Metrics, RunPlan, failure_of, run_training
from editor.training.snapshot import restore, write_snapshot

T = TypeVar("T")

EVENT_SECONDS = 0.05
"""Least time between two `BatchEnded`: more than a screen shows is not sent."""


class ActiveRun:
    """One training of one document; the watcher of its own run loop.

    Attributes:
        document: What is trained.
        stop: Set to end the run after its current batch.
    """

    def __init__(self, request: StartRun, document: Document, send: Callable[[Event], None]) -> None:
        self.document = document
        self.stop = threading.Event()
        self._request = request
        self._send = send
        self._jobs: queue.SimpleQueue[tuple[Callable[[], Any], Future[Any]]] = queue.SimpleQueue()
        self._ending = threading.Lock()
        self._is_over = False
        self._num_batches = 0
        self._epoch = 0
        self._last_event = 0.0
        self._last_checkpoint = time.monotonic()

    @property
    def run_id(self) -> int:
        """The run's number, given by the window."""
        return self._request.run_id

    @property
    def is_over(self) -> bool:
        """Whether the run changes no weights any more."""
        return self._is_over

    def start(self) -> None:
        """Starts the thread; events tell the rest."""
        threading.Thread(target=self._train, name=f"run {self.run_id}", daemon=True).start()

    def between_batches(self, job: Callable[[], T]) -> T:
        """Does a job on the run's thread after its current batch, or here if the run is over; returns its result."""
        future: Future[T] = Future()
        with self._ending:
            is_over = self._is_over
            if not is_over:
                self._jobs.put((job, future))
        return job() if is_over else future.result()

    # -- the watcher, on the run's thread ---------------------------------------------------------------------

    def run_started(self, plan: RunPlan) -> None:
        self._num_batches = plan.num_batches
        self._send(
            RunStarted(
                run_id=self.run_id,
                num_epochs=plan.settings.epochs,
                num_batches=plan.num_batches,
                metric_names=plan.metric_names,
                has_validation=plan.has_validation,
                seed=plan.seed,
                revision_file=str(self._revision_path),
                notes=plan.notes,
            )
        )

    def batch_ended(self, epoch: int, batch: int, metrics: Callable[[], Metrics]) -> None:
        self.document.note_change()
        self._epoch = epoch
        now = time.monotonic()
        if now - self._last_event >= EVENT_SECONDS or batch + 1 == self._num_batches:
            self._last_event = now
            self._send(
                BatchEnded(
                    run_id=self.run_id, epoch=epoch, batch=batch, metrics=metrics(), revision=self.document.revision
                )
            )
        if now - self._last_checkpoint >= self._request.checkpoint_seconds:
            self._keep_weights()
            self._last_checkpoint = time.monotonic()
        self._do_jobs()

    def validation_batch_ended(self) -> None:
        self._do_jobs()

    def epoch_ended(self, epoch: int, metrics: Metrics) -> None:
        self._send(EpochEnded(run_id=self.run_id, epoch=epoch, metrics=metrics))

    # -- the run's thread -------------------------------------------------------------------------------------

    def _train(self) -> None:
        ended = self._run()
        with self._ending:
            self._is_over = True
        self._do_jobs()
        self._send(ended)

    def _run(self) -> RunEnded:
        optimizer = getattr(self.document.index.model, "optimizer", None)
        before: Path | None = None
        try:
            before = self._keep_weights()
            result = run_training(
                self.document.index, self._request.settings, self._request.freeze_map, watcher=self, stop=self.stop
            )
            outcome: Outcome = "stopped" if result.is_stopped else "finished"
            return self._ended(outcome, self._keep_weights(), proof=result.proof, seconds=result.seconds)
        except EditorError as error:
            problem = error.problem
        # The edge of the thread: Keras and TensorFlow raise whatever they met, and a custom layer may call sys.exit.
        except BaseException as error:  # noqa: BLE001
            problem = failure_of(error).problem
        is_recompiled = getattr(self.document.index.model, "optimizer", None) is not optimizer
        return self._ended("failed", self._kept_after_failure(before, is_recompiled=is_recompiled), problem=problem)

    def _kept_after_failure(self, before: Path | None, *, is_recompiled: bool) -> Path | None:
        """The weights as the failure left them; a full disk may be the failure itself."""
        try:
            if before == self._revision_path and is_recompiled:
                # No batch was trained, and the optimizer is still that of these weights.
                restore(self.document.index, read_revision(before), self.document.custom_objects)
            return self._keep_weights()
        except EditorError:
            return None

    def _ended(self, outcome: Outcome, revision_file: Path | None, **rest: Any) -> RunEnded:
        return RunEnded(
            run_id=self.run_id,
            outcome=outcome,
            revision=self.document.revision,
            revision_file=str(revision_file or ""),
            **rest,
        )

    @property
    def _revision_path(self) -> Path:
        return revision_path(Path(self._request.workspace), self.document.revision)

    def _keep_weights(self) -> Path:
        path = self._revision_path
        if not path.exists():
            meta = RevisionMeta(revision=self.document.revision, run_id=self.run_id, epoch=self._epoch)
            write_snapshot(self.document.index, path, meta)
            self._send(Checkpointed(run_id=self.run_id, revision=self.document.revision, path=str(path)))
        return path

    def _do_jobs(self) -> None:
        while not self._jobs.empty():
            job, future = self._jobs.get()
            try:
                future.set_result(job())
            # Whoever waits for the job gets its error, a custom layer's sys.exit too.
            except BaseException as error:  # noqa: BLE001
                future.set_exception(error)
