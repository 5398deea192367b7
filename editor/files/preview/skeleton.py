"""Builds the tree of a model from its serialized configuration alone: layers, names, store keys, graph (fact F22).

`draft_of` gives a `Draft` for each layer object, as Keras 3 would have them after loading; a reader of weights sets
`Draft.variables` on those whose weights it finds; `draft_records.records` makes records of both.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from editor.errors import FileError, ModelError
from editor.files.keras_knows import is_namesake, operation_module
from editor.files.preview.drafts import Draft, Part, assign_stores, walk_order
from editor.files.preview.graph_flow import join_chain, join_graph
from editor.files.preview.graph_order import Config, graph_of, shape_of
from editor.files.preview.keras_composites import inner_layers
from editor.files.preview.keras_layers import (
    ALIASES,
    GRAPHS,
    KERAS_CLASSES,
    OPAQUE,
    own_weights,
    settings_of,
)
from editor.files.preview.output_counts import num_outputs
from editor.files.preview.snake_case import numbered, to_snake_case
from editor.files.repair.arguments import todays_arguments
from editor.files.repair.merge import is_merge, merge_layer, without_branches
from editor.files.repair.nodes import is_of_today
from editor.files.repair.operations import OPERATION_LAYERS
from editor.layers.paths import escape
from editor.layers.records import Shape

_OPERATIONS = ("keras.src.ops", "keras.ops")
"""Modules of bare operations, such as an addition of two tensors, which are no layers."""


def draft_of(config: Config) -> Draft:
    """The layers of a model, of any version of Keras from 1 on.

    Args:
        config: The whole configuration: `config.json` of a `.keras`, `model_config` of an `.h5`, what `to_json` gives.

    Raises:
        FileError: It is no configuration of a model.
    """
    if not is_serialized(config):
        raise FileError(
            "The architecture in this file names no class and settings of a model.",
            hint="It is probably damaged. Copy or download it again.",
        )
    root = _Builder().draft(without_branches(config))
    assign_stores(root)
    return root


def is_serialized(value: Any) -> bool:
    """Whether this is a serialized object of any version of Keras."""
    return isinstance(value, dict) and isinstance(value.get("class_name"), str) and "config" in value


def layer_list(place: Config) -> list[Config] | None:
    """The serialized layers of a graph; None if it is none. A Sequential of Keras 1 has a bare list as settings."""
    settings = place["config"]
    entries = settings.get("layers") if isinstance(settings, dict) else settings
    if not isinstance(entries, list) or not all(map(is_serialized, entries)):
        return None
    if _is_of_keras(place):
        return entries if place["class_name"] in GRAPHS else None
    # A Sequential of a class of one's own cannot be told from a layer that has an argument `layers`.
    is_functional = isinstance(settings, dict) and {"input_layers", "output_layers"} <= settings.keys()
    return entries if is_functional else None


def _is_of_keras(place: Config) -> bool:
    """Whether Keras would take its own class for it: it is in none of Keras's modules if it is somebody else's."""
    if is_namesake(place):
        return False
    module = place.get("module")
    package, _, name = place["class_name"].rpartition(">")
    is_foreign = isinstance(module, str) and not _is_module_of_keras(module)
    return not package and not is_foreign and ALIASES.get(name, name) in KERAS_CLASSES


def _is_module_of_keras(module: str) -> bool:
    return module.partition(".")[0] in ("keras", "tf_keras", "tensorflow")


class _Builder:
    """Makes the drafts of one configuration."""

    def __init__(self) -> None:
        self._shared: dict[Any, Draft] = {}

    def draft(self, place: Config) -> Draft:
        shared_id = place.get("shared_object_id") if "module" in place else None
        if shared_id is not None and shared_id in self._shared:
            return self._shared[shared_id]
        draft = self._new(place)
        if shared_id is not None:
            self._shared[shared_id] = draft
        return draft

    def _new(self, place: Config) -> Draft:
        name = place["class_name"].rpartition(">")[2]
        is_keras = _is_of_keras(place)
        class_name = ALIASES.get(name, name) if is_keras else name
        settings = settings_of(place)
        if is_keras:
            settings = dict(todays_arguments(class_name, settings))
        draft = Draft(class_name, settings, place, is_keras and class_name not in OPAQUE)
        draft.own = own_weights(class_name, settings) if draft.is_keras else None
        draft.input_shapes = _built_with(place)
        entries = layer_list(place)
        if entries is None:
            self._fill_composite(draft)
        else:
            draft.is_graph = True
            # In Keras 3 a graph of a class of one's own owns nothing either, unless its code says so.
            self._fill_graph(draft, entries, settings)
        return draft

    def _fill_composite(self, draft: Draft) -> None:
        if not draft.is_keras:
            return
        draft.num_outputs = num_outputs(draft.class_name, draft.settings)
        parts = []
        for inner in inner_layers(draft.class_name, draft.settings):
            child = self.draft(inner.place)
            child.place = None if inner.is_made else child.place
            index = "" if inner.at is None else f"/{inner.at}"
            access = (f".{inner.attribute}",) if inner.at is None else (f".{inner.attribute}", f"[{inner.at}]")
            parts.append(Part(inner.attribute + index, child, access, inner.attribute, inner.at is not None))
        draft.made = [part.draft for part in parts]
        draft.parts = sorted(parts, key=lambda part: walk_order(part.attribute))

    def _fill_graph(self, draft: Draft, entries: list[Config], settings: Config) -> None:
        entries = list(map(_of_today, entries))
        keys = _keys_in_graph(entries)
        inner = {key: self.draft(entry) for key, entry in zip(keys, entries, strict=True) if not is_operation(entry)}
        if "input_layers" in settings and "output_layers" in settings:
            graph = graph_of(settings, dict(zip(keys, entries, strict=True)))
            order = graph.layers
            join_graph(draft, inner, graph)
        else:
            order = keys
            join_chain(draft, inner, settings)
        draft.made = [inner[key] for key in order if key in inner]
        # A Sequential hides its input.
        shown = [each for each in draft.made if draft.class_name != "Sequential" or each.class_name != "InputLayer"]
        draft.parts = list(_graph_parts(shown))


def _keys_in_graph(entries: list[Config]) -> list[str]:
    """The layers by their names; those of which nothing is written have none (fact F9)."""
    keys: dict[str, None] = {}
    for entry in entries:
        name = entry.get("name") or settings_of(entry).get("name")
        key = name if isinstance(name, str) else ""
        keys[key if key and key not in keys else f"{key}\0{len(keys)}"] = None
    return list(keys)


def _of_today(place: Config) -> Config:
    """A `Merge` of Keras 1 as the layer that does its work; all else as it is."""
    try:
        return merge_layer(place, "") if is_merge(place) else place
    except ModelError:
        # Keras 3 has nothing for it.
        return place


def _graph_parts(layers: list[Draft]) -> Iterator[Part]:
    counts: Counter[str] = Counter()
    for layer in layers:
        group = numbered(to_snake_case(layer.class_name), counts)
        if name := layer.layer_name:
            yield Part(escape(name), layer, (by_name(name),), "layers", is_listed=True)
        else:
            yield Part(group, layer, (), "layers", is_listed=True, is_name_known=False)


def is_operation(place: Config) -> bool:
    """Whether a node of a graph is a bare operation in today's Keras, and no layer."""
    module, class_name = place.get("module"), place["class_name"]
    if isinstance(module, str):
        return module.startswith(_OPERATIONS) or (class_name in OPERATION_LAYERS and _is_module_of_keras(module))
    # In an `.h5` nothing says where an operation is from; a layer writes its flag.
    is_unflagged = "trainable" not in settings_of(place) and all(map(is_of_today, place.get("inbound_nodes") or [None]))
    return class_name in OPERATION_LAYERS or (is_unflagged and bool(operation_module(class_name)))


def by_name(name: str) -> str:
    """How Python gets a layer of a graph by its name, as `walk.by_name` writes it."""
    return f".get_layer({json.dumps(name, ensure_ascii=False)})"


def _built_with(place: Config) -> tuple[Shape, ...]:
    """The shapes in `build_config`, which only Keras 3 writes, and an input's own."""
    settings = settings_of(place)
    if place["class_name"] == "InputLayer":
        shape = shape_of(settings.get("batch_shape", settings.get("batch_input_shape")))
        return (shape,) if shape is not None else ()
    built = place.get("build_config")
    if not isinstance(built, dict):
        return ()
    shapes = built.get("shapes_dict")
    found = list(shapes.values()) if isinstance(shapes, dict) else [built.get("input_shape")]
    return tuple(shape for shape in map(shape_of, found) if shape)
