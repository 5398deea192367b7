"""What happened in a run, as places on its curves: plain data, without Qt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from editor.processes.run_messages import MarkKind, RunMarked
from widgets.training.plot_settings import XAxis

_WORDS: dict[MarkKind, str] = {
    "paused": "paused",
    "resumed": "resumed",
    "learning-rate": "learning rate",
    "phase": "other flags",
    "checkpoint": "checkpoint",
    "early-stop": "stopped early",
    "nan": "NaN",
    "best-restored": "best weights",
}
_WEIGHTS: dict[MarkKind, int] = {"nan": 0, "early-stop": 1, "best-restored": 2, "phase": 3, "learning-rate": 4}
_LEAST_WEIGHT = 9


@dataclass(frozen=True, slots=True)
class RunMark:
    """Something that happened, and where on each axis."""

    kind: MarkKind
    text: str
    epochs: float
    batches: float
    seconds: float

    @classmethod
    def of(cls, event: RunMarked, num_batches: int) -> RunMark:
        """The mark of an event; `num_batches` are those of an epoch."""
        batches = event.epoch * num_batches + event.batch
        epochs = event.epoch + event.batch / max(num_batches, event.batch, 1)
        return cls(event.kind, event.text or _WORDS[event.kind], epochs, float(batches), event.seconds)

    def along(self, axis: XAxis) -> float:
        """Its position."""
        match axis:
            case XAxis.EPOCHS:
                return self.epochs
            case XAxis.BATCHES:
                return self.batches
            case XAxis.TIME:
                return self.seconds

    @property
    def has_line(self) -> bool:
        """Whether it is worth a line through the plot; checkpoints are too many."""
        return self.kind != "checkpoint"

    @property
    def is_trouble(self) -> bool:
        """Whether something went wrong."""
        return self.kind == "nan"


@dataclass(frozen=True, slots=True)
class MarkLabel:
    """The words at one place."""

    x: float
    text: str
    weight: int
    is_trouble: bool


def labels(marks: Sequence[RunMark], axis: XAxis) -> list[MarkLabel]:
    """A label for each place that has marks, the most important first."""
    places: dict[float, list[RunMark]] = {}
    for mark in marks:
        places.setdefault(mark.along(axis), []).append(mark)
    found = [_label(x, group) for x, group in places.items()]
    return sorted(found, key=lambda label: (label.weight, label.x))


def _label(x: float, group: list[RunMark]) -> MarkLabel:
    kinds = {mark.kind for mark in group}
    if {"paused", "resumed"} <= kinds:
        # What is over is no longer news.
        group = [mark for mark in group if mark.kind != "resumed"]
    text = ", ".join(dict.fromkeys(mark.text for mark in group))
    weight = min(_WEIGHTS.get(mark.kind, _LEAST_WEIGHT) for mark in group)
    return MarkLabel(x, text, weight, any(mark.is_trouble for mark in group))


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of a run with one freeze map; `end` is None while it lasts."""

    start: float
    end: float | None


def phases(marks: Sequence[RunMark], axis: XAxis) -> list[Phase]:
    """The stretches that begin with a mark, in their order."""
    starts = [mark.along(axis) for mark in marks if mark.kind == "phase"]
    ends: list[float | None] = [*starts[1:], None]
    return [Phase(start, end) for start, end in zip(starts, ends, strict=False)]
