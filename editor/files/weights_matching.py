"""Finds which weights of a file belong to which layers of a model: by names, then by shapes and order.

Names come first, those that a person gave: automatic ones, such as `dense_1`, are counted up anew in every process and
would mislead (fact F9). What has no name in common is laid side by side in order, and only where reading from the
front and from the back come to the same. What an order cannot be trusted for is left out, never guessed: in an old
file the weights in a nested model stand in an order that depends on what was frozen (facts F17, F18).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Literal, TypeVar

from editor.files.alignment import aligned
from editor.files.stored_layouts import shapes_in_file
from editor.files.stored_weights import LAYERS, OLD_LAYERS, StoredLayer, StoredWeight, StoredWeights
from editor.files.weight_names import natural_order, split_name
from editor.layers.paths import join
from editor.layers.records import LayerRecord, WeightRecord

How = Literal["name", "key", "order"]
Shapes = tuple[tuple[int, ...], ...]

_COUNTED = re.compile(r"^(?P<stem>.*?)(?:_(?P<number>\d+))?$")
_MODELS = frozenset({"model", "functional", "sequential"})
_HALVES = ("forward_layer", "backward_layer")
_DIRECTIONS = re.compile(r"^(forward|backward)_")


@dataclass(frozen=True, eq=False)
class Owner:
    """A layer of the model that owns weights.

    Attributes:
        path: Its path.
        at: Its number in the order of the walk.
        names: Keras's names of the layers in which it stands and its own, the model's left out.
        given: Those of them that are not automatic.
        weights: Its own ones.
        steps: What becomes of arrays in the file before they are its weights; see `files.repair.stored_weights`.
    """

    record: LayerRecord
    path: str
    at: int
    names: tuple[str, ...]
    given: tuple[str, ...]
    weights: tuple[WeightRecord, ...]
    steps: tuple[str, ...] = ()

    @property
    def shapes(self) -> Shapes:
        """Of its own weights, as they stand in the file."""
        return shapes_in_file(self.steps, tuple(weight.shape for weight in self.weights))


@dataclass(frozen=True, eq=False)
class Stored:
    """Weights in a file that belong to one layer.

    Attributes:
        label: What the file calls it.
        key: The group of Keras 3; empty in the older way.
        top: The group of the top-level layer in the older way; empty in that of Keras 3.
        names: Names of the layers in which it stands and its own; those that are not known are left out.
        weights: In the order of the file.
        variables: What the weights are called there.
    """

    label: str
    key: str
    top: str
    names: tuple[str, ...]
    weights: tuple[StoredWeight, ...]
    variables: tuple[str, ...]

    @property
    def shapes(self) -> Shapes:
        """Of its weights."""
        return tuple(weight.shape for weight in self.weights)


@dataclass(frozen=True)
class Pair:
    """A layer and its weights in the file, in the order of the layer's own as they stand in the file.

    Attributes:
        how: By its name; by the key of Keras 3, which tells class and place; or by shapes and order.
    """

    owner: Owner
    stored: Stored
    how: How
    weights: tuple[StoredWeight, ...]


@dataclass(frozen=True)
class Match:
    """What was found.

    Attributes:
        pairs: Layers with their weights.
        left: The layers that the file has nothing for.
        unused: What of the file fits nowhere.
    """

    pairs: tuple[Pair, ...] = ()
    left: tuple[Owner, ...] = ()
    unused: tuple[Stored, ...] = ()


def match_weights(
    root: LayerRecord, file: StoredWeights, steps: Mapping[int, tuple[str, ...]] = MappingProxyType({})
) -> Match:
    """Matches the weights of a file with the layers of a model.

    Args:
        root: The model; its flags say in what order an old file of it has the weights of a nested model.
        file: What the groups of the file tell.
        steps: What becomes of the arrays of a layer, by `layer_id`.
    """
    owners = [replace(owner, steps=steps.get(owner.record.layer_id, ())) for owner in owners_in(root)]
    if file.is_by_name:
        stored = [part for layer in file.layers for part in _parts(layer)]
        has_both = {"forward", "backward"} <= set(map(_direction, stored))
        direction = _half if has_both else _direction
        return _Matching(_in_order_of_file(root, owners), stored, direction).match()
    stored = _by_key(file.layers)
    owners = [_without_lora(owner) for owner in owners]
    return max(
        (_Matching(owners, stored, family).match() for family in _families(root, file.layers)),
        key=lambda match: sum(len(pair.weights) for pair in match.pairs),
    )


# -- the model --------------------------------------------------------------------------------------------------


def owners_in(root: LayerRecord) -> list[Owner]:
    """The layers that own weights, each once, in the order of the walk."""
    owners: dict[int, Owner] = {}

    def visit(record: LayerRecord, path: str, names: tuple[str, ...], given: tuple[str, ...]) -> None:
        if record.weights and record.layer_id not in owners:
            owners[record.layer_id] = Owner(record, path, len(owners), names, given, record.weights)
        for child in record.children:
            name = str(child.config.get("name") or child.name.rpartition("/")[2])
            own = () if _is_automatic(name, child.class_name) else (name,)
            visit(child, join(path, child.name), (*names, name), (*given, *own))

    visit(root, "", (), ())
    return list(owners.values())


def _without_lora(owner: Owner) -> Owner:
    """A layer as Keras 3 writes it: with the product of A and B in its kernel (fact F23)."""
    if not owner.record.has_lora:
        return owner
    return replace(owner, weights=tuple(each for each in owner.weights if not each.name.startswith("lora_")))


def _is_automatic(name: str, class_name: str) -> bool:
    stem = _DIRECTIONS.sub("", _COUNTED.sub(r"\g<stem>", name))
    return stem in _MODELS or stem.replace("_", "").lower() == class_name.replace("_", "").lower()


def _in_order_of_file(root: LayerRecord, owners: list[Owner]) -> list[Owner]:
    """Owners as an old file would have them by the flags of the model: in each top-level layer, those first that train.

    Keras 2 and 3 write `trainable_weights + non_trainable_weights` of each layer, a weight of two layers once.
    """
    by_id = {owner.record.layer_id: owner for owner in _each_weight_once(owners)}
    ordered: dict[int, Owner] = {}
    for top in (*root.children, root):
        owned = {layer.layer_id: by_id[layer.layer_id] for layer in _below(top) if layer.layer_id in by_id}
        own = [(weight, owner) for owner in owned.values() for weight in owner.weights]
        own.sort(key=lambda pair: (top.is_flag_set and not pair[0].is_trainable, pair[0].position, pair[1].at))
        for _, owner in own:
            ordered.setdefault(owner.at, owner)
    return list(ordered.values())


def _each_weight_once(owners: list[Owner]) -> list[Owner]:
    """A weight that two layers have is called by the one that made it: the one inside the other."""
    makers = {weight.weight_id: owner for owner in sorted(owners, key=_depth) for weight in owner.weights}
    own = (tuple(each for each in owner.weights if makers[each.weight_id] is owner) for owner in owners)
    return [replace(owner, weights=weights) for owner, weights in zip(owners, own, strict=True) if weights]


def _depth(owner: Owner) -> int:
    return len(owner.names)


def _below(record: LayerRecord) -> Iterable[LayerRecord]:
    yield record
    for child in record.children:
        yield from _below(child)


# -- the file ---------------------------------------------------------------------------------------------------


def _parts(layer: StoredLayer) -> list[Stored]:
    """The weights of a top-level layer in the older way, by the layers in their names."""
    parts: dict[tuple[str, ...], list[tuple[StoredWeight, str]]] = {}
    for weight in layer.weights:
        name = split_name(layer, weight)
        parts.setdefault(name.scope, []).append((weight, name.variable))
    return [
        Stored(
            "/".join((layer.key, *scope)),
            "",
            layer.key,
            (layer.name, *scope) if layer.name else scope,
            tuple(weight for weight, _ in members),
            tuple(variable for _, variable in members),
        )
        for scope, members in parts.items()
    ]


def _by_key(layers: Sequence[StoredLayer]) -> list[Stored]:
    names = {layer.key: layer.name for layer in layers if layer.key and layer.name}
    return [
        Stored(
            layer.name or layer.key or "the model itself",
            layer.key,
            "",
            tuple(names[key] for key in _ways_to(layer.key) if key in names),
            layer.weights,
            tuple(weight.name for weight in layer.weights),
        )
        for layer in layers
        if layer.weights
    ]


def _ways_to(key: str) -> Iterable[str]:
    parts = key.split("/")
    return ("/".join(parts[:length]) for length in range(1, len(parts) + 1))


# -- families: what may be compared by order -----------------------------------------------------------------------

_Layer = TypeVar("_Layer", Owner, Stored)

Family = Callable[[Owner | Stored], Hashable]
"""Layers are laid side by side in order within a family only; None stands for those that belong to none."""


def _direction(layer: Owner | Stored) -> Hashable:
    """Which half of a Bidirectional a layer is in: the two have the same shapes."""
    return next((match[1] for name in layer.names if (match := _DIRECTIONS.match(name))), "")


def _half(layer: Owner | Stored) -> Hashable:
    """The same where a half was given as such: Keras 3 leaves it its name, Keras 2 put the direction before it."""
    found = _direction(layer)
    if isinstance(layer, Stored) or found:
        return found
    return next((half.removesuffix("_layer") for half in _HALVES if half in layer.path.split("/")), "")


def _families(root: LayerRecord, layers: Sequence[StoredLayer]) -> list[Family]:
    """Ways to lay groups of Keras 3 side by side: the whole; a part of the model; a part of the file.

    In such a file order is known among layers of one class in one container alone: `dense`, `dense_1`, `dense_2`.
    """
    inner_models = [record.store for record in _below(root) if record.is_graph and record.store]
    inner_groups = {layer.key.partition(f"/{LAYERS}/")[0] for layer in layers if f"/{LAYERS}/" in layer.key}
    whole = _family("", "")
    parts = [_family(store, "") for store in inner_models]
    return [whole, *parts, *(_family("", key) for key in sorted(inner_groups) if key)]


def _family(model_part: str, file_part: str) -> Family:
    def family(layer: Owner | Stored) -> Hashable:
        key, part = (layer.record.store, model_part) if isinstance(layer, Owner) else (layer.key, file_part)
        if part and not key.startswith(f"{part}/"):
            return None
        return "/".join(map(_stem, key.removeprefix(part).strip("/").split("/")))

    return family


def _stem(part: str) -> str:
    """A part of a key without its counter; Keras 2 had some attributes with an underscore that Keras 3 has without."""
    if part == OLD_LAYERS:
        return LAYERS
    return _COUNTED.sub(r"\g<stem>", part).lstrip("_")


# -- matching ---------------------------------------------------------------------------------------------------


@dataclass
class _Matching:
    owners: list[Owner]
    stored: list[Stored]
    family: Family
    _pairs: list[Pair] = field(default_factory=list)
    _known: set[int] = field(default_factory=set)

    def match(self) -> Match:
        names = {name for owner in self.owners for name in owner.given}
        in_file = {id(part): _names_among(names, part.names) for part in self.stored}
        # The whole way, then the innermost name alone; in the older way also that of the top-level layer.
        for part_of_way in (slice(None), slice(-1, None), slice(0, 1)):
            self._by_names(part_of_way, in_file)
        self._by_order()
        found = {id(part) for pair in self._pairs for part in (pair.owner, pair.stored)}
        return Match(
            tuple(sorted(self._pairs, key=lambda pair: pair.owner.at)),
            tuple(sorted((owner for owner in self.owners if id(owner) not in found), key=lambda owner: owner.at)),
            tuple(stored for stored in self.stored if id(stored) not in found),
        )

    def _by_names(self, part_of_way: slice, in_file: dict[int, tuple[str, ...]]) -> None:
        owners: dict[Hashable, list[Owner]] = defaultdict(list)
        stored: dict[Hashable, list[Stored]] = defaultdict(list)
        for owner in self._open(self.owners):
            if name := owner.given[part_of_way]:
                owners[name, self.family(owner)].append(owner)
        for part in self._open(self.stored):
            if name := in_file[id(part)][part_of_way]:
                stored[name, self.family(part)].append(part)
        for place in owners.keys() & stored.keys():
            self._pair(owners[place], stored[place], "name")
            # What has the name and another shape is another layer; no order makes it the same.
            self._known.update(map(id, (*owners[place], *stored[place])))

    def _by_order(self) -> None:
        owners: dict[Hashable, list[Owner]] = defaultdict(list)
        stored: dict[Hashable, list[Stored]] = defaultdict(list)
        for owner in self._open(self.owners):
            owners[self.family(owner)].append(owner)
        for part in self._open(self.stored):
            stored[self.family(part)].append(part)
        for family in owners.keys() & stored.keys():
            self._pair(owners[family], stored[family], "order")

    def _open(self, layers: Sequence[_Layer]) -> Iterable[_Layer]:
        """Those that are neither matched nor known to fit nowhere."""
        return (layer for layer in layers if id(layer) not in self._known and self.family(layer) is not None)

    def _pair(self, owners: list[Owner], stored: list[Stored], how: How) -> None:
        if stored[0].key:
            owners = sorted(owners, key=lambda owner: natural_order(owner.record.store))
            stored = sorted(stored, key=lambda part: natural_order(part.key))
        places = aligned([sorted_shapes(each) for each in owners], [sorted_shapes(each) for each in stored])
        found = (_paired(owners[at], stored[other], how) for at, other in places)
        pairs = _without_doubtful([pair for pair in found if pair])
        self._pairs.extend(pairs)
        self._known.update(id(part) for pair in pairs for part in (pair.owner, pair.stored))


def _names_among(names: set[str], found: tuple[str, ...]) -> tuple[str, ...]:
    """Names that a person gave; TensorFlow counts up the names that were taken, `conv` to `conv_1`."""
    stems = (name if name in names else _COUNTED.sub(r"\g<stem>", name) for name in found)
    return tuple(name for name in stems if name in names)


def sorted_shapes(layer: Owner | Stored) -> Shapes:
    """The shapes in an order of their own: quantized layers store their weights in another one than they have them."""
    return tuple(sorted(layer.shapes))


def _paired(owner: Owner, stored: Stored, how: How) -> Pair | None:
    weights = _in_own_order(owner, stored)
    if not stored.key and any(shape != other.shape for shape, other in zip(owner.shapes, weights, strict=True)):
        return None
    if stored.names and stored.names[-1:] == owner.names[-1:]:
        how = "name"
    elif stored.key and stored.key == owner.record.store and how == "order":
        how = "key"
    return Pair(owner, stored, how, weights)


def _in_own_order(owner: Owner, stored: Stored) -> tuple[StoredWeight, ...]:
    """Weights by their names where both sides have the same ones, else as they stand."""
    by_variable = dict(zip(stored.variables, stored.weights, strict=True))
    own = [weight.name for weight in owner.weights]
    if by_variable.keys() == set(own) and len(own) == len(stored.weights):
        return tuple(by_variable[name] for name in own)
    return stored.weights


def _without_doubtful(pairs: list[Pair]) -> list[Pair]:
    """Drops what the numbers in automatic names speak against: layers are numbered as they were made.

    In a nested model of which a part was frozen, an old file has the frozen weights last (fact F17).
    """
    made: dict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
    for pair in pairs:
        if pair.stored.top and pair.stored.names[1:]:
            match = _COUNTED.match(pair.stored.names[-1])
            assert match
            made[pair.stored.top, match["stem"]].append((int(match["number"] or 0), pair.owner.at))
    doubtful = {top for (top, _), places in made.items() if sorted(places) != sorted(places, key=lambda each: each[1])}
    return [pair for pair in pairs if pair.stored.top not in doubtful]
