"""Requests about a run, and what a run tells: each carries the `run_id`, and a receiver drops any other."""

from __future__ import annotations

import msgspec

from editor.errors import Problem
from editor.layers.freeze_map import FreezeMap
from editor.processes.message import Message
from editor.training.marks import BestEpoch as BestEpoch
from editor.training.marks import MarkKind as MarkKind
from editor.training.marks import Outcome as Outcome
from editor.training.marks import RunChange as RunChange
from editor.training.settings import Keep, Proof, TrainSettings


class StartRun(Message, frozen=True, kw_only=True):
    """Apply the map, recompile, train; answered by `RunStarted`, events, and in any case one `RunEnded`.

    Attributes:
        workspace: The document's workspace folder, where revisions go.
        checkpoint_seconds: Time between two checkpoints during the run.
    """

    run_id: int
    document_id: int
    settings: TrainSettings
    freeze_map: FreezeMap
    workspace: str
    checkpoint_seconds: float = 120.0


class StopRun(Message, frozen=True, kw_only=True):
    """End the run after its current batch, also while it is paused.

    Attributes:
        keep: The weights that the model has then. Without a whole epoch, `best` keeps the last ones.
    """

    run_id: int
    keep: Keep = "last"


class CancelRun(Message, frozen=True, kw_only=True):
    """End the run after its current batch and put everything back as it was before: weights, seeds, optimizer."""

    run_id: int


class PauseRun(Message, frozen=True, kw_only=True):
    """Hold the run after its current batch until `ResumeRun`; told by `RunMarked`."""

    run_id: int


class ResumeRun(Message, frozen=True, kw_only=True):
    """Go on with a run that is paused."""

    run_id: int


class ChangeRun(Message, frozen=True, kw_only=True):
    """Change a run while it is under way; told by `RunMarked` when it has taken effect, or by `RunChangeRefused`.

    Attributes:
        learning_rate: From the next batch on; None leaves it.
        freeze_map: From the next epoch on, as a new phase; None leaves the flags.
    """

    run_id: int
    learning_rate: float | None = None
    freeze_map: FreezeMap | None = None


RunWish = StopRun | CancelRun | PauseRun | ResumeRun | ChangeRun
"""What is asked of a run that is under way; each is answered without waiting for other requests."""

RunRequest = StartRun | RunWish

# -- events ---------------------------------------------------------------------------------------------------


class RunPreparing(Message, frozen=True, kw_only=True):
    """How far the data are read before the first batch.

    Attributes:
        doing: In words, such as `Reading images`.
        total: 0 where it is not known.
    """

    run_id: int
    doing: str
    done: int
    total: int


class RunStarted(Message, frozen=True, kw_only=True):
    """The first batch is about to be trained.

    Attributes:
        num_batches: Batches in one epoch.
        metric_names: Keys of the metrics to come, without `val_`, the loss first.
        has_validation: Whether `val_` metrics come at each epoch's end.
        revision_file: File of the weights before the run; a `RestoreRevision` with it undoes the run.
        monitor: Metric that tells the best epoch, such as `val_loss`.
        device: What it trains on, such as `CPU` or `GPU, mixed precision`.
        notes: What a person should know about the optimizer's state, a sentence each.
    """

    run_id: int
    num_epochs: int
    num_batches: int
    metric_names: tuple[str, ...]
    has_validation: bool
    seed: int
    revision_file: str
    monitor: str = "loss"
    device: str = ""
    notes: tuple[str, ...] = ()


class BatchEnded(Message, frozen=True, kw_only=True):
    """Sent at most some twenty times a second; batches between two events are told by the later one.

    Attributes:
        epoch: 0 upwards.
        batch: 0 upwards, within the epoch.
        metrics: Running means of the epoch so far, as Keras reports them.
        revision: Of the weights after this batch.
        seconds: Since the run started, pauses left out.
    """

    run_id: int
    epoch: int
    batch: int
    metrics: dict[str, float]
    revision: int
    seconds: float = 0.0


class EpochEnded(Message, frozen=True, kw_only=True):
    """An epoch is done.

    Attributes:
        metrics: Training metrics, and validation metrics with the prefix `val_`.
        seconds: Since the run started, pauses left out.
        learning_rate: It ended with.
    """

    run_id: int
    epoch: int
    metrics: dict[str, float]
    seconds: float = 0.0
    learning_rate: float = 0.0


class RunMarked(Message, frozen=True, kw_only=True):
    """Something happened that belongs on the curves as a labelled vertical mark.

    Attributes:
        epoch: 0 upwards.
        batch: Batches of the epoch that were done by then.
        kind: What happened. `phase` is a stretch with other flags.
        text: In a few words, such as `lr 1e-4` or `backbone frozen`.
        seconds: Since the run started, pauses left out.
        freeze_map: Of the phase that begins; None for the other kinds.
    """

    run_id: int
    epoch: int
    batch: int
    kind: MarkKind
    text: str
    seconds: float = 0.0
    freeze_map: FreezeMap | None = None


class RunChangeRefused(Message, frozen=True, kw_only=True):
    """A `ChangeRun` does not fit; the run goes on as it was."""

    run_id: int
    change: RunChange
    problem: Problem


class Checkpointed(Message, frozen=True, kw_only=True):
    """The weights of a revision are on disk."""

    run_id: int
    revision: int
    path: str


class RunEnded(Message, frozen=True, kw_only=True):
    """A run is over; sent once for each `StartRun`, whatever happened.

    Attributes:
        revision: Of the weights now; a number that grows with every change of weights.
        revision_file: File of the weights now; empty if it could not be written.
        proof: What moved; None if the run failed or was cancelled.
        seconds: Time by part (`data`, `compile`, `training`).
        problem: Why it failed; None otherwise.
        kept: Which weights the model has now.
        best: The best epoch; None where no epoch was whole.
        reason: Why it ended before its last epoch by itself, such as early stopping, in a sentence.
        test_metrics: What the test part gave with the weights that were kept; empty where there is none.
        record: The folder in which curves, settings and flags of the run are kept; empty if it has none.
    """

    run_id: int
    outcome: Outcome
    revision: int
    revision_file: str = ""
    proof: Proof | None = None
    seconds: dict[str, float] = msgspec.field(default_factory=dict)
    problem: Problem | None = None
    kept: Keep = "last"
    best: BestEpoch | None = None
    reason: str = ""
    test_metrics: dict[str, float] = msgspec.field(default_factory=dict)
    record: str = ""


RunEvent = RunPreparing | RunStarted | BatchEnded | EpochEnded | RunMarked | RunChangeRefused | Checkpointed | RunEnded
