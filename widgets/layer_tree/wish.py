"""What a click on a tick box asks for. Who carries it out, and how it is undone, is decided elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from editor.layers.accounts import State, StatisticsMode
from editor.layers.nodes import LayerNode, Node, WeightNode
from editor.layers.tree import LayerTree


@dataclass(frozen=True, slots=True)
class ToggleWish:
    """The wish that nodes with all below them become trainable, or frozen."""

    nodes: tuple[Node, ...]
    trainable: bool


def toggle(tree: LayerTree, nodes: Sequence[Node], decider: Node) -> ToggleWish | None:
    """The wish that turns `decider` over and makes `nodes` like it; None where there is nothing to toggle."""
    togglable = with_weights(nodes)
    if not togglable:
        return None
    return ToggleWish(togglable, would_train(tree, decider if decider.weights_below else togglable[0]))


def with_weights(nodes: Sequence[Node]) -> tuple[Node, ...]:
    """Those of the nodes that hold any weight."""
    return tuple(node for node in nodes if node.weights_below)


def would_train(tree: LayerTree, node: Node) -> bool:
    """Whether toggling a node makes it trainable: what trains fully freezes, all else trains.

    Where there is nothing but statistics, toggling makes them stand still if any of them updates. Where thawing would
    do nothing, as all that is frozen stays so by a rule, toggling freezes the rest.
    """
    state = tree.state(node)
    if state is State.STATISTICS:
        return not updates_statistics(tree, node)
    if state is State.MIXED:
        return bool(tree.plan([node], trainable=True))
    return state is not State.TRAINABLE


def updates_statistics(tree: LayerTree, node: Node) -> bool:
    """Whether training changes any statistics of a node, or of a layer below it."""
    if isinstance(node, WeightNode):
        owner = node.parent
        is_update = owner is not None and tree.statistics_mode(owner) is StatisticsMode.UPDATE
        return node.record.is_statistics and is_update
    return any(
        tree.statistics_mode(below) is StatisticsMode.UPDATE
        for below in tree.walk(node)
        if isinstance(below, LayerNode)
    )
