"""Freeze states at random: edits of every kind, one after the other, on any tree."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

from editor.layers.accounts import StatisticsMode
from editor.layers.nodes import LayerNode, Node, WeightNode
from editor.layers.tree import FlagChange, LayerTree

KINDS = ("leaf", "container", "root", "weight", "thawed child", "shared", "statistics", "all at random")
"""All kinds of edit; each does nothing on a tree that has no place for it."""


@dataclass(frozen=True)
class Edit:
    """One edit.

    Attributes:
        kind: One of `KINDS`.
        position: Picks one of the nodes that the kind is about (modulo their number); seeds "all at random".
        trainable: Whether what was picked trains from then on.
        updates: For "statistics": whether they update.
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
    Edit("weight", 2, trainable=False, updates=False),
    Edit("weight", 5, trainable=True, updates=False),
)
"""One state that is made by edits of every kind, the coarse ones first since they hide the others."""


def states() -> st.SearchStrategy[State]:
    """A few edits, each of any kind."""
    edits = st.builds(Edit, st.sampled_from(KINDS), st.integers(0, 9999), st.booleans(), st.booleans())
    return st.lists(edits, min_size=1, max_size=6).map(tuple)


def make(tree: LayerTree, state: State) -> None:
    """Brings a tree into a state, whatever its flags are."""
    tree.apply(tree.plan([tree.root], trainable=True))
    for edit in state:
        tree.apply(planned(tree, edit))


def planned(tree: LayerTree, edit: Edit) -> FlagChange:
    """What one edit would change; the tree stays as it is."""
    match edit.kind:
        case "all at random":
            return _scatter(tree, edit.position)
        case "statistics":
            return _policy(tree, edit)
        case "thawed child":
            return _thaw_child(tree, edit)
        case _:
            return tree.plan(_pick(_of_kind(tree, edit.kind), edit.position), trainable=edit.trainable)


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


def _policy(tree: LayerTree, edit: Edit) -> FlagChange:
    """Both bits of a layer with statistics: its weights train or not, its statistics update or not (fact F5)."""
    layers = [layer for layer in tree.walk_layers() if tree.statistics_mode(layer)]
    flags: dict[int, bool] = {}
    modes: dict[int, StatisticsMode] = {}
    for layer in _pick([*layers], edit.position):
        assert isinstance(layer, LayerNode)
        flags = {weight.record.weight_id: edit.trainable for weight in layer.weights}
        modes = {layer.record.layer_id: StatisticsMode.UPDATE if edit.updates else StatisticsMode.STILL}
    return tree.change_to(flags, modes)


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
    return tree.change_to(flags, modes)
