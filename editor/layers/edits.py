"""Edits of flags with a name that says what they do, and a look at them before they are made."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from editor.layers.flag_change import FlagChange
from editor.layers.flow import from_here, up_to
from editor.layers.nodes import LayerNode, Node, WeightNode
from editor.layers.policies import RuleKind, StatisticsPolicy
from editor.layers.presets import Preset, last_layers, plan_preset
from editor.layers.selection import of_class, select, topmost, weights_of
from editor.layers.tree import LayerTree


@dataclass(frozen=True, slots=True)
class Edit:
    """One step: what changes, and its name in the Edit menu."""

    change: FlagChange
    text: str


@dataclass(frozen=True, slots=True)
class Look:
    """What an edit would do.

    Attributes:
        num_layers: Layers of which any flag changes.
        num_weights: Weights whose flag changes.
        frozen: Parameters that would be frozen and train now.
        thawed: Parameters that would train and are frozen now.
        num_statistics: Layers whose statistics would stand still, or update, unlike now.
        num_rules: Rules of editing that would hold, or no longer.
    """

    num_layers: int = 0
    num_weights: int = 0
    frozen: int = 0
    thawed: int = 0
    num_statistics: int = 0
    num_rules: int = 0

    def __str__(self) -> str:
        parts = [
            f"{self.frozen:,} parameters freeze" if self.frozen else "",
            f"{self.thawed:,} parameters thaw" if self.thawed else "",
            f"statistics of {_counted(self.num_statistics, 'layer')} change" if self.num_statistics else "",
            f"{_counted(self.num_rules, 'editing rule')} {'changes' if self.num_rules == 1 else 'change'}"
            if self.num_rules
            else "",
        ]
        said = ", ".join(part for part in parts if part)
        return f"{_counted(self.num_layers, 'layer')}: {said}" if said else "Nothing changes"


def look(tree: LayerTree, change: FlagChange) -> Look:
    """What an edit would change."""
    holders = {node.record.weight_id: node for node in tree.walk_weights()}
    layers = {layer_id for layer_id, _, _ in change.statistics} | {key[0] for key, _, _ in change.rules}
    sums = {False: 0, True: 0}
    for weight_id, _, flag in change.weights:
        holder = holders[weight_id]
        sums[flag] += holder.record.num_parameters
        layers |= {holder.parent.record.layer_id} if holder.parent else set()
    return Look(
        num_layers=len(layers),
        num_weights=len(change.weights),
        frozen=sums[False],
        thawed=sums[True],
        num_statistics=len(change.statistics),
        num_rules=len(change.rules),
    )


# -- the edits ------------------------------------------------------------------------------------------------


def freeze(tree: LayerTree, nodes: Iterable[Node], *, trainable: bool = False) -> Edit:
    """Freezes or thaws nodes with all below them."""
    nodes = topmost(nodes)
    change = tree.plan(nodes, trainable=trainable)
    return Edit(change, f"{_verb(trainable)} {_what(tree, nodes, change)}")


def freeze_up_to(tree: LayerTree, node: Node, *, trainable: bool = False) -> Edit:
    """Freezes or thaws a layer and all whose output reaches it."""
    change = tree.plan(up_to(tree, node), trainable=trainable)
    return Edit(change, f"{_verb(trainable)} everything up to {_name(node)}")


def freeze_from_here(tree: LayerTree, node: Node, *, trainable: bool = False) -> Edit:
    """Freezes or thaws a layer and all that its output reaches."""
    change = tree.plan(from_here(tree, node), trainable=trainable)
    return Edit(change, f"{_verb(trainable)} everything from {_name(node)} on")


def freeze_class(tree: LayerTree, class_name: str, *, trainable: bool = False) -> Edit:
    """Freezes or thaws all layers of a class."""
    layers = of_class(tree, class_name)
    return Edit(tree.plan(layers, trainable=trainable), f"{_verb(trainable)} {_counted(len(layers), class_name)}")


def freeze_pattern(tree: LayerTree, pattern: str, *, trainable: bool = False) -> Edit:
    """Freezes or thaws what a pattern matches.

    Raises:
        SelectionError: The pattern is malformed, or matches nothing.
    """
    change = tree.plan(topmost(select(tree, pattern)), trainable=trainable)
    return Edit(change, f"{_verb(trainable)} what matches {pattern.strip()}")


def freeze_named(
    tree: LayerTree, nodes: Iterable[Node], name: str, *, others: bool = False, trainable: bool = False
) -> Edit:
    """Freezes or thaws the weights of a name in and below nodes, such as every bias; with `others` all but those."""
    nodes = topmost(nodes)
    change = tree.plan(weights_of(tree, nodes, named=name, others=others), trainable=trainable)
    scope = "" if nodes == (tree.root,) else f" in {_list(nodes)}"
    what = f"all weights but {name}" if others else f"every {name}"
    return Edit(change, f"{_verb(trainable)} {what}{scope}")


def invert(tree: LayerTree, nodes: Iterable[Node]) -> Edit:
    """Freezes what trains in and below nodes, and thaws what is frozen."""
    nodes = topmost(nodes)
    weights = {
        weight.weight_id: not tree.is_trainable(weight)
        for node in nodes
        for weight in node.weights_below
        if not weight.is_statistics
    }
    holders = [node for node in tree.walk_weights() if node.record.weight_id in weights]
    frozen = tree.plan([node for node in holders if not weights[node.record.weight_id]], trainable=False)
    tree.apply(frozen)
    try:
        thawed = tree.plan([node for node in holders if weights[node.record.weight_id]], trainable=True)
    finally:
        tree.apply(frozen.reverted)
    return Edit(frozen.then(thawed), f"Invert {_list(nodes)}")


def apply_preset(tree: LayerTree, preset: Preset) -> Edit:
    """Brings the whole model into a common state.

    Raises:
        SelectionError: The preset means nothing in this model.
    """
    return Edit(plan_preset(tree, preset.trains(tree)), preset.title)


def train_last_layers(tree: LayerTree, num_layers: int) -> Edit:
    """Makes the last layers with weights train, and freezes the rest."""
    return Edit(
        plan_preset(tree, last_layers(tree, num_layers)),
        f"Train the last {_counted(num_layers, 'layer')} only" if num_layers != 1 else "Train the last layer only",
    )


def set_policy(tree: LayerTree, layers: Iterable[LayerNode], policy: StatisticsPolicy) -> Edit:
    """Chooses what happens to the statistics of layers."""
    layers = tuple(layers)
    words = {
        StatisticsPolicy.WITH_LAYER: "Statistics go with",
        StatisticsPolicy.UPDATE: "Statistics keep updating in",
        StatisticsPolicy.STILL: "Statistics stand still in",
    }
    return Edit(tree.plan_policy(layers, policy), f"{words[policy]} {_list(layers)}")


def set_stays_frozen(tree: LayerTree, layers: Iterable[LayerNode], *, holds: bool) -> Edit:
    """Makes layers stay frozen when their block is thawed, or no longer."""
    layers = tuple(layers)
    verb = "Keep frozen with its block thawed:" if holds else "Thaw with its block:"
    return Edit(tree.plan_rule(layers, RuleKind.STAYS_FROZEN, holds=holds), f"{verb} {_list(layers)}")


# -- words ----------------------------------------------------------------------------------------------------


def _verb(trainable: bool) -> str:
    return "Thaw" if trainable else "Freeze"


def _what(tree: LayerTree, nodes: tuple[Node, ...], change: FlagChange) -> str:
    """`base/conv1`, `14 layers under base`, `3 layers`: how many layers change, and where, if that is one place."""
    num = look(tree, change).num_layers or len(nodes)
    if len(nodes) == 1:
        is_block = bool(nodes[0].path) and isinstance(nodes[0], LayerNode) and bool(nodes[0].children)
        return f"{_counted(num, 'layer')} under {nodes[0].path}" if is_block else _name(nodes[0])
    is_weights = all(isinstance(node, WeightNode) for node in nodes)
    counted = _counted(len(nodes), "weight") if is_weights else _counted(num, "layer")
    above = _common_parent(nodes)
    return f"{counted} under {above.path}" if above and above.parent else counted


def _list(nodes: tuple[Node, ...]) -> str:
    return _name(nodes[0]) if len(nodes) == 1 else _counted(len(nodes), "layer")


def _name(node: Node) -> str:
    return node.path or "the whole model"


def _common_parent(nodes: tuple[Node, ...]) -> LayerNode | None:
    chains = [_above(node) for node in nodes]
    shared = set(chains[0]).intersection(*chains[1:])
    return next((layer for layer in chains[0] if layer in shared), None)


def _above(node: Node) -> list[LayerNode]:
    """What holds a node, from its parent up to the root."""
    found = []
    above = node.parent
    while above is not None:
        found.append(above)
        above = above.parent
    return found


def _counted(num: int, word: str) -> str:
    return f"1 {word}" if num == 1 else f"{num:,} {word}" + ("s" if word.islower() else "")
