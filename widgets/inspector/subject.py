"""What the inspector speaks of: one layer, one weight, several of them, or the whole model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from editor.layers.accounts import Account, State, Tally, account_of
from editor.layers.nodes import LayerNode, Node, WeightNode
from editor.layers.policies import RuleKind, StatisticsPolicy
from editor.layers.records import WeightRecord
from editor.layers.tree import LayerTree


@dataclass(frozen=True, slots=True)
class Subject:
    """What does not change when flags do; gathered once for each selection.

    Attributes:
        tree: The tree that the nodes belong to.
        nodes: The selected nodes; none stands for the whole model.
        weights: All weights in and below them, each once, wherever it is shared.
        statistics_owners: The layers that own the statistics among and below them, each once.
        num_layers: How many layers are among and below them, each counted once.
    """

    tree: LayerTree
    nodes: tuple[Node, ...]
    weights: tuple[WeightNode, ...]
    statistics_owners: tuple[LayerNode, ...]
    num_layers: int

    @property
    def only(self) -> Node | None:
        """The one node that is selected; None for several or for the whole model."""
        return self.nodes[0] if len(self.nodes) == 1 else None

    @property
    def config(self) -> dict[str, Any]:
        """The configuration to show; empty where it is not one layer."""
        return self.only.record.config if isinstance(self.only, LayerNode) else {}

    @property
    def policy(self) -> StatisticsPolicy | None:
        """What edits do to the statistics; None where layers differ, or there are none."""
        policies = {self.tree.statistics_policy(owner) for owner in self.statistics_owners}
        return policies.pop() if len(policies) == 1 else None

    @property
    def rule_layers(self) -> tuple[LayerNode, ...]:
        """The layers that may stay frozen when their block is thawed.

        These are the selected ones that own weights and, of what lies below a block, those with statistics.
        """
        own = [node for node in self.nodes if isinstance(node, LayerNode) and not node.children and node.weights]
        by_id = {layer.record.layer_id: layer for layer in (*own, *self.statistics_owners)}
        return tuple(by_id.values())

    @property
    def stays_frozen(self) -> bool | None:
        """Whether all those layers stay frozen; None where they differ, or there are none."""
        held = {self.tree.has_rule(layer, RuleKind.STAYS_FROZEN) for layer in self.rule_layers}
        return held.pop() if len(held) == 1 else None

    @property
    def account(self) -> Account:
        """Parameters as of now; what is shared, or selected twice, counts once."""
        if self.only is not None:
            return self.tree.account(self.only)
        if not self.nodes:
            return self.tree.account(self.tree.root)
        return account_of(
            (self.state_of(weight.record), Tally(weight.record.num_parameters, weight.record.num_bytes, 1))
            for weight in self.weights
        )

    def state_of(self, weight: WeightRecord) -> State:
        """The state of a weight, read without an account of its own: a selection may hold many thousands."""
        if weight.is_statistics:
            return State.STATISTICS
        return State.TRAINABLE if self.tree.is_trainable(weight) else State.FROZEN

    def weight_name(self, weight: WeightNode) -> str:
        """A weight's path below what is selected: `kernel` of a layer, `block1/conv:kernel` of a model."""
        base = self.only.path if isinstance(self.only, LayerNode) else ""
        return weight.path[len(base) :].lstrip("/:")


def subject_of(tree: LayerTree, nodes: tuple[Node, ...]) -> Subject:
    """Gathers what the inspector shows of a selection."""
    weights: dict[int, WeightNode] = {}
    owners: dict[int, LayerNode] = {}
    layer_ids: set[int] = set()
    for node in _below(tree, nodes or (tree.root,)):
        if isinstance(node, WeightNode):
            weights.setdefault(node.record.weight_id, node)
            owner = node.parent if node.record.is_statistics else None
        else:
            layer_ids.add(node.record.layer_id)
            owner = node
        if owner is not None and tree.statistics_mode(owner) is not None:
            owners.setdefault(owner.record.layer_id, owner)
    return Subject(tree, nodes, tuple(weights.values()), tuple(owners.values()), len(layer_ids))


def _below(tree: LayerTree, nodes: Iterable[Node]) -> Iterator[Node]:
    """All nodes below these and themselves; what lies below another selected one is not walked again."""
    chosen = set(nodes)
    for node in nodes:
        if _is_below_any(node, chosen):
            continue
        if isinstance(node, LayerNode):
            yield from tree.walk(node)
        else:
            yield node


def _is_below_any(node: Node, chosen: set[Node]) -> bool:
    above = node.parent
    while above is not None:
        if above in chosen:
            return True
        above = above.parent
    return False
