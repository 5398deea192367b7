"""What is known of one run of this session, and how it is said."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from editor.processes.run_messages import BestEpoch, RunEnded, RunMarked, RunStarted
from editor.training.settings import Proof, TrainSettings
from widgets.training.time_left import clock_text
from widgets.training.wording import is_less_better, metrics_text

STARTING, RUNNING, PAUSED = "starting", "running", "paused"


@dataclass(eq=False)
class RunEntry:
    """One run.

    Attributes:
        run_id: The window's number for it.
        name: What it is called; a person may give it another name.
        settings: As it was asked for.
        frozen: What was frozen, in short; phases are joined by "then".
        outcome: How it ended; `STARTING`, `RUNNING` or `PAUSED` before.
        is_shown: Whether its curves are on show beside those of the newest run.
        has_step: Whether there was a step that can be undone.
        is_undone: Whether that step was taken back.
        is_in_use: Whether the model has the weights that it left.
        num_done: Epochs that were whole.
        monitor: The metric that tells the best epoch.
        best: The best epoch so far.
        seconds: It trained for, pauses left out.
        rates: Learning rates that it was given while it was under way, and since when.
        seed: It was drawn or given; None before it has started.
        kept: Whether the last or the best weights were kept.
        reason: Why it ended early by itself, or failed; in a sentence.
        test_metrics: What the test part gave.
        proof: What moved; None before its end, or where it failed.
        before: File of the weights before it.
        after: File of the weights after it.
        record: Folder with its curves and settings; empty if it has none.
    """

    run_id: int
    name: str
    settings: TrainSettings
    frozen: str
    outcome: str = STARTING
    is_shown: bool = False
    has_step: bool = False
    is_undone: bool = False
    is_in_use: bool = False
    num_done: int = 0
    monitor: str = ""
    best: BestEpoch | None = None
    seconds: float = 0.0
    rates: list[str] = field(default_factory=list)
    seed: int | None = None
    kept: str = "last"
    reason: str = ""
    test_metrics: dict[str, float] = field(default_factory=dict)
    proof: Proof | None = None
    before: Path | None = None
    after: Path | None = None
    record: str = ""

    def begin(self, event: RunStarted) -> None:
        """It trains."""
        self.outcome = RUNNING
        self.seed = event.seed
        self.monitor = event.monitor
        self.before = Path(event.revision_file) if event.revision_file else None

    def note_epoch(self, epoch: int, metrics: dict[str, float], seconds: float) -> None:
        """An epoch, 0 upwards, is done."""
        self.num_done = epoch + 1
        self.seconds = seconds or self.seconds
        value = metrics.get(self.monitor)
        if value is None or value != value:
            return
        is_better = self.best is None or (
            value < self.best.value if is_less_better(self.monitor) else value > self.best.value
        )
        if is_better:
            self.best = BestEpoch(epoch, self.monitor, value)

    def note_mark(self, event: RunMarked) -> None:
        """It was paused or resumed, or trains other weights from now on."""
        if event.kind == "phase":
            self.frozen = f"{self.frozen}, then {event.text}"
        elif event.kind == "learning-rate":
            self.rates.append(f"{event.text} from epoch {event.epoch + 1} on")
        elif event.kind in ("paused", "resumed"):
            self.outcome = PAUSED if event.kind == "paused" else RUNNING

    def end(self, event: RunEnded) -> None:
        """It is over."""
        self.outcome = event.outcome
        self.kept = event.kept
        self.best = event.best or self.best
        self.reason = event.reason or (event.problem.summary if event.problem else "")
        self.test_metrics = event.test_metrics
        self.seconds = event.seconds.get("training", 0.0) or self.seconds
        self.proof = event.proof
        self.record = event.record
        if event.outcome != "cancelled" and event.revision_file:
            self.after = Path(event.revision_file)

    @property
    def is_active(self) -> bool:
        """Whether it has not ended."""
        return self.outcome in (STARTING, RUNNING, PAUSED)

    # -- words ------------------------------------------------------------------------------------------------

    @property
    def title(self) -> str:
        """Its name, and a mark where the model has its weights."""
        return f"{self.name} ✓" if self.is_in_use else self.name

    @property
    def outcome_text(self) -> str:
        """How it ended, in a word or two."""
        if self.is_undone:
            return "undone"
        if self.outcome == "stopped":
            return "stopped, best kept" if self.kept == "best" else "stopped, kept"
        return "ended early" if self.outcome == "finished" and self.reason else self.outcome

    @property
    def best_text(self) -> str:
        """The best value; empty while there is none."""
        return f"{self.best.value:.3g}" if self.best else ""

    @property
    def epochs_text(self) -> str:
        """Epochs that were done, of those asked for."""
        asked = self.settings.epochs
        return f"{self.num_done:,}" if self.num_done == asked else f"{self.num_done:,} of {asked:,}"

    @property
    def time_text(self) -> str:
        """How long it trained; empty where that is not known."""
        return clock_text(self.seconds) if self.seconds else ""

    @property
    def best_sentence(self) -> str:
        """The best value with its metric and epoch; empty while there is none."""
        best = self.best
        return f"Best {best.metric} {best.value:.4g} in epoch {best.epoch + 1}." if best else ""

    @property
    def test_text(self) -> str:
        """What the test part gave; empty where there was none."""
        return metrics_text(self.test_metrics)

    @property
    def test_sentence(self) -> str:
        """The same as a sentence."""
        return f"Test: {self.test_text}." if self.test_metrics else ""

    @property
    def frozen_text(self) -> str:
        """What was frozen, where that it is about what was frozen is said already."""
        return self.frozen.replace(" frozen", "")

    @property
    def summary(self) -> str:
        """All of it, a line each."""
        times = f", {self.time_text}" if self.time_text else ""
        lines = (
            f"{self.name}: {self.outcome_text}",
            "The model has the weights from after this run." if self.is_in_use else "",
            self.reason,
            f"Frozen: {self.frozen_text}" if self.frozen else "",
            f"Epochs: {self.epochs_text}{times}",
            self.best_sentence,
            self.test_sentence,
            f"Learning rate changed: {', '.join(self.rates)}" if self.rates else "",
            f"Seed: {self.seed}" if self.seed is not None else "",
        )
        return "\n".join(line for line in lines if line)
