"""What happens in a run beside its batches: plain data, without Keras."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import msgspec

from editor.layers.freeze_map import FreezeMap

Outcome = Literal["finished", "stopped", "cancelled", "failed"]
MarkKind = Literal["paused", "resumed", "learning-rate", "phase", "checkpoint", "early-stop", "nan", "best-restored"]
RunChange = Literal["learning-rate", "flags"]
"""What can be changed of a run while it is under way."""


class BestEpoch(msgspec.Struct, frozen=True):
    """The epoch with the best value of the monitored metric.

    Attributes:
        epoch: 0 upwards.
        metric: Such as `val_loss`.
    """

    epoch: int
    metric: str
    value: float


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment of a run.

    Attributes:
        epoch: 0 upwards.
        batch: Batches of the epoch that are done.
        seconds: Since the run started, pauses left out.
    """

    epoch: int
    batch: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that belongs on the curves as a labelled vertical mark.

    Attributes:
        text: In a few words, such as `lr 1e-4`.
        freeze_map: Of the phase that begins; None for the other kinds.
    """

    at: Moment
    kind: MarkKind
    text: str
    freeze_map: FreezeMap | None = None
