"""The layers of a SavedModel as its objects tell them: by the attributes that hold them, as a live walk finds them.

For models of a class of their own, whose structure no configuration tells. The flags are those of the file.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from editor.errors import FileError
from editor.files.saved_model.objects import SavedNode, SavedObjects, SavedVariable, is_graph, is_layer
from editor.layers.paths import escape
from editor.layers.records import LayerRecord, WeightRecord

MAX_LAYERS = 50_000
"""Records in all: a few objects that hold each other at many places would make as many as one likes."""

_MAX_DEPTH = 60
_CONTAINERS = frozenset(f"trackable_{kind}_wrapper" for kind in ("list", "dict", "tuple"))
_ADDED = frozenset(
    {"variables", "trainable_variables", "non_trainable_variables", "regularization_losses", "keras_api", "layers"}
    | {"metrics", "losses", "signatures", "optimizer", "layer_regularization_losses", "layer_metrics"}
    | {"_self_saveable_object_factories"}
)
"""What Keras adds to each layer when it writes it."""

_NUMBERED_LAYER = re.compile(r"layer-(\d+)")
_LEFT_OUT = frozenset({"layers", "input_layers", "output_layers", "build_input_shape", "trainable"})
_DICT = "trackable_dict_wrapper"


class Held(NamedTuple):
    """An object at one place.

    Attributes:
        name: Its path below what holds it.
        access: The steps in Python to it.
        number: Its number among the objects.
    """

    name: str
    access: tuple[str, ...]
    number: int


def layers_in(objects: SavedObjects, number: int) -> Iterator[Held]:
    """The layers that a layer holds, each once: by name in a graph, else by the attribute, in the order of Keras 3."""
    node = objects.nodes[number]
    seen: set[int] = set()
    names: set[str] = set()
    for held in (*_numbered_layers(objects, node), *_attributes(objects, node)):
        if is_layer(objects.nodes[held.number]) and held.number not in seen and held.name not in names:
            seen.add(held.number)
            names.add(held.name)
            yield held


def variables_in(objects: SavedObjects, number: int) -> list[tuple[str, int]]:
    """The variables that a layer itself owns, each once, with the attribute; what trains comes first, as in Keras."""
    found: dict[int, str] = {}
    for held in _attributes(objects, objects.nodes[number], is_sorted=False):
        if objects.nodes[held.number].variable:
            found.setdefault(held.number, "".join(held.access).removeprefix("."))
    return sorted(
        ((attribute, at) for at, attribute in found.items()), key=lambda each: not _trains(objects.nodes[each[1]])
    )


def _trains(node: SavedNode) -> bool:
    return node.variable is not None and node.variable.is_trainable


def _numbered_layers(objects: SavedObjects, node: SavedNode) -> list[Held]:
    """The layers of a graph: Keras 2 writes them as `layer-0`, `layer-1`, … in their order."""
    found = []
    for name, number in node.children.items():
        match = _NUMBERED_LAYER.fullmatch(name)
        if match and is_graph(node):
            own_name = str(_node(objects, number).metadata.get("name", name))
            found.append((int(match[1]), Held(escape(own_name), (f".get_layer({json.dumps(own_name)})",), number)))
    return [held for _, held in sorted(found, key=lambda each: each[0])]


def _attributes(objects: SavedObjects, node: SavedNode, *, is_sorted: bool = True) -> Iterator[Held]:
    names = [name for name in node.children if name not in _ADDED and not name.startswith("layer_with_weights-")]
    if is_sorted:
        names.sort(key=lambda name: (name.startswith("_"), name))
    for name in names:
        if not (is_graph(node) and _NUMBERED_LAYER.fullmatch(name)):
            yield from _items(objects, Held(escape(name), (f".{name}",), node.children[name]), 0)


def _items(objects: SavedObjects, place: Held, depth: int) -> Iterator[Held]:
    node = _node(objects, place.number)
    if node.identifier not in _CONTAINERS:
        yield place
        return
    if depth > _MAX_DEPTH:
        raise too_deep()
    for key, number in node.children.items():
        step = f"[{json.dumps(key)}]" if node.identifier == _DICT else f"[{key}]"
        held = Held(f"{place.name}/{escape(key)}", (*place.access, step), number)
        yield from _items(objects, held, depth + 1)


def _node(objects: SavedObjects, number: int) -> SavedNode:
    if not 0 <= number < len(objects.nodes):
        raise FileError(f"saved_model.pb is damaged: it names an object {number} that it does not have.")
    return objects.nodes[number]


def too_deep() -> FileError:
    """The refusal of a file whose objects stand in each other deeper than those of any model."""
    return FileError(f"The objects in saved_model.pb stand in each other more than {_MAX_DEPTH} deep.")


# -- records ----------------------------------------------------------------------------------------------------------


def layers_of_objects(objects: SavedObjects) -> LayerRecord:
    """The layers below the root of a model with Keras's metadata.

    Raises:
        FileError: The objects make no tree of a size that a model has.
    """
    return _Walk(objects).record(Held("", (), 0), (), is_trained=True)


@dataclass
class _Walk:
    objects: SavedObjects
    num_records: int = 0
    _layer_ids: dict[int, int] = field(default_factory=dict)
    _weight_ids: dict[int, int] = field(default_factory=dict)

    def record(self, place: Held, above: tuple[int, ...], *, is_trained: bool) -> LayerRecord:
        self.num_records += 1
        if self.num_records > MAX_LAYERS:
            raise FileError(f"saved_model.pb holds more than {MAX_LAYERS:,} layers; this is no sound model.")
        if len(above) > _MAX_DEPTH:
            raise too_deep()
        node = self.objects.nodes[place.number]
        is_flag_set = node.metadata.get("trainable") is not False
        is_trained = is_trained and is_flag_set
        above = (*above, place.number)
        return LayerRecord(
            layer_id=self._layer_ids.setdefault(place.number, len(self._layer_ids)),
            name=place.name,
            class_name=class_name_of(node),
            is_flag_set=is_flag_set,
            weights=tuple(self._weights(place.number, is_trained=is_trained)),
            children=tuple(
                self.record(child, above, is_trained=is_trained)
                for child in layers_in(self.objects, place.number)
                if child.number not in above
            ),
            config=_config(node),
            is_graph=is_graph(node),
            access=place.access,
        )

    def _weights(self, number: int, *, is_trained: bool) -> Iterator[WeightRecord]:
        own = [(attribute, at, self.objects.nodes[at].variable) for attribute, at in variables_in(self.objects, number)]
        names = [_name(variable, attribute) for attribute, _, variable in own if variable]
        repeats, seen = Counter(names), Counter[str]()
        for (attribute, at, variable), name in zip(own, names, strict=True):
            assert variable
            seen[name] += 1
            yield WeightRecord(
                weight_id=self._weight_ids.setdefault(at, len(self._weight_ids)),
                name=f"{name}#{seen[name]}" if repeats[name] > 1 else name,
                shape=variable.shape,
                dtype=variable.dtype,
                num_bytes=variable.num_bytes,
                is_statistics=not variable.is_trainable,
                is_trainable=is_trained and variable.is_trainable,
                attribute=attribute if attribute.isidentifier() else "",
            )


def class_name_of(node: SavedNode) -> str:
    """The class of a layer, without the package that it was registered in; empty where the file does not tell."""
    name = node.metadata.get("class_name")
    return name.rpartition(">")[2] if isinstance(name, str) else ""


def _name(variable: SavedVariable, attribute: str) -> str:
    """Keras's name of a variable: the last part of TensorFlow's."""
    return variable.name.rpartition("/")[2] or attribute


def _config(node: SavedNode) -> dict[str, Any]:
    config = node.metadata.get("config")
    if not isinstance(config, dict):
        return {}
    return {key: value for key, value in config.items() if key not in _LEFT_OUT and not _is_serialized(value)}


def _is_serialized(value: Any) -> bool:
    return isinstance(value, dict) and "class_name" in value and "config" in value
