"""Walks a live Keras model into plain records: every layer at any depth, with both its names (facts F9, F22)."""

from __future__ import annotations

import itertools
import json
import keyword
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import keras
from keras.src.saving.keras_saveable import KerasSaveable

# Keras offers no public walk; its own is the one that names things in the weights file (fact F22).
from keras.src.saving.saving_lib import _walk_saveable
from keras.src.utils.naming import to_snake_case

from editor.keras_model.data_flow import DataFlow, call_order, data_flow, is_graph
from editor.keras_model.describe import config_of, output_shapes_of
from editor.layers.paths import escape
from editor.layers.records import LayerRecord, WeightRecord

_AUTOMATIC = re.compile(r"variable(_\d+)?")
"""The names that Keras counts up for variables that are added without one."""


@dataclass
class ModelIndex:
    """A model as records, and the live objects that their ids stand for.

    Attributes:
        root: The model itself.
        layers: The layer object of each `layer_id`.
        variables: The variable of each `weight_id`.
    """

    root: LayerRecord
    layers: list[keras.Layer]
    variables: list[keras.Variable]

    @property
    def model(self) -> keras.Model:
        """The live model."""
        return self.layers[self.root.layer_id]


def walk_model(model: keras.Model) -> ModelIndex:
    """Walks a built model."""
    # A wrapper that takes a weight of a frozen layer over, as SpectralNormalization does, has it among those that never
    # train: Keras looks at the flag of the moment. The weight's first owner knows better.
    can_train = {id(variable) for layer in model._flatten_layers() for variable in layer._trainable_variables}
    positions = {id(variable): at for at, variable in enumerate(model.variables)}
    walk = _Walk(store_keys(model), can_train, positions, _calls(model))
    walk.number(model)
    root = walk.record(_Child("", (), model), (), DataFlow())
    return ModelIndex(root, walk.layers, walk.variables)


def _calls(model: keras.Model) -> dict[int, int]:
    """The order of calls, where there is a container that has no graph to tell it.

    A layer that is not built would be built by the trace, with weights that nobody gave it.
    """
    layers = list(model._flatten_layers())
    is_needed = any(len(layer._layers) > 1 and not is_graph(layer) for layer in layers)
    return call_order(model) if is_needed and all(layer.built for layer in layers) else {}


@dataclass
class _Walk:
    stores: dict[int, str]
    can_train: set[int]
    positions: dict[int, int]
    calls: dict[int, int]
    layers: list[keras.Layer] = field(default_factory=list)
    variables: list[keras.Variable] = field(default_factory=list)
    _layer_ids: dict[int, int] = field(default_factory=dict)
    _held: dict[int, list[_Child]] = field(default_factory=dict)
    _weight_ids: dict[int, int] = field(default_factory=dict)

    def number(self, layer: keras.Layer) -> None:
        """Gives a layer and all below it their ids, which do not depend on what a trace of the calls finds."""
        if id(layer) in self._layer_ids:
            return
        self._layer_ids[id(layer)] = len(self.layers)
        self.layers.append(layer)
        self._held[id(layer)] = list(_children(layer))
        for child in self._held[id(layer)]:
            self.number(child.layer)

    def record(self, place: _Child, above: tuple[int, ...], outer: DataFlow) -> LayerRecord:
        layer = place.layer
        above = (*above, id(layer))
        # A layer that reaches itself again would never end.
        children = [child for child in self._held[id(layer)] if id(child.layer) not in above]
        inner = data_flow(layer, [child.layer for child in children], self.calls)
        return LayerRecord(
            layer_id=self._layer_ids[id(layer)],
            name=place.name,
            class_name=type(layer).__name__,
            store=self.stores.get(id(layer), ""),
            output_shapes=output_shapes_of(layer),
            is_flag_set=bool(layer.trainable),
            weights=self._weights(layer),
            children=tuple(self.record(child, above, inner) for child in children),
            config=config_of(layer),
            is_graph=is_graph(layer),
            takes_from=tuple(self._layer_ids[id(source)] for source in outer.takes_from.get(id(layer), ())),
            num_calls=outer.num_calls[id(layer)] or 1,
            fixed_training=outer.fixed_training.get(id(layer)),
            has_lora=bool(getattr(layer, "lora_enabled", False)),
            access=place.access,
        )

    def _weights(self, layer: keras.Layer) -> tuple[WeightRecord, ...]:
        own = own_variables(layer)
        attributes = [attribute_of(layer, variable) for variable in own]
        names = [_variable_name(variable, held_by) for variable, held_by in zip(own, attributes, strict=True)]
        repeats = Counter(names)
        seen: Counter[str] = Counter()
        records = []
        for variable, name, attribute in zip(own, names, attributes, strict=True):
            seen[name] += 1
            suffix = f"#{seen[name]}" if repeats[name] > 1 else ""
            records.append(self._weight(variable, name + suffix, attribute))
        return tuple(records)

    def _weight(self, variable: keras.Variable, name: str, attribute: str) -> WeightRecord:
        weight_id = self._weight_ids.setdefault(id(variable), len(self.variables))
        if weight_id == len(self.variables):
            self.variables.append(variable)
        is_statistics = id(variable) not in self.can_train
        return WeightRecord(
            weight_id=weight_id,
            name=name,
            shape=tuple(int(size) for size in variable.shape),
            dtype=str(variable.dtype),
            num_bytes=_num_bytes(variable),
            is_statistics=is_statistics,
            is_trainable=bool(variable.trainable) and not is_statistics,
            position=self.positions.get(id(variable), -1),
            attribute=attribute,
        )


