"""Repairs a Sequential: what it is given, and what its layers give each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from editor.files.repair.naming import new_names

if TYPE_CHECKING:
    from editor.files.repair.config import Place, Repairing

Config = dict[str, Any]

_DTYPES = ("float16", "float32", "float64", "bfloat16", "int32", "int64", "int8", "uint8", "bool", "string")


def repair_sequential(repairing: Repairing, settings: Config, place: Place) -> None:
    """Repairs the arguments of a Sequential in place."""
    entries = [entry for entry in settings["layers"] if isinstance(entry, dict)]
    names = new_names([name_in(entry) for entry in entries])
    for old, new in zip([name_in(entry) for entry in entries], names, strict=True):
        if old and old != new:
            repairing.notes.add("name", "Layers are renamed, as Keras 3 takes no '/' in a name", new)
    settings["layers"] = list(_repaired(repairing, entries, names, place))
    if _has_input(settings):
        settings.pop("build_input_shape", None)
    settings.pop("batch_input_shape", None)
    _one_output_each(repairing, settings["layers"])


def _repaired(repairing: Repairing, entries: list[Config], names: list[str], place: Place) -> Iterator[Config]:
    if entries and entries[0].get("class_name") != "InputLayer":
        shape = _input_shape(entries[0])
        if shape is not None:
            name = f"{names[0]}_input"
            # A model in front brings its own input; Keras makes one of its shape.
            text = f"The input is made with the shape {_shown(shape)}, of which Keras 3 would take the batch for a size"
            repairing.notes.add("input-layer", text, names[0])
            yield _input_layer(name, shape, entries[0])
    for entry, name in zip(entries, names, strict=True):
        yield repairing.layer(entry, place, name)


def name_in(entry: Config) -> str:
    """The name of a serialized layer; empty where it has none."""
    settings = entry.get("config")
    return str(entry.get("name") or (settings.get("name", "") if isinstance(settings, dict) else ""))


def _input_shape(entry: Config) -> list[int | None] | None:
    """The shape with its batch that the first layer says."""
    settings = entry.get("config")
    if isinstance(settings, list):
        return _input_shape(settings[0]) if settings and isinstance(settings[0], dict) else None
    if not isinstance(settings, dict):
        return None
    shape = settings.get("batch_input_shape")
    inner = settings.get("layer")
    if shape is None and isinstance(inner, dict):
        return None
    return list(shape) if isinstance(shape, list | tuple) else None


def _input_layer(name: str, shape: list[int | None], entry: Config) -> Config:
    settings = entry.get("config")
    dtype = (settings.get("input_dtype") or settings.get("dtype")) if isinstance(settings, dict) else None
    config = {"batch_shape": shape, "dtype": dtype if dtype in _DTYPES else "float32", "name": name}
    return {"module": "keras.layers", "class_name": "InputLayer", "config": config, "registered_name": None}


def _has_input(settings: Config) -> bool:
    layers = settings["layers"]
    return bool(layers) and layers[0].get("class_name") == "InputLayer"


def _shown(shape: list[int | None]) -> str:
    return f"({', '.join('None' if size is None else str(size) for size in shape)})"


def _one_output_each(repairing: Repairing, entries: list[Config]) -> None:
    """A model inside gives one tensor to the next layer, also where its outputs are a list of the same one."""
    for entry in entries[:-1]:
        settings = entry.get("config")
        outputs = settings.get("output_layers") if isinstance(settings, dict) else None
        if not isinstance(outputs, list) or not outputs or not isinstance(outputs[0], list):
            continue
        assert isinstance(settings, dict)
        if all(_is_same(output, outputs[0], settings["layers"]) for output in outputs):
            settings["output_layers"] = outputs[0]
            if len(outputs) > 1:
                text = "The same output, listed more than once, is given once to the next layer"
                repairing.notes.add("repeated-output", text, name_in(entry))
            else:
                text = "The output in a list of one is given as such to the next layer"
                repairing.notes.add("output-list", text, name_in(entry))


def _is_same(output: Any, first: Any, entries: list[Config]) -> bool:
    """Whether two outputs are one: equal, or of a layer that is called only once."""
    if output == first:
        return True
    match output, first:
        case [str(name), _, int(tensor)], [str(other), _, int(other_tensor)]:
            calls = [len(entry.get("inbound_nodes") or ()) for entry in entries if name_in(entry) == name]
            return name == other and tensor == other_tensor and calls == [1]
    return False
