"""A layer tree as a freeze map, and a freeze map brought onto a layer tree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from editor.errors import SelectionError
from editor.layers.accounts import StatisticsMode
from editor.layers.flag_change import FlagChange
from editor.layers.freeze_map import FreezeMap, LayerFlags, Rule
from editor.layers.nodes import LayerNode
from editor.layers.paths import weight_path
from editor.layers.patterns import exact, is_harmless, matcher
from editor.layers.policies import PINS, RuleKind, StatisticsPolicy, mode_with_weights
from editor.layers.records import LayerRecord, WeightRecord

if TYPE_CHECKING:
    from editor.layers.tree import LayerTree


@dataclass(frozen=True, slots=True)
class Misfit:
    """A weight that has one shape in the map and another in the model; its flag was left as it is.

    Attributes:
        path: The weight's path in the map.
    """

    path: str
    shape_in_map: tuple[int, ...]
    shape_in_model: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.path}: shape {self.shape_in_map} in the map, {self.shape_in_model} in the model"


@dataclass(frozen=True, slots=True)
class MapReport:
    """What of a freeze map did not fit a model.

    Attributes:
        unmatched: Paths in the map that the model does not have.
        uncovered: Paths of the model that the map does not name; they keep their flags.
        misfits: Weights of another shape.
    """

    unmatched: tuple[str, ...] = ()
    uncovered: tuple[str, ...] = ()
    misfits: tuple[Misfit, ...] = ()

    @property
    def lines(self) -> tuple[str, ...]:
        """All that did not fit, a line each; without what the map does not name."""
        return (*self.unmatched, *map(str, self.misfits))


def freeze_map_of(tree: LayerTree) -> FreezeMap:
    """The state of every layer that owns weights, by its first path, and the rules of editing."""
    return FreezeMap(
        layers={layer.path: _flags_of(tree, layer) for layer in _owners(tree)},
        rules=tuple(rule for kind in RuleKind for rule in _rules_of(tree, kind)),
    )


def _owners(tree: LayerTree) -> Iterator[LayerNode]:
    return (layer for layer in tree.walk_layers() if layer.weights and tree.is_first_place(layer))


def _flags_of(tree: LayerTree, layer: LayerNode) -> LayerFlags:
    able = [weight for weight in layer.record.weights if not weight.is_statistics]
    mode = tree.statistics_mode(layer)
    return LayerFlags(
        store=layer.record.store,
        class_name=layer.record.class_name,
        weights={weight.name: "trainable" if tree.is_trainable(weight) else "frozen" for weight in able},
        statistics=mode.value if mode else None,
        also_at=tuple(place.path for place in tree.places(layer)[1:]),
        shapes={weight.name: weight.shape for weight in able},
    )


def _rules_of(tree: LayerTree, kind: RuleKind) -> Iterator[Rule]:
    """A rule that holds for every layer of a class is told by the class."""
    layers = [layer for layer in tree.walk_layers() if tree.is_first_place(layer)]
    ruled = [layer for layer in layers if tree.has_rule(layer, kind)]
    there = Counter(layer.record.class_name for layer in layers)
    found = Counter(layer.record.class_name for layer in ruled)
    whole = {name for name, num in found.items() if num > 1 and num == there[name]}
    yield from (Rule(f"class:{name}", kind) for name in sorted(whole))
    yield from (Rule(exact(layer.path), kind) for layer in ruled if layer.record.class_name not in whole)


@dataclass
class _Fitting:
    """What was found so far of a map on a tree."""

    flags: dict[int, bool] = field(default_factory=dict)
    modes: dict[int, StatisticsMode] = field(default_factory=dict)
    rules: dict[tuple[int, RuleKind], bool] = field(default_factory=dict)
    covered: set[int] = field(default_factory=set)
    unmatched: list[str] = field(default_factory=list)
    misfits: list[Misfit] = field(default_factory=list)

    def add(self, path: str, flags: LayerFlags, layer: LayerNode) -> None:
        """Takes over the flags of one layer, as far as they fit."""
        self.covered.add(layer.record.layer_id)
        found = _weights_of_names(flags, layer.record)
        for name, flag in flags.weights.items():
            weight, shape = found.get(name), flags.shapes.get(name)
            if weight is None:
                self.unmatched.append(weight_path(path, name))
            elif weight.is_statistics:
                continue  # A preview of an unknown class cannot tell that this never trains.
            elif shape not in (None, weight.shape):
                self.misfits.append(Misfit(weight_path(path, name), shape, weight.shape))
            else:
                self.flags[weight.weight_id] = flag == "trainable"
        if flags.statistics:
            self.modes[layer.record.layer_id] = StatisticsMode(flags.statistics)


def plan_map(tree: LayerTree, freeze_map: FreezeMap) -> tuple[FlagChange, MapReport]:
    """The edit that brings a map onto a tree, matched by path, then by store key; and what did not fit."""
    matched = _matched(tree, freeze_map)
    fitting = _Fitting()
    for path, flags in freeze_map.layers.items():
        layer = matched.get(path)
        if layer:
            fitting.add(path, flags, layer)
        else:
            fitting.unmatched.append(path)
    _add_rules(tree, freeze_map.rules, fitting)
    _add_pins(tree, fitting)
    uncovered = [layer.path for layer in _owners(tree) if layer.record.layer_id not in fitting.covered]
    change = tree.change_to(fitting.flags, fitting.modes, fitting.rules)
    return change, MapReport(tuple(fitting.unmatched), tuple(uncovered), tuple(fitting.misfits))


def _matched(tree: LayerTree, freeze_map: FreezeMap) -> dict[str, LayerNode]:
    """The layer of each path in a map that has one; what was found by its path is not given to another by its key.

    Where some paths are not there but all store keys are, the keys decide: automatic names may have moved on by one
    (fact F9), and then a path finds its neighbour.
    """
    found = {path: tree.find(path) for path in freeze_map.layers}
    by_path = {path: layer for path, layer in found.items() if isinstance(layer, LayerNode)}
    stores = {layer.record.store: layer for layer in _owners(tree) if layer.record.store}
    keys = {path: (flags.store, flags.class_name) for path, flags in freeze_map.layers.items()}
    by_store = {
        path: layer
        for path, (store, class_name) in keys.items()
        if (layer := stores.get(store)) and is_same_class(class_name, layer.record.class_name)
    }
    if len(by_path) == len(keys):
        return by_path
    if len(by_store) == len(keys) == len(set(keys.values())):
        return by_store
    taken = {layer.record.layer_id for layer in by_path.values()}
    return by_path | {
        path: layer for path, layer in by_store.items() if path not in by_path and layer.record.layer_id not in taken
    }


def is_same_class(one: str, other: str) -> bool:
    """Whether two classes may be the same: an empty name is that of a class which a preview could not know."""
    return one == other or not one or not other


def _weights_of_names(flags: LayerFlags, layer: LayerRecord) -> dict[str, WeightRecord]:
    """The weight of each name in a map; where a preview did not know names, on either side, they go by numbers."""
    own = {weight.name: weight for weight in layer.weights if not weight.is_statistics}
    found = {name: own[name] for name in flags.weights if name in own}
    if len(found) == len(flags.weights):
        return found
    if not all(weight.is_name_known for weight in layer.weights):
        return dict(_aligned(flags, layer)) | found
    numbers = {str(number): weight for number, weight in enumerate(layer.weights)}
    return {name: numbers[name] for name in flags.weights if name in numbers} | found


def _aligned(flags: LayerFlags, layer: LayerRecord) -> Iterator[tuple[str, WeightRecord]]:
    """The weights of a map, which leaves statistics out, on weights without names: in order, by shape."""
    left = iter(layer.weights)
    for name in flags.weights:
        weight = next((weight for weight in left if weight.shape == flags.shapes.get(name, weight.shape)), None)
        if weight is None:
            return
        yield name, weight


def _add_rules(tree: LayerTree, rules: Iterable[Rule], fitting: _Fitting) -> None:
    """For the layers that the map names, and those that no map names, its rules take the place of those that hold."""
    unnamed = {layer.record.layer_id for layer in tree.walk_layers() if not layer.weights}
    fitting.rules.update(((layer_id, kind), False) for layer_id in fitting.covered | unnamed for kind in RuleKind)
    for rule in rules:
        try:
            kind, matches = RuleKind(rule.rule), matcher(rule.select) if is_harmless(rule.select) else None
        except (ValueError, SelectionError):
            fitting.unmatched.append(f"rule {rule.rule} of {rule.select}")
            continue
        if matches is None:
            fitting.unmatched.append(f"rule {rule.rule} of {rule.select[:100]}")
            continue
        fitting.rules.update(((layer.record.layer_id, kind), True) for layer in tree.walk_layers() if matches(layer))


def _add_pins(tree: LayerTree, fitting: _Fitting) -> None:
    """Statistics that do not go with their layer's weights keep to what they do, as in a map without rules."""
    flags = {weight.weight_id: tree.is_trainable(weight) for weight in tree.root.weights_below} | fitting.flags
    for layer in tree.walk_layers():
        record = layer.record
        mode = fitting.modes.get(record.layer_id)
        if mode and mode_with_weights(record, flags) not in (mode, None):
            fitting.rules[(record.layer_id, PINS[StatisticsPolicy(mode.value)])] = True