def own_variables(layer: keras.Layer) -> list[keras.Variable]:
    """The variables a layer itself owns, each once, in the order in which Keras stores them (`vars/0`, `vars/1`)."""
    own = {id(variable): variable for variable in layer._trainable_variables + layer._non_trainable_variables}
    return list(own.values())


def _variable_name(variable: keras.Variable, attribute: str) -> str:
    """Keras's name; for a variable that was given none, whose number changes at every loading, its attribute's."""
    return (attribute or "variable") if _AUTOMATIC.fullmatch(variable.name) else str(variable.name)


def attribute_of(layer: keras.Layer, variable: keras.Variable) -> str:
    """The attribute of a layer that holds one of its variables, a public one first; empty if none does."""
    names = [variable.name, *sorted(vars(layer), key=lambda name: (name.startswith("_"), name))]
    return next((name for name in names if _is_attribute(name) and _value(layer, name) is variable), "")


def _is_attribute(name: str) -> bool:
    return name.isidentifier() and not keyword.iskeyword(name)


def _value(layer: keras.Layer, attribute: str) -> Any:
    try:
        return getattr(layer, attribute, None)
    # A property runs the layer's own code; `kernel` of a quantized or LoRA layer computes, too.
    except Exception:  # noqa: BLE001
        return None


class _Child(NamedTuple):
    """A layer at one place: its name and its access there, as `LayerRecord` has them."""

    name: str
    access: tuple[str, ...]
    layer: keras.Layer


def _children(layer: keras.Layer) -> Iterator[_Child]:
    """The layers that a layer holds, each once: by layer name in a graph, else by the attribute that holds it."""
    seen: set[int] = set()
    names: set[str] = set()
    for child in _named(layer):
        if id(child.layer) not in seen:
            seen.add(id(child.layer))
            # A dict may have the keys 1 and "1", and "1#2" as well.
            numbered = (f"{child.name}#{number}" for number in itertools.count(2))
            name = next(each for each in itertools.chain([child.name], numbered) if each not in names)
            names.add(name)
            yield child._replace(name=name)


def _named(layer: keras.Layer) -> Iterator[_Child]:
    if is_graph(layer):
        yield from (_Child(escape(child.name), (by_name(child.name),), child) for child in layer.layers)
    tracked = {id(child): f"[{at}]" for at, child in enumerate(layer._layers)}
    for attribute, value in _walk_saveable(layer):
        if attribute == "layers" and isinstance(layer, keras.Model):
            continue
        for child in _items(_Child(escape(attribute), (f".{attribute}",), value)):
            # Not everything that Python can hold can be written down: an attribute `a b`, an object as a key.
            is_written = _is_attribute(attribute) and all(child.access)
            at = tracked.get(id(child.layer))
            yield child if is_written or at is None else child._replace(access=("._layers", at))
    # What Keras tracks but its walk does not name, such as the items of a set; a Sequential hides its own input.
    for child in layer._layers:
        if not isinstance(child, keras.layers.InputLayer):
            yield _Child(escape(child.name), ("._layers", tracked[id(child)]), child)


def by_name(name: str) -> str:
    """How Python gets a layer of a graph by its name; a JSON string is a Python string too."""
    return f".get_layer({json.dumps(name, ensure_ascii=False)})"


def _by_key(key: Any) -> str:
    if isinstance(key, str):
        return f"[{json.dumps(key, ensure_ascii=False)}]"
    return f"[{key!r}]" if type(key) in (int, bool) else ""


def _items(place: _Child) -> Iterator[_Child]:
    value = place.layer
    if isinstance(value, keras.Layer):
        yield place
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _items(_Child(f"{place.name}/{escape(str(key))}", (*place.access, _by_key(key)), item))
    elif isinstance(value, list | tuple):
        for at, item in enumerate(value):
            yield from _items(_Child(f"{place.name}/{at}", (*place.access, f"[{at}]"), item))


def store_keys(model: keras.Model, class_names: Mapping[int, str] | None = None) -> dict[int, str]:
    """The group of each layer in Keras's weights file, by `id` of the layer, found as Keras's own walk finds it.

    Args:
        model: A built model.
        class_names: Of layers that had another class in the file than they have now, by `id`.
    """
    walk = _StoreWalk(class_names or {})
    walk.saveable(model, "")
    return walk.keys


@dataclass
class _StoreWalk:
    class_names: Mapping[int, str]
    keys: dict[int, str] = field(default_factory=dict)
    _visited: set[int] = field(default_factory=set)

    def saveable(self, saveable: Any, path: str) -> None:
        if id(saveable) in self._visited:
            return
        self._visited.add(id(saveable))
        if isinstance(saveable, keras.Layer):
            self.keys[id(saveable)] = path
        for attribute, value in _walk_saveable(saveable):
            inner = f"{path}/{attribute}" if path else attribute
            if isinstance(value, KerasSaveable):
                self.saveable(value, inner)
            elif isinstance(value, list | dict | tuple):
                self._container(value, inner)

    def _container(self, container: Any, path: str) -> None:
        # Keras numbers by class before it looks whether it has the object already, and so do we.
        names: Counter[str] = Counter()
        for value in container.values() if isinstance(container, dict) else container:
            if isinstance(value, KerasSaveable):
                class_name = self.class_names.get(id(value), type(value).__name__)
                self.saveable(value, f"{path}/{_numbered(to_snake_case(class_name), names)}")
            elif isinstance(value, list | dict | tuple):
                self._container(value, f"{path}/{_numbered('container', names)}")


def _numbered(name: str, names: Counter[str]) -> str:
    names[name] += 1
    return name if names[name] == 1 else f"{name}_{names[name] - 1}"


def _num_bytes(variable: keras.Variable) -> int:
    from keras.src.utils.summary_utils import weight_memory_size

    return int(weight_memory_size([variable]))
