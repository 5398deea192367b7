"""Carries edits from one tree of a model to another: from a preview of its file to the live model.

A preview may lack names and number its layers otherwise, so ids do not do. A layer is found by its path where all
paths are known on both sides, else by its key in Keras's weights file (facts F9, F22); a weight by its name in the
layer, or by its number there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec

from editor.layers.changes import FlagSnapshot, held_rules
from editor.layers.flag_change import FlagChange
from editor.layers.nodes import LayerNode, Node, WeightNode
from editor.layers.tree import LayerTree


class WeightKey(msgspec.Struct, frozen=True, array_like=True):
    """What finds a weight in another tree, within its layer; an empty name is not known."""

    weight_id: int
    name: str
    shape: tuple[int, ...]


class LayerKey(msgspec.Struct, frozen=True, array_like=True):
    """What finds a layer in another tree.

    Attributes:
        path: Its first path; None where the file does not tell all names in it.
        store: Its group in Keras's weights file; empty where there is none.
        weights: In the order in which Keras stores them.
    """

    layer_id: int
    path: str | None
    store: str
    weights: tuple[WeightKey, ...] = ()


class TreeKeys(msgspec.Struct, frozen=True):
    """What the ids of a tree stand for: each layer once."""

    layers: tuple[LayerKey, ...] = ()


@dataclass(frozen=True)
class Match:
    """The ids of one tree and those that stand for the same in another.

    Attributes:
        layers: By `layer_id`.
        weights: By `weight_id`.
    """

    layers: dict[int, int] = field(default_factory=dict)
    weights: dict[int, int] = field(default_factory=dict)

    def lost_in(self, change: FlagChange) -> frozenset[int]:
        """The weights of an edit that the other tree does not have."""
        return frozenset(key for key, _, _ in change.weights if key not in self.weights)


def keys_of(tree: LayerTree) -> TreeKeys:
    """The keys of all layers of a tree."""
    known = _paths_known(tree)
    return TreeKeys(
        tuple(
            LayerKey(layer.record.layer_id, known.get(layer), layer.record.store, _weight_keys(layer))
            for layer in tree.walk_layers()
            if tree.is_first_place(layer)
        )
    )


def match_keys(keys: TreeKeys, tree: LayerTree) -> Match:
    """Finds the layers and weights that keys stand for in a tree."""
    by_path = {path: layer for layer, path in _paths_known(tree).items()}
    by_store = {layer.record.store: layer for layer in tree.walk_layers() if layer.record.store}
    paths = [key.path for key in keys.layers if key.path is not None]
    is_path_first = all(path in by_path for path in paths)
    match = Match()
    taken: set[int] = set()
    for is_by_path in (is_path_first, not is_path_first):
        for key in keys.layers:
            found = by_path.get(key.path) if is_by_path and key.path is not None else None
            found = by_store.get(key.store) if not is_by_path and key.store else found
            if found and key.layer_id not in match.layers and found.record.layer_id not in taken:
                taken.add(found.record.layer_id)
                match.layers[key.layer_id] = found.record.layer_id
                for weight_id, other in _weight_pairs(key, found):
                    match.weights.setdefault(weight_id, other)
    return match


def carried(change: FlagChange, match: Match, tree: LayerTree) -> FlagChange:
    """The edit that does on a tree what `change` did on the one before.

    What it asked for and found so already is asked for again: the other tree may know that it is not so.
    """
    flags = dict(change.agreed) | {key: flag for key, _, flag in change.weights}
    return tree.change_to(
        {match.weights[key]: flag for key, flag in flags.items() if key in match.weights},
        {match.layers[key]: mode for key, _, mode in change.statistics if key in match.layers},
        {(match.layers[key], rule): holds for (key, rule), _, holds in change.rules if key in match.layers},
    )


def change_to_snapshot(snapshot: FlagSnapshot, match: Match, tree: LayerTree) -> FlagChange:
    """The edit that gives a tree the flags that another one had at a moment, as far as it has the same weights."""
    held = {(match.layers[layer_id], rule) for layer_id, rule in snapshot.held if layer_id in match.layers}
    found = set(match.layers.values())
    others = {(layer_id, rule) for layer_id, rule in held_rules(tree) if layer_id in found}
    return tree.change_to(
        {match.weights[key]: flag for key, flag in snapshot.weights.items() if key in match.weights},
        {match.layers[key]: mode for key, mode in snapshot.modes.items() if key in match.layers},
        {key: key in held for key in held | others},
    )


def place_in(tree: LayerTree, node: Node, before: LayerTree, match: Match) -> Node | None:
    """The node of a tree that stands where `node` stood in the one before; None if there is none."""
    if isinstance(node, WeightNode):
        layer = place_in(tree, node.parent, before, match) if node.parent else None
        wanted = match.weights.get(node.record.weight_id)
        weights = layer.weights if isinstance(layer, LayerNode) else ()
        return next((weight for weight in weights if weight.record.weight_id == wanted), None)
    places = tree.places_of(match.layers.get(node.record.layer_id, -1))
    same = tree.find(node.path)
    if same in places:
        return same
    at = before.places(node).index(node)
    return places[min(at, len(places) - 1)] if places else None


def _paths_known(tree: LayerTree) -> dict[LayerNode, str]:
    """The first places of layers that have no unknown name in their path."""
    known: dict[LayerNode, str] = {}
    for layer in tree.walk_layers():
        if layer.parent is None or (layer.record.is_name_known and layer.parent in known):
            known[layer] = layer.path
    return known


def _weight_keys(layer: LayerNode) -> tuple[WeightKey, ...]:
    return tuple(
        WeightKey(weight.weight_id, weight.name if weight.is_name_known else "", weight.shape)
        for weight in layer.record.weights
    )


def _weight_pairs(key: LayerKey, layer: LayerNode) -> Iterator[tuple[int, int]]:
    """By name where both sides know it, else by number, where the shape is the same."""
    there = _weight_keys(layer)
    by_name = {weight.name: weight for weight in there if weight.name}
    for number, weight in enumerate(key.weights):
        other = by_name.get(weight.name)
        if other is None and number < len(there) and not (weight.name and there[number].name):
            other = there[number] if there[number].shape == weight.shape else None
        if other is not None:
            yield weight.weight_id, other.weight_id
