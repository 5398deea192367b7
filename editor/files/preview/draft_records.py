"""Makes the records of a tree from drafts and the variables that a file tells of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from editor.files.preview.drafts import Draft, Part, Variable, walk, walk_made
from editor.files.preview.keras_layers import OwnWeight, num_seed_generators
from editor.layers.plain_config import plain_config
from editor.layers.plain_keras import PlainReload, plain_reload
from editor.layers.records import LayerRecord, WeightRecord
from editor.layers.tree import LayerTree

_Key = tuple[int, str]
"""A variable: the layer that made it, by the `id` of its draft, and its number there or its name."""


def records(root: Draft) -> LayerRecord:
    """The tree of a model, numbered as the walk over the live model numbers, with the flags that plain Keras reads.

    Weights are those in `Draft.variables`; a layer without has none in the tree. Names, attributes and statistics of
    weights come from the variable itself, else from `Draft.own` where that has as many, else they are unknown: then
    the name is the number in the layer.
    """
    drafts = list(walk(root))
    named = {id(draft): named_weights(draft) for draft in drafts}
    # What a graph hides, as a Sequential its input, owns nothing.
    named |= {id(draft): [] for draft in walk_made(root) if id(draft) not in named}
    making = _Making({id(draft): number for number, draft in enumerate(drafts)}, named, _positions(root, named))
    record = making.record(Part("", root), ())
    reload = plain_reload(LayerTree(record), making.written)
    return _with_flags(record, reload)


@dataclass(frozen=True)
class _Named:
    """A weight with all that is known of it."""

    key: _Key
    variable: Variable
    name: str
    attribute: str
    is_statistics: bool
    is_name_known: bool
    is_kind_known: bool


def named_weights(draft: Draft) -> list[_Named]:
    """The weights of one layer with their names; `#1`, `#2` where they repeat."""
    variables = draft.variables or []
    own = draft.own if draft.own is not None and len(draft.own) == len(variables) else [None] * len(variables)
    named = [
        _named(draft, at, variable, weight) for at, (variable, weight) in enumerate(zip(variables, own, strict=True))
    ]
    repeats, seen = Counter(weight.name for weight in named), Counter[str]()
    if len(repeats) == len(named):
        return named
    result = []
    for weight in named:
        seen[weight.name] += 1
        suffix = f"#{seen[weight.name]}" if repeats[weight.name] > 1 else ""
        result.append(replace(weight, name=weight.name + suffix))
    return result


def _named(draft: Draft, at: int, variable: Variable, own: OwnWeight | None) -> _Named:
    name = variable.name or (own.name if own else "")
    is_statistics = variable.is_statistics if variable.is_statistics is not None else bool(own and own.is_statistics)
    attribute = own.held_by if own and own.name == name else ""
    is_kind_known = bool(name) or variable.is_statistics is not None
    return _Named(_key(draft, at, own), variable, name or str(at), attribute, is_statistics, bool(name), is_kind_known)


def _key(draft: Draft, at: int, own: OwnWeight | None) -> _Key:
    # The wrapper has the kernel of the layer inside.
    if draft.class_name == "SpectralNormalization" and draft.is_keras and own and own.held_by == "kernel":
        inner = draft.made[0]
        numbers = [number for number, weight in enumerate(inner.own or ()) if weight.name == own.name]
        if numbers:
            return id(inner), str(numbers[0])
    return id(draft), str(at)


def _positions(root: Draft, named: Mapping[int, list[_Named]]) -> dict[_Key, int]:
    """The index of each variable in `model.variables`, without those of which not even the order is known.

    That is inside a layer of a class that is not Keras's. What comes after it is counted on, as if there were no
    generators of random numbers inside: the order is right all the same.
    """
    positions: dict[_Key, int] = {}
    count = 0
    for draft in walk_made(root):
        for weight in named[id(draft)]:
            if weight.key not in positions:
                positions[weight.key] = count if draft.is_keras or draft.place else -1
                count += 1
        count += num_seed_generators(draft.class_name, draft.settings) if draft.is_keras else 0
    return positions


@dataclass
class _Making:
    layer_ids: Mapping[int, int]
    named: Mapping[int, list[_Named]]
    positions: Mapping[_Key, int]
    written: dict[int, bool] = field(default_factory=dict)
    _weight_ids: dict[_Key, int] = field(default_factory=dict)

    def record(self, part: Part, above: tuple[int, ...]) -> LayerRecord:
        draft = part.draft
        layer_id = self.layer_ids[id(draft)]
        above = (*above, id(draft))
        if draft.place is not None:
            self.written[layer_id] = bool(draft.settings.get("trainable", True))
        return LayerRecord(
            layer_id=layer_id,
            name=part.name,
            class_name=draft.class_name,
            store=draft.store,
            output_shapes=draft.output_shapes,
            weights=tuple(map(self._weight, self.named[id(draft)])),
            # A layer that reaches itself again would never end.
            children=tuple(self.record(child, above) for child in draft.parts if id(child.draft) not in above),
            config=_shown_config(draft),
            is_graph=draft.is_graph,
            takes_from=tuple(self.layer_ids[id(each)] for each in draft.takes_from if id(each) in self.layer_ids),
            fixed_training=draft.fixed_training,
            has_lora=any(weight.name.startswith("lora_") for weight in draft.own or ()),
            access=part.access,
            is_name_known=part.is_name_known,
            are_weights_known=draft.are_weights_told,
        )

    def _weight(self, weight: _Named) -> WeightRecord:
        variable = weight.variable
        return WeightRecord(
            weight_id=self._weight_ids.setdefault(weight.key, len(self._weight_ids)),
            name=weight.name,
            shape=variable.shape,
            dtype=variable.dtype,
            num_bytes=num_bytes(variable),
            is_statistics=weight.is_statistics,
            is_trainable=not weight.is_statistics,
            position=self.positions.get(weight.key, -1),
            attribute=weight.attribute,
            is_name_known=weight.is_name_known,
            is_kind_known=weight.is_kind_known,
        )


_BITS = {"bfloat16": 16, "bool": 1, "int4": 8, "uint4": 8}


def num_bytes(variable: Variable) -> int:
    """The size of the values, as Keras counts it."""
    digits = variable.dtype.lstrip("abcdefghijklmnopqrstuvwxyz")
    bits = _BITS.get(variable.dtype) or (int(digits) if digits.isdigit() else 0)
    count = 1
    for size in variable.shape:
        count *= size
    return count * bits // 8


_HELD_AS = frozenset({"backward_layer", "cell", "layer"})


def _shown_config(draft: Draft) -> dict[str, Any]:
    """The settings without the layers inside, which stand in the tree."""
    inside = _HELD_AS if draft.parts and not draft.is_graph else ()
    config = plain_config({key: value for key, value in draft.settings.items() if key not in inside})
    # Keras 1 and 2.0 to 2.2 wrote none; it is what Keras gives the layer. Beside a flag stands what Keras wrote.
    is_of_keras = draft.is_keras or "trainable" in draft.settings
    return config | {"dtype": "float32"} if is_of_keras and not draft.is_graph and "dtype" not in config else config


def _with_flags(record: LayerRecord, reload: PlainReload) -> LayerRecord:
    flag = reload.layer_flags[record.layer_id]
    weights = tuple(_with_flag(weight, reload) for weight in record.weights)
    children = tuple(_with_flags(child, reload) for child in record.children)
    if flag == record.is_flag_set and _are_same(weights, record.weights) and _are_same(children, record.children):
        return record
    return msgspec.structs.replace(record, is_flag_set=flag, weights=weights, children=children)


def _are_same(some: tuple[Any, ...], others: tuple[Any, ...]) -> bool:
    return all(one is other for one, other in zip(some, others, strict=True))


def _with_flag(weight: WeightRecord, reload: PlainReload) -> WeightRecord:
    is_trainable = weight.weight_id in reload.trainable
    return weight if weight.is_trainable == is_trainable else msgspec.structs.replace(weight, is_trainable=is_trainable)


def all_records(record: LayerRecord) -> Iterator[LayerRecord]:
    """A record and all below it, at every place."""
    yield record
    for child in record.children:
        yield from all_records(child)
