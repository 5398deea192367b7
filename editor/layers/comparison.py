"""Two freeze maps side by side: of two files, or of a file and the document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from editor.layers.freeze_map import FreezeMap, LayerFlags, Rule, StatisticsFlag, WeightFlag


@dataclass(frozen=True, slots=True)
class ComparedWeight:
    """The flag of one weight in each map.

    Attributes:
        left: None where the left map does not name it; so is `right`.
        left_shape: None where the left map does not tell it, as maps of the first versions do not.
    """

    name: str
    left: WeightFlag | None
    right: WeightFlag | None
    left_shape: tuple[int, ...] | None = None
    right_shape: tuple[int, ...] | None = None

    @property
    def fits(self) -> bool:
        """Whether both maps name it, with the same shape as far as they tell."""
        has_one_shape = None in (self.left_shape, self.right_shape) or self.left_shape == self.right_shape
        return None not in (self.left, self.right) and has_one_shape

    @property
    def differs(self) -> bool:
        """Whether it is the same weight in both maps, with another flag."""
        return self.fits and self.left != self.right


@dataclass(frozen=True, slots=True)
class ComparedLayer:
    """One layer in each map.

    Attributes:
        left_path: None where the left map does not have it; `right_path` likewise.
        left_class: Empty where the map does not have it.
        left_statistics: None where it has none; so is `right_statistics`.
    """

    left_path: str | None
    right_path: str | None
    left_class: str
    right_class: str
    weights: tuple[ComparedWeight, ...]
    left_statistics: StatisticsFlag | None
    right_statistics: StatisticsFlag | None

    @property
    def path(self) -> str:
        """Its path on the left, or else on the right."""
        return self.left_path if self.left_path is not None else self.right_path or ""

    @property
    def is_in_both(self) -> bool:
        """Whether both maps have it."""
        return self.left_path is not None and self.right_path is not None

    @property
    def is_other_kind(self) -> bool:
        """Whether both have it, but of another class or with other weights: perhaps not the same layer at all."""
        has_other_weights = not all(weight.fits for weight in self.weights)
        has_other_statistics = (self.left_statistics is None) is not (self.right_statistics is None)
        return self.is_in_both and (self.left_class != self.right_class or has_other_weights or has_other_statistics)

    @property
    def differs(self) -> bool:
        """Whether a flag that both maps name is not the same."""
        statistics = (self.left_statistics, self.right_statistics)
        return any(weight.differs for weight in self.weights) or (
            None not in statistics and statistics[0] != statistics[1]
        )

    @property
    def left_text(self) -> str:
        """What the left map says, in a few words: `frozen`, `kernel frozen, bias trainable`, `not there`."""
        if self.left_path is None:
            return "not there"
        return _words({weight.name: weight.left for weight in self.weights if weight.left}, self.left_statistics)

    @property
    def right_text(self) -> str:
        """The same for the right map."""
        if self.right_path is None:
            return "not there"
        return _words({weight.name: weight.right for weight in self.weights if weight.right}, self.right_statistics)


def _words(flags: dict[str, WeightFlag], statistics: StatisticsFlag | None) -> str:
    alike = set(flags.values())
    parts: list[str] = [*alike] if len(alike) == 1 else [f"{name} {flag}" for name, flag in flags.items()]
    return ", ".join([*parts, f"statistics {statistics}"] if statistics else parts)


@dataclass(frozen=True, slots=True)
class MapComparison:
    """All layers of two maps: those of the left map in its order, then what only the right one has.

    Attributes:
        rules_left: Editing rules that only the left map has; `rules_right` only the right one.
    """

    layers: tuple[ComparedLayer, ...]
    rules_left: tuple[Rule, ...] = ()
    rules_right: tuple[Rule, ...] = ()

    @property
    def differing(self) -> tuple[ComparedLayer, ...]:
        """Layers in both maps with another flag."""
        return tuple(layer for layer in self.layers if layer.differs)

    @property
    def only_left(self) -> tuple[ComparedLayer, ...]:
        """Layers that the right map does not have."""
        return tuple(layer for layer in self.layers if layer.right_path is None)

    @property
    def only_right(self) -> tuple[ComparedLayer, ...]:
        """Layers that the left map does not have."""
        return tuple(layer for layer in self.layers if layer.left_path is None)

    @property
    def is_same(self) -> bool:
        """Whether both say the same of the same layers."""
        rules = self.rules_left or self.rules_right
        return not (rules or any(not layer.is_in_both or layer.differs or layer.is_other_kind for layer in self.layers))


def compare_maps(left: FreezeMap, right: FreezeMap) -> MapComparison:
    """Puts two maps side by side; layers are matched by path, then by store key.

    For a file against the document, the document's `LayerTree.freeze_map()` stands on the left; to take the file's
    flags over, `LayerTree.plan_map` is given the right one.
    """
    matches = _matches(left, right)
    layers = [_compared(path, matches.get(path), left, right) for path in left.layers]
    matched = set(matches.values())
    layers += [_compared(None, path, left, right) for path in right.layers if path not in matched]
    return MapComparison(
        tuple(layers),
        tuple(rule for rule in left.rules if rule not in right.rules),
        tuple(rule for rule in right.rules if rule not in left.rules),
    )


def _matches(left: FreezeMap, right: FreezeMap) -> dict[str, str]:
    """The path on the right for each path on the left that has one; none is given twice."""
    found: dict[str, str] = {}
    for keys in (_by_store,) if _only_names_differ(left, right) else (_by_path, _by_any_path, _by_store):
        taken = set(found.values())
        free = {key: path for key, path in keys(right) if path not in taken}
        for key, path in keys(left):
            if path not in found and key in free:
                found[path] = free.pop(key)
    return _once(found)


def _only_names_differ(left: FreezeMap, right: FreezeMap) -> bool:
    """Whether the store keys are the same and the paths are not: automatic names have moved on (fact F9)."""
    stores = [
        sorted((flags.store, flags.class_name) for flags in freeze_map.layers.values()) for freeze_map in (left, right)
    ]
    are_unique = len(set(stores[0])) == len(stores[0]) and all(store for store, _ in stores[0])
    return left.layers.keys() != right.layers.keys() and stores[0] == stores[1] and are_unique


def _once(found: dict[str, str]) -> dict[str, str]:
    """A layer with several places may have been found by two of them."""
    first: dict[str, str] = {}
    for left, right in found.items():
        first.setdefault(right, left)
    return {left: right for right, left in first.items()}


def _by_path(freeze_map: FreezeMap) -> Iterator[tuple[str, str]]:
    return ((path, path) for path in freeze_map.layers)


def _by_any_path(freeze_map: FreezeMap) -> Iterator[tuple[str, str]]:
    """Of a shared layer each of its paths: which one is the first may be another in the other map."""
    return ((key, path) for path, flags in freeze_map.layers.items() for key in (path, *flags.also_at))


def _by_store(freeze_map: FreezeMap) -> Iterator[tuple[str, str]]:
    repeats = Counter(flags.store for flags in freeze_map.layers.values())
    return (
        (flags.store, path) for path, flags in freeze_map.layers.items() if flags.store and repeats[flags.store] == 1
    )


def _compared(left_path: str | None, right_path: str | None, left: FreezeMap, right: FreezeMap) -> ComparedLayer:
    one = left.layers[left_path] if left_path is not None else _NOTHING
    other = right.layers[right_path] if right_path is not None else _NOTHING
    names = dict.fromkeys([*one.weights, *other.weights])
    return ComparedLayer(
        left_path,
        right_path,
        one.class_name,
        other.class_name,
        tuple(_weight(name, one, other) for name in names),
        one.statistics,
        other.statistics,
    )


def _weight(name: str, one: LayerFlags, other: LayerFlags) -> ComparedWeight:
    return ComparedWeight(
        name, one.weights.get(name), other.weights.get(name), one.shapes.get(name), other.shapes.get(name)
    )


_NOTHING = LayerFlags(store="", class_name="")
