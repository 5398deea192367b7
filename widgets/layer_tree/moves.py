"""How far the last run moved each layer and weight, relative to its norm."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from editor.layers.nodes import Node
from editor.layers.records import WeightRecord
from editor.training.settings import Move

_LEAST, _MOST = -5.0, 0.0
"""Powers of ten at the ends of the bar: 0.001 % and 100 %. A change of 0.01 % fills a fifth, 50 % nearly all."""


@dataclass(frozen=True, slots=True)
class Moved:
    """How far a node moved.

    Attributes:
        share: Norm of the difference by the norm before, of the weights that changed; infinite from zero.
        is_statistics: Whether nothing but statistics moved.
    """

    share: float
    is_statistics: bool

    @property
    def text(self) -> str:
        """`0.83 %`; three digits that matter."""
        if math.isinf(self.share):
            return "from zero"
        return "< 0.001 %" if self.share < 1e-5 else f"{_three_digits(100 * self.share)} %"

    @property
    def sentence(self) -> str:
        """What the inspector says."""
        what = "statistics moved" if self.is_statistics else "moved"
        return f"{what} from zero" if math.isinf(self.share) else f"{what} {self.text} of {_whose(self)} norm"

    @property
    def fill(self) -> float:
        """How much of a bar it fills, 0.0 to 1.0, on a logarithmic scale."""
        if math.isinf(self.share):
            return 1.0
        power = math.log10(max(self.share, 10**_LEAST))
        return min(1.0, max(0.0, (power - _LEAST) / (_MOST - _LEAST)))


class Moves:
    """What moved in a run, for each node that asks.

    A layer's share is `sqrt(Σ distance²) / sqrt(Σ norm²)` over its weights that changed; statistics count only where
    nothing else did, because they follow the data and would drown what was learned.
    """

    def __init__(self, moves: Iterable[Move] = ()) -> None:
        self._moves = {move.weight_id: move for move in moves}

    def __bool__(self) -> bool:
        return bool(self._moves)

    def of(self, node: Node) -> Moved | None:
        """How far a node moved; None where nothing of it did."""
        moved = [weight for weight in node.weights_below if weight.weight_id in self._moves]
        learned = [weight for weight in moved if not weight.is_statistics]
        if not moved:
            return None
        return Moved(self._share(learned or moved), is_statistics=not learned)

    def num_statistics(self, node: Node) -> int:
        """How many statistics moved in and below a node."""
        return sum(weight.is_statistics and weight.weight_id in self._moves for weight in node.weights_below)

    def _share(self, weights: list[WeightRecord]) -> float:
        moves = [self._moves[weight.weight_id] for weight in weights]
        distance = math.hypot(*(move.distance for move in moves))
        norm = math.hypot(*(move.norm for move in moves))
        return distance / norm if norm else math.inf


NO_MOVES = Moves()


def _three_digits(percent: float) -> str:
    if percent >= 100:
        return f"{percent:,.0f}"
    digits = max(0, 2 - math.floor(math.log10(percent)))
    return f"{percent:.{min(digits, 4)}f}".rstrip("0").rstrip(".")


def _whose(moved: Moved) -> str:
    return "their" if moved.is_statistics else "its"
