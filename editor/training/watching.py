"""Who is told what happens in a run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from editor.errors import Problem
from editor.training.compiling import log_name
from editor.training.marks import Mark, Moment, RunChange
from editor.training.settings import SettingsReport, TrainSettings

Metrics = dict[str, float]


@dataclass(frozen=True)
class RunPlan:
    """What a run is going to do.

    Attributes:
        run_id: A name that no other run has.
        seed: The seed it uses, drawn if the settings have none.
        num_batches: Batches in one epoch.
        report: The checked settings, with the loss and the metrics that are used.
        output_names: Of a model of several outputs; empty for one.
        monitor: Metric that tells the best epoch, such as `val_loss`.
        device: What it trains on, such as `CPU` or `GPU, mixed precision`.
        notes: What a person should know about the optimizer's state and the device, a sentence each.
    """

    run_id: str
    settings: TrainSettings
    seed: int
    num_batches: int
    has_validation: bool
    report: SettingsReport
    output_names: tuple[str, ...] = ()
    monitor: str = "loss"
    device: str = "CPU"
    notes: tuple[str, ...] = ()

    @property
    def metric_names(self) -> tuple[str, ...]:
        """Keras's names of the metrics in the logs, without `val_`, the loss first."""
        return log_names(self.report, self.output_names)


def log_names(report: SettingsReport, output_names: tuple[str, ...]) -> tuple[str, ...]:
    """Keras's names of the metrics in the logs; of several outputs each has its own loss and metrics."""
    if not output_names:
        return ("loss", *(log_name(name) for name in report.metrics))
    each = zip(output_names, report.output_metrics, strict=True)
    own = [f"{output}_{name}" for output, metrics in each for name in ("loss", *map(log_name, metrics))]
    return ("loss", *own)


class RunWatcher:
    """Told what happens in a run, on the thread that trains; what it does not override is of no interest to it."""

    def data_progressed(self, doing: str, done: int, total: int) -> None:
        """The data are being read, before the first batch; in words, such as `Reading images`, how far that is."""

    def run_started(self, plan: RunPlan) -> None:
        """The first batch is about to be trained."""

    def batch_ended(self, at: Moment, metrics: Callable[[], Metrics]) -> None:
        """A batch is done; asking for the metrics costs some time."""

    def epoch_ended(self, at: Moment, metrics: Metrics, learning_rate: float) -> None:
        """An epoch is done, its validation too; the learning rate is the one that it ended with."""

    def marked(self, mark: Mark) -> None:
        """Something happened that belongs on the curves."""

    def change_refused(self, change: RunChange, problem: Problem) -> None:
        """What was asked for does not fit; the run goes on as it was."""

    def weights_replaced(self) -> None:
        """The weights are others than after the last batch: those of the best epoch."""
