"""Proof of what moved and what did not: every weight compared bit for bit before and after a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from editor.keras_model.values import weight_values
from editor.keras_model.walk import ModelIndex
from editor.layers.accounts import StatisticsMode
from editor.layers.nodes import LayerNode
from editor.layers.tree import LayerTree
from editor.training.settings import Proof


@dataclass(frozen=True)
class Before:
    """The weights before a run, by `weight_id`."""

    values: list[np.ndarray[Any, Any]]

    @classmethod
    def of(cls, index: ModelIndex) -> Before:
        """Copies the weights of a live model."""
        return cls(weight_values(index))


def prove(before: Before, index: ModelIndex, tree: LayerTree) -> Proof:
    """Compares the weights of a live model with those before.

    Args:
        before: The weights before the run.
        index: The live model after it.
        tree: The state that the run had; its ids are those of `index`.
    """
    changed = {
        weight_id
        for weight_id, (was, now) in enumerate(zip(before.values, weight_values(index), strict=True))
        if was.tobytes() != now.tobytes()
    }
    frozen, still = _should_stand_still(tree)
    owners = {node.record.weight_id: node for node in tree.walk_weights()}
    return Proof(
        frozen_unchanged=len(frozen - changed),
        frozen_total=len(frozen),
        still_unchanged=len(still - changed),
        still_total=len(still),
        changed_layers=tuple(dict.fromkeys(_owner(owners[key].parent) for key in owners if key in changed)),
        violations=tuple(owners[key].path for key in owners if key in (frozen | still) & changed),
    )


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
