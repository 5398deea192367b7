"""Finds the layers of a tree in a model's serialized configuration, where their flags stand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from editor.files.repair.merge import without_branches
from editor.layers.nodes import LayerNode
from editor.layers.paths import escape
from editor.layers.plain_keras import SERIALIZED_AS
from editor.layers.tree import LayerTree

Config = dict[str, Any]
LayerConfigs = Mapping[int, list[Config]]
"""The serialized layers (`{"class_name": …, "config": …}`) of each `layer_id`: several where it is shared."""

FLAG_KEY = "trainable"


def layer_configs(tree: LayerTree, model_config: Config) -> LayerConfigs:
    """The serialized layer of each layer that has one in a model's configuration.

    Args:
        tree: The layers of this model.
        model_config: The whole configuration, as `config.json` of a `.keras` or `model_config` of an `.h5` has it.
    """
    found: dict[int, list[Config]] = {}
    _match(tree.root, without_branches(model_config), found)
    return found


def flags_of(configs: LayerConfigs) -> dict[int, bool]:
    """The flag in the configuration of each layer; Keras takes a flag that is missing as set."""
    return {layer_id: bool(_settings(places[0]).get(FLAG_KEY, True)) for layer_id, places in configs.items()}


def set_flags(tree: LayerTree, configs: LayerConfigs) -> None:
    """Writes the flags of a tree into the configuration, in place; nothing else of it changes."""
    for layer in tree.walk_layers():
        for place in configs.get(layer.record.layer_id, ()):
            settings = _settings(place)
            # A class that writes no flag may take none.
            if FLAG_KEY in settings:
                settings[FLAG_KEY] = tree.layer_flag(layer)


def _settings(place: Config) -> Config:
    """The arguments of a serialized layer; those of a Sequential of Keras 1 are a bare list of its layers."""
    settings = place["config"]
    return settings if isinstance(settings, dict) else {}


def _match(layer: LayerNode, place: Config, found: dict[int, list[Config]]) -> None:
    found.setdefault(layer.record.layer_id, []).append(place)
    settings = place["config"]
    inner = settings.get("layers") if isinstance(settings, dict) else settings
    if layer.record.is_graph and isinstance(inner, list):
        by_name = {escape(_name(entry)): entry for entry in inner if _is_serialized(entry)}
        pairs = [(child, by_name.get(child.name)) for child in layer.children]
    else:
        pairs = _pairs(layer, dict(_serialized_inside(settings)))
    for child, entry in pairs:
        if entry is not None:
            _match(child, entry, found)


def _pairs(layer: LayerNode, inside: dict[str, Config]) -> list[tuple[LayerNode, Config | None]]:
    """The layers in a composite with their configurations: by the attribute's name, else by class and name."""
    keys = SERIALIZED_AS.get(layer.record.class_name, {})
    by_name = Counter(map(_class_and_name, inside.values()))
    children = Counter(map(_class_and_name_of, layer.children))
    pairs = []
    for child in layer.children:
        entry = inside.get(keys.get(child.name, child.name))
        identity = _class_and_name_of(child)
        if entry is None and by_name[identity] == children[identity] == 1:
            entry = next(place for place in inside.values() if _class_and_name(place) == identity)
        pairs.append((child, entry))
    return pairs


def _serialized_inside(value: Any, path: str = "") -> Iterator[tuple[str, Config]]:
    """What is serialized in a layer's arguments, by its place there; what is inside that is not looked at."""
    if path and _is_serialized(value):
        yield path, value
        return
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from _serialized_inside(item, f"{path}/{key}" if path else str(key))


def _is_serialized(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("class_name"), str) and "config" in value


def _name(place: Config) -> str:
    return str(place.get("name") or _settings(place).get("name", ""))


def _class_and_name(place: Config) -> tuple[str, str]:
    # In `.h5` a class of one's own carries its package: `my_package>MyLayer`.
    return place["class_name"].rpartition(">")[2], _name(place)


def _class_and_name_of(layer: LayerNode) -> tuple[str, str]:
    return layer.record.class_name, str(layer.record.config.get("name", ""))
