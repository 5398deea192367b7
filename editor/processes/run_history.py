"""Keeps the record of a run of the engine."""

from __future__ import annotations

import platform
from datetime import UTC, datetime
from pathlib import Path

import keras
import msgspec
import tensorflow as tf

import editor
from editor.errors import FileError
from editor.processes.document import Document
from editor.processes.run_messages import RunEnded, StartRun
from editor.runs.history import EndLine, EpochLine, MarkLine, PhaseLine, RunFacts, history_root
from editor.runs.recorder import RunRecorder
from editor.runs.workspace import document_of
from editor.training.marks import Mark, Moment
from editor.training.watching import Metrics, RunPlan


class RunHistory:
    """Writes what a run tells into its record; without one it does nothing.

    Attributes:
        notes: Why there is no record, in a sentence.
    """

    def __init__(self, recorder: RunRecorder | None = None, facts: RunFacts | None = None) -> None:
        self.notes: tuple[str, ...] = ()
        self._recorder = recorder
        self._facts = facts

    @classmethod
    def begin(cls, plan: RunPlan, request: StartRun, document: Document) -> RunHistory:
        """Makes the record of a run that is about to train its first batch."""
        facts = _facts(plan, _path_of(request, document))
        try:
            recorder = RunRecorder.create(history_root(), facts)
        except FileError as error:
            history = cls()
            history.notes = (str(error),)
            return history
        recorder.add(PhaseLine(epoch=0, seconds=0.0, freeze_map=request.freeze_map))
        return cls(recorder, facts)

    @property
    def folder(self) -> str:
        """Where the record is; empty if there is none."""
        return str(self._recorder.folder) if self._recorder else ""

    def batch_ended(self, at: Moment, metrics: Metrics) -> None:
        """Adds a point of the curve by batch."""
        if self._recorder and self._facts:
            values = [metrics.get(name, float("nan")) for name in self._facts.metric_names]
            self._recorder.add_batch(at.epoch * self._facts.num_batches + at.batch - 1, at.seconds, values)

    def epoch_ended(self, at: Moment, metrics: Metrics, learning_rate: float) -> None:
        """Adds a point of the curve by epoch."""
        if self._recorder:
            values: dict[str, float | None] = dict(metrics)
            line = EpochLine(epoch=at.epoch, seconds=at.seconds, learning_rate=learning_rate, metrics=values)
            self._recorder.add(line)

    def marked(self, mark: Mark) -> None:
        """Adds a mark, and the flags of a phase."""
        at = mark.at
        if self._recorder:
            line = MarkLine(epoch=at.epoch, batch=at.batch, seconds=at.seconds, mark=mark.kind, text=mark.text)
            self._recorder.add(line)
            if mark.freeze_map:
                self._recorder.add(PhaseLine(epoch=at.epoch, seconds=at.seconds, freeze_map=mark.freeze_map))

    def ended(self, event: RunEnded) -> None:
        """Writes how the run ended, and lets go of the record."""
        if not self._recorder:
            return
        test_metrics: dict[str, float | None] = dict(event.test_metrics)
        self._recorder.add(
            EndLine(
                outcome=event.outcome,
                kept=event.kept,
                reason=event.reason,
                problem=event.problem.summary if event.problem else "",
                best=msgspec.to_builtins(event.best),
                test_metrics=test_metrics,
                proof=msgspec.to_builtins(event.proof),
                seconds=event.seconds,
            )
        )
        self._recorder.close()


def _path_of(request: StartRun, document: Document) -> str:
    """The model's file by which its runs are found again; it may have been saved under another name since."""
    info = document_of(Path(request.workspace))
    return str(info.path.absolute()) if info and not info.is_untitled else document.path


def _facts(plan: RunPlan, document: str) -> RunFacts:
    return RunFacts(
        document=document,
        started_at=datetime.now(UTC).isoformat(timespec="seconds"),
        settings=msgspec.to_builtins(plan.settings),
        seed=plan.seed,
        num_epochs=plan.settings.epochs,
        num_batches=plan.num_batches,
        metric_names=plan.metric_names,
        has_validation=plan.has_validation,
        monitor=plan.monitor,
        device=plan.device,
        notes=plan.notes,
        versions={
            "frostline": editor.__version__,
            "keras": keras.__version__,
            "tensorflow": tf.__version__,
            "python": platform.python_version(),
        },
    )
