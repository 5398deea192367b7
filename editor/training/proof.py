"""Proof of what moved and what did not: every weight compared bit for bit before and after a run."""

from __future__ import annotations

from typing import Any

import numpy as np

from editor.keras_model.values import weight_values
from editor.keras_model.walk import ModelIndex
from editor.layers.accounts import StatisticsMode
from editor.layers.nodes import LayerNode
from editor.layers.tree import LayerTree
from editor.training.settings import Move, Proof

Values = list[np.ndarray[Any, Any]]


class Prover:
    """Compares the weights of a live model over the phases of a run.

    What has to stand still may change from phase to phase. Each phase is held against its own flags; what the whole
    run is asked for is what stood still in all of them.
    """

    def __init__(self, index: ModelIndex, before: Values) -> None:
        """Begins before the first phase.

        Args:
            index: The live model.
            before: The weights before the run, by `weight_id`.
        """
        self._index = index
        self._before = before
        self._phase_before = before
        self._frozen: set[int] | None = None
        self._still: set[int] | None = None
        self._violated: set[int] = set()

    def end_phase(self, tree: LayerTree, *, is_last: bool = True) -> None:
        """Holds what a phase has moved against its flags; the ids of `tree` are those of the live model."""
        frozen, still = _should_stand_still(tree)
        now = weight_values(self._index)
        self._violated |= (frozen | still) & _changed(self._phase_before, now)
        self._frozen = frozen if self._frozen is None else self._frozen & frozen
        self._still = still if self._still is None else self._still & still
        self._phase_before = [] if is_last else now

    def proof(self, tree: LayerTree) -> Proof:
        """What moved between the start of the run and now."""
        now = weight_values(self._index)
        changed = _changed(self._before, now)
        frozen, still = self._frozen or set(), self._still or set()
        owners = {node.record.weight_id: node for node in tree.walk_weights()}
        violated = self._violated | (frozen | still) & changed
        return Proof(
            frozen_unchanged=len(frozen - changed),
            frozen_total=len(frozen),
            still_unchanged=len(still - changed),
            still_total=len(still),
            changed_layers=tuple(dict.fromkeys(_owner(owners[key].parent) for key in owners if key in changed)),
            violations=tuple(owners[key].path for key in owners if key in violated),
            moves=tuple(_move(key, self._before[key], now[key]) for key in sorted(changed)),
        )


def _changed(before: Values, now: Values) -> set[int]:
    pairs = enumerate(zip(before, now, strict=True))
    return {weight_id for weight_id, (was, is_now) in pairs if was.tobytes() != is_now.tobytes()}


def _move(weight_id: int, was: np.ndarray[Any, Any], now: np.ndarray[Any, Any]) -> Move:
    """Norms in double precision, as squares of many small numbers are added."""
    first, last = was.astype(np.float64).ravel(), now.astype(np.float64).ravel()
    return Move(weight_id, float(np.linalg.norm(last - first)), float(np.linalg.norm(first)))


def _should_stand_still(tree: LayerTree) -> tuple[set[int], set[int]]:
    frozen = {
        weight.weight_id
        for weight in tree.root.weights_below
        if not weight.is_statistics and not tree.is_trainable(weight)
    }
    still = {
        weight.weight_id
        for layer in tree.walk_layers()
        if tree.statistics_mode(layer) is StatisticsMode.STILL
        for weight in layer.record.weights
        if weight.is_statistics
    }
    return frozen, still


def _owner(layer: LayerNode | None) -> str:
    return layer.path if layer else ""
