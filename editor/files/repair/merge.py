"""The `Merge` layer of Keras 1, whose work a class for each way of merging does today."""

from __future__ import annotations

from typing import Any

from editor.errors import ModelError
from editor.files.repair.sequential import name_in

Config = dict[str, Any]

_CLASSES = {"sum": "Add", "mul": "Multiply", "concat": "Concatenate", "ave": "Average", "max": "Maximum"}


def is_merge(entry: Config) -> bool:
    """Whether a serialized layer is a `Merge`."""
    return entry.get("class_name") == "Merge" and isinstance(entry.get("config"), dict)


def merge_layer(entry: Config, name: str) -> Config:
    """The layer of today that does the same.

    Raises:
        ModelError: It merges by a function.
    """
    settings = entry["config"]
    mode = settings.get("mode")
    if settings.get("mode_type", "raw") != "raw" or mode not in (*_CLASSES, "dot", "cos"):
        raise ModelError(
            f"The layer {name!r} merges its inputs by Python code.",
            hint="Open it with the Keras that wrote it, and replace this by a layer of Keras.",
        )
    config: Config = {"name": settings.get("name", name)}
    if mode == "concat":
        config["axis"] = settings.get("concat_axis", -1)
    if mode in ("dot", "cos"):
        axes = settings.get("dot_axes", -1)
        config.update(axes=axes[0] if isinstance(axes, list) and axes and isinstance(axes[0], list) else axes)
        config["normalize"] = mode == "cos"
    return {**entry, "class_name": _CLASSES.get(mode, "Dot"), "config": config}


def begins_with_merge(settings: Any) -> bool:
    """Whether the arguments of a Sequential begin with a `Merge`, which holds the models that it merges."""
    layers = settings.get("layers") if isinstance(settings, dict) else settings
    return isinstance(layers, list) and bool(layers) and isinstance(layers[0], dict) and is_merge(layers[0])


def as_graph(settings: Config) -> Config:
    """The arguments of a Functional that does what a Sequential does that begins with a `Merge`.

    The layers of the branches stand beside the others, as Keras 1 wrote their weights (`Sequential.flattened_layers`).

    Raises:
        ModelError: A branch is not a Sequential, or does not say what it takes.
    """
    entries: list[Config] = []
    last = _add_chain(settings["layers"], entries)
    inputs = [[name_in(entry), 0, 0] for entry in entries if entry["class_name"] == "InputLayer"]
    return {"name": settings["name"], "layers": entries, "input_layers": inputs, "output_layers": [last]}


def without_branches(config: Config) -> Config:
    """A model as the repair reads it: one that begins with a `Merge` as a graph, if its branches can be told apart.

    The arguments of its layers are the same objects.
    """
    settings = config.get("config")
    if config.get("class_name") != "Sequential" or not begins_with_merge(settings):
        return config
    settings = settings if isinstance(settings, dict) else {"layers": settings}
    try:
        return {**config, "class_name": "Model", "config": as_graph({"name": "model", **settings})}
    except ModelError:
        return config


def _add_chain(layers: list[Config], entries: list[Config]) -> list[Any]:
    """Adds layers of which each takes what the one before gives; gives the output of the last."""
    first, *others = layers
    if begins_with_merge(layers):
        branches = first["config"].get("layers") or []
        ends = [_add_chain(_layers_of(branch, name_in(first)), entries) for branch in branches]
        merge = {**first, "config": {key: value for key, value in first["config"].items() if key != "layers"}}
        last = _add(merge, ends, entries)
    else:
        last = _add(first, [_add_input(first, entries)], entries)
    for layer in others:
        last = _add(layer, [last], entries)
    return last


def _add(entry: Config, sources: list[list[Any]], entries: list[Config]) -> list[Any]:
    """Adds a call of a layer; one of a name that is there is that layer, as in Keras 1."""
    name = name_in(entry)
    there = next((each for each in entries if each["name"] == name), None)
    if there is None:
        there = {**entry, "name": name, "inbound_nodes": []}
        entries.append(there)
    there["inbound_nodes"].append(sources)
    return [name, len(there["inbound_nodes"]) - 1, 0]


def _add_input(first: Config, entries: list[Config]) -> list[Any]:
    settings = first["config"]
    if not isinstance(settings, dict) or not settings.get("batch_input_shape"):
        raise _refused(name_in(first), "does not say what it takes")
    name, dtype = f"{name_in(first)}_input", settings.get("input_dtype") or "float32"
    names = {entry["name"] for entry in entries}
    while name in names:
        name += "_1"
    config = {"name": name, "batch_input_shape": settings["batch_input_shape"], "dtype": dtype}
    entries.append({"class_name": "InputLayer", "config": config, "name": name, "inbound_nodes": []})
    return [name, 0, 0]


def _layers_of(branch: Any, name: str) -> list[Config]:
    if not isinstance(branch, dict) or branch.get("class_name") != "Sequential":
        raise _refused(name, "merges something other than Sequential models")
    settings = branch["config"]
    layers = settings.get("layers") if isinstance(settings, dict) else settings
    if not isinstance(layers, list) or not layers:
        raise _refused(name, "merges a model without layers")
    return layers


def _refused(name: str, what: str) -> ModelError:
    return ModelError(
        f"The layer {name!r} {what}, for which there is no repair.",
        hint="Open it with the Keras that wrote it, and rebuild it as a Model with inputs of its own.",
    )
