"""Runs that would take too long to be trained for a picture, told to the plots by the events of the engine."""

from __future__ import annotations

import math

import numpy as np

from editor.processes.run_messages import BatchEnded, EpochEnded, MarkKind, RunMarked, RunStarted
from widgets.training.plots import RunPlots

METRICS = ("loss", "accuracy")
_NUM_BATCHES = 92
_SECONDS = 0.31

Mark = tuple[int, int, MarkKind, str]
"""Epoch, batch, kind and text."""

PHASES: tuple[Mark, ...] = (
    (0, 0, "phase", "head, lr 1e-3"),
    (3, 40, "paused", ""),
    (3, 40, "resumed", ""),
    (6, 0, "phase", "block5, lr 1e-4"),
    (8, 0, "checkpoint", ""),
    (9, 0, "learning-rate", "lr 1e-5"),
)


def feed_run(
    plots: RunPlots,
    run_id: int,
    num_epochs: int,
    *,
    planned: int = 12,
    speed: float = 0.35,
    marks: tuple[Mark, ...] = (),
) -> None:
    """Tells of a run from its start up to the end of an epoch."""
    noise = np.random.default_rng(run_id)
    plots.begin(
        RunStarted(
            run_id=run_id,
            num_epochs=planned,
            num_batches=_NUM_BATCHES,
            metric_names=METRICS,
            has_validation=True,
            seed=0,
            revision_file="",
        )
    )
    for epoch in range(num_epochs):
        mean = 0.0
        for batch in range(_NUM_BATCHES):
            seconds = (epoch * _NUM_BATCHES + batch) * _SECONDS
            _feed_marks(plots, run_id, (epoch, batch), marks)
            loss = _falling(epoch + batch / _NUM_BATCHES, speed) * (1 + 0.15 * noise.standard_normal())
            mean += (loss - mean) / (batch + 1)
            metrics = {"loss": mean, "accuracy": _accuracy(mean)}
            plots.add_batch(
                BatchEnded(run_id=run_id, epoch=epoch, batch=batch, metrics=metrics, revision=1, seconds=seconds)
            )
        late = 1.25 * _falling(epoch + 1, speed) + 0.004 * max(0, epoch - 7) + 0.02 * noise.random()
        ends = {**metrics, "val_loss": late, "val_accuracy": _accuracy(late)}
        plots.add_epoch(EpochEnded(run_id=run_id, epoch=epoch, metrics=ends, seconds=seconds))


def _feed_marks(plots: RunPlots, run_id: int, at: tuple[int, int], marks: tuple[Mark, ...]) -> None:
    epoch, batch = at
    seconds = (epoch * _NUM_BATCHES + batch) * _SECONDS
    for _, _, kind, text in (mark for mark in marks if mark[:2] == at):
        plots.add_mark(RunMarked(run_id=run_id, epoch=epoch, batch=batch, kind=kind, text=text, seconds=seconds))


def _falling(epochs: float, speed: float) -> float:
    return 2.3 * math.exp(-epochs * speed) + 0.05


def _accuracy(loss: float) -> float:
    return max(0.0, 1 - loss / 2.6)
