"""Freeze states at random: edits of every kind, one after the other, on any tree."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

from editor.errors import SelectionError
from editor.layers import edits
from editor.layers.accounts import StatisticsMode
from editor.layers.flag_change import FlagChange
from editor.layers.nodes import LayerNode, Node, WeightNode
from editor.layers.policies import StatisticsPolicy
from editor.layers.presets import PRESETS
from editor.layers.records import LayerRecord
from editor.layers.tree import LayerTree

FLAG_KINDS = ("leaf", "container", "root", "weight", "thawed child", "shared", "statistics", "all at random")
"""Kinds of edit that set bits; each does nothing on a tree that has no place for it."""
WISH_KINDS = ("policy", "stays frozen", "preset", "up to", "from here", "class", "named", "invert")
"""Kinds of edit that people choose from a menu; rules of editing are among them."""
KINDS = FLAG_KINDS + WISH_KINDS


@dataclass(frozen=True)
class Edit:
    """One edit.

    Attributes:
        kind: One of `KINDS`.
        position: Picks one of the nodes that the kind is about (modulo their number); seeds "all at random".
        trainable: Whether what was picked trains from then on.
        updates: For "statistics": whether they update; for others a second choice.
    """

    kind: str
    position: int
    trainable: bool
    updates: bool


State = tuple[Edit, ...]

EVERY_KIND: State = (
    Edit("root", 0, trainable=False, updates=False),
    Edit("container", 1, trainable=True, updates=False),
    Edit("thawed child", 9, trainable=True, updates=False),
    Edit("shared", 0, trainable=False, updates=False),
    Edit("leaf", 3, trainable=True, updates=False),
    Edit("statistics", 0, trainable=True, updates=False),
    Edit("statistics", 1, trainable=False, updates=True),
    Edit("policy", 5, trainable=True, updates=False),
    Edit("stays frozen", 4, trainable=False, updates=True),
    Edit("weight", 2, trainable=False, updates=False),
    Edit("weight", 5, trainable=True, updates=False),
)
"""One state that is made by edits of every kind, the coarse ones first since they hide the others."""


def states() -> st.SearchStrategy[State]:
    """A few edits, each of any kind."""
    return st.lists(any_edit(), min_size=1, max_size=6).map(tuple)


def any_edit() -> st.SearchStrategy[Edit]:
    """An edit of any kind."""
    return st.builds(Edit, st.sampled_from(KINDS), st.integers(0, 9999), st.booleans(), st.booleans())


def made(root: LayerRecord, state: State) -> LayerTree:
    """A tree in a state, whatever flags the model had."""
    tree = LayerTree(root)
    tree.apply(tree.plan([tree.root], trainable=True))
    for edit in state:
        tree.apply(planned(tree, edit))
    return tree


def planned(tree: LayerTree, edit: Edit) -> FlagChange:
    """What one edit would change; the tree stays as it is."""
    match edit.kind:
        case "all at random":
            return _scatter(tree, edit.position)
        case "statistics":
            return _set_bits(tree, edit)
        case "thawed child":
            return _thaw_child(tree, edit)
        case kind if kind in FLAG_KINDS:
            return tree.plan(_pick(_of_kind(tree, kind), edit.position), trainable=edit.trainable)
        case _:
            return _wish(tree, edit)


def _wish(tree: LayerTree, edit: Edit) -> FlagChange:
    layers = [layer for layer in tree.walk_layers() if layer is not tree.root] or [tree.root]
    layer = layers[edit.position % len(layers)]
    try:
        return _wished(tree, edit, layer)
    except SelectionError:
        return FlagChange()


def _wished(tree: LayerTree, edit: Edit, layer: LayerNode) -> FlagChange:
    match edit.kind:
        case "policy":
            policies = tuple(StatisticsPolicy)
            owners = [owner for owner in tree.walk_layers() if tree.statistics_mode(owner)]
            some = _pick(owners, edit.position) if edit.trainable else owners
            change = edits.set_policy(tree, some or [layer], policies[edit.position % 3])
        case "stays frozen":
            change = edits.set_stays_frozen(tree, [layer], holds=edit.updates)
        case "preset":
            change = edits.apply_preset(tree, PRESETS[edit.position % len(PRESETS)])
        case "up to":
            change = edits.freeze_up_to(tree, layer, trainable=edit.trainable)
        case "from here":
            change = edits.freeze_from_here(tree, layer, trainable=edit.trainable)
        case "class":
            change = edits.freeze_class(tree, layer.record.class_name, trainable=edit.trainable)
        case "named":
            change = edits.freeze_named(tree, [layer], "bias", others=edit.updates, trainable=edit.trainable)
        case _:
            change = edits.invert(tree, [layer])
    return change.change


def _of_kind(tree: LayerTree, kind: str) -> list[Node]:
    if kind == "root":
        return [tree.root]
    if kind == "weight":
        return [node for node in tree.walk() if isinstance(node, WeightNode) and not node.record.is_statistics]
    layers = [layer for layer in tree.walk_layers() if layer is not tree.root]
    if kind == "shared":
        return [layer for layer in layers if len(tree.places(layer)) > 1]
    return [layer for layer in layers if bool(layer.children) == (kind == "container") and layer.weights_below]


def _pick(nodes: list[Node], position: int) -> list[Node]:
    return [nodes[position % len(nodes)]] if nodes else []


def _thaw_child(tree: LayerTree, edit: Edit) -> FlagChange:
    """Freezes a container and thaws one thing in it; or the other way round."""
    change = FlagChange()
    for container in _pick(_of_kind(tree, "container"), edit.position):
        assert isinstance(container, LayerNode)
        inside = [node for node in tree.walk(container) if node is not container]
        change = tree.plan([container], trainable=not edit.trainable)
        tree.apply(change)
        later = tree.plan(_pick(inside, edit.position // 7), trainable=edit.trainable)
        tree.apply(change.reverted)
        change = change.then(later)
    return change


def _set_bits(tree: LayerTree, edit: Edit) -> FlagChange:
    """Both bits of a layer with statistics: its weights train or not, its statistics update or not (fact F5)."""
    layers = [layer for layer in tree.walk_layers() if tree.statistics_mode(layer)]
    flags: dict[int, bool] = {}
    modes: dict[int, StatisticsMode] = {}
    for layer in _pick([*layers], edit.position):
        assert isinstance(layer, LayerNode)
        flags = {weight.record.weight_id: edit.trainable for weight in layer.weights}
        modes = {layer.record.layer_id: StatisticsMode.UPDATE if edit.updates else StatisticsMode.STILL}
    return _with_pins(tree, tree.change_to(flags, modes))


def _scatter(tree: LayerTree, seed: int) -> FlagChange:
    """Every bit by itself."""

    # A multiplicative hash: a state must be the same in every process and for every tree of a kind.
    def bit(at: int) -> bool:
        return ((seed + 1) * (at + 1) * 2654435761) >> 13 & 1 == 1

    flags = {node.record.weight_id: bit(at) for at, node in enumerate(tree.walk_weights())}
    modes = {
        layer.record.layer_id: StatisticsMode.UPDATE if bit(-at - 2) else StatisticsMode.STILL
        for at, layer in enumerate(tree.walk_layers())
    }
    return _with_pins(tree, tree.change_to(flags, modes))


def _with_pins(tree: LayerTree, change: FlagChange) -> FlagChange:
    """The same edit with the policies that belong to its bits, as choosing a policy would set them."""
    tree.apply(change)
    pins = FlagChange()
    for layer in tree.walk_layers():
        mode = tree.statistics_mode(layer)
        own = [tree.is_trainable(weight.record) for weight in layer.weights if not weight.record.is_statistics]
        if mode and own and any(own) != (mode is StatisticsMode.UPDATE):
            pin = tree.plan_policy([layer], StatisticsPolicy(mode.value))
            tree.apply(pin)
            pins = pins.then(pin)
    tree.apply(pins.reverted)
    tree.apply(change.reverted)
    return change.then(pins)
