"""What is said when the loss became no number."""

from __future__ import annotations

from editor.errors import ModelError, Problem
from editor.training.data.parts import StreamPart
from editor.training.marks import BestEpoch
from editor.training.pipeline import epoch_order
from editor.training.running import Running

_MOST_SAMPLES = 8


def not_finite_problem(running: Running, epoch: int, batch: int, *, best: BestEpoch | None) -> Problem:
    """Names the batch and its samples, and which weights the model has now.

    Args:
        running: The run.
        epoch: Of the batch, 0 upwards.
        batch: 0 upwards, within the epoch.
        best: The epoch whose weights are kept; None where those from before the run are back.
    """
    kept = f"the weights of epoch {best.epoch + 1} are kept" if best else "the weights from before the run are back"
    return ModelError(
        f"The loss became NaN or infinite in batch {batch + 1} of epoch {epoch + 1}"
        f"{_samples(running, epoch, batch)}; {kept}.",
        hint="Use a lower learning rate, or look at those samples.",
    ).problem


def _samples(running: Running, epoch: int, batch: int) -> str:
    """A person's own dataset has an order of its own."""
    if isinstance(running.data.train, StreamPart):
        return ", counted in the order of the function's dataset"
    plan, num_samples = running.plan, running.data.train.num_samples
    start = batch * plan.settings.batch_size
    rows = epoch_order(num_samples, plan.seed, epoch)[start : start + plan.settings.batch_size]
    chosen = sorted(rows)[:_MOST_SAMPLES]
    named = ", ".join(running.data.sources[row] for row in chosen)
    more = f" and {len(rows) - len(chosen)} more" if len(rows) > len(chosen) else ""
    return f", which held {named}{more}"
