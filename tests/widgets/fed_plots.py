"""Events of runs, as the engine tells them, for tests of the curves."""

from __future__ import annotations

import math
from collections.abc import Callable

from editor.processes.run_messages import BatchEnded, EpochEnded, RunMarked, RunStarted
from widgets.training.plots import RunPlots

NUM_BATCHES = 10


def started(**changes: object) -> RunStarted:
    fields = {
        "run_id": 4,
        "num_epochs": 12,
        "num_batches": NUM_BATCHES,
        "metric_names": ("loss", "accuracy"),
        "has_validation": True,
        "seed": 0,
        "revision_file": "",
    }
    return RunStarted(**(fields | changes))


def feed(
    plots: RunPlots, num_epochs: int, *, run_id: int = 4, loss: Callable[[float], float] = lambda x: math.exp(-x)
) -> None:
    """Tells of each batch, half a second each, and of each epoch."""
    for epoch in range(num_epochs):
        for batch in range(NUM_BATCHES):
            value = loss(epoch + batch / NUM_BATCHES)
            metrics = {"loss": value, "accuracy": 1 - value}
            seconds = (epoch * NUM_BATCHES + batch + 1) / 2
            plots.add_batch(
                BatchEnded(run_id=run_id, epoch=epoch, batch=batch, metrics=metrics, revision=1, seconds=seconds)
            )
        ends = {**metrics, "val_loss": value + 0.1, "val_accuracy": 0.9 - value}
        plots.add_epoch(EpochEnded(run_id=run_id, epoch=epoch, metrics=ends, seconds=seconds))


def mark(kind: str, epoch: int, batch: int = 0, text: str = "", run_id: int = 4) -> RunMarked:
    seconds = (epoch * NUM_BATCHES + batch) / 2
    return RunMarked(run_id=run_id, epoch=epoch, batch=batch, kind=kind, text=text, seconds=seconds)
