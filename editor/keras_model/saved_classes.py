"""Rebuilds a SavedModel whose model is of a class of one's own, from the class that was given for it."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import keras

from editor.errors import MissingCodeError
from editor.files.preview.saved_objects import alike, layer_places
from editor.files.saved_model.objects import SavedObjects
from editor.keras_model.loading import explain
from editor.keras_model.walk import walk_model
from editor.layers.tree import LayerTree

_WITHOUT_CONFIG = "layer was saved without config"


def build_own_class(objects: SavedObjects, custom_objects: dict[str, Any], folder: Path) -> keras.Model:
    """Makes the model from its class and calls it once, symbolically, on inputs as the file describes them.

    Args:
        objects: The objects of the file.
        custom_objects: Classes that were given, by name.
        folder: The SavedModel.

    Raises:
        ModelError: The class was not given, or its code fails.
    """
    name = str(objects.root.metadata.get("class_name")).rpartition(">")[2]
    model_class: Any = custom_objects.get(name, object)
    if not _is_model_class(model_class):
        raise MissingCodeError(
            f"The model in {folder.name!r} is of the class {name!r}, whose code a SavedModel does not hold.",
            hint="Open it together with the Python file that defines the class.",
        )
    try:
        with warnings.catch_warnings(), keras.saving.custom_object_scope(custom_objects):
            warnings.simplefilter("ignore")
            model = model_class.from_config(_config(objects))
            _call(model, objects.root.metadata)
    # The class's own code runs here.
    except Exception as error:
        raise explain(error, folder) from error
    return model


def _is_model_class(value: Any) -> bool:
    return isinstance(value, type) and issubclass(value, keras.Model)


def apply_saved_flags(model: keras.Model, objects: SavedObjects) -> None:
    """Gives each layer the flag that it had when it was saved; containers first, as each hands its own on."""
    index = walk_model(model)
    places = {alike(path): number for path, number in layer_places(objects)}
    for layer in LayerTree(index.root).walk_layers():
        number = places.get(alike(layer.path))
        if number is not None and layer.parent and objects.nodes[number].metadata.get("trainable") is False:
            index.layers[layer.record.layer_id].trainable = False


def _config(objects: SavedObjects) -> dict[str, Any]:
    config = objects.root.metadata.get("config")
    return {key: value for key, value in config.items() if key != _WITHOUT_CONFIG} if isinstance(config, dict) else {}


def _call(model: keras.Model, metadata: dict[str, Any]) -> None:
    match metadata.get("full_save_spec"):
        case [list(positional), dict(named)]:
            model(*map(_tensors, positional), **{key: _tensors(value) for key, value in named.items()})
        case _:
            if spec := metadata.get("save_spec"):
                model(_tensors(spec))
            elif shape := metadata.get("build_input_shape"):
                model(keras.KerasTensor(shape))


def _tensors(spec: Any) -> Any:
    """Symbolic tensors in the structure of a description of tensors."""
    match spec:
        case {"class_name": "TypeSpec", "serialized": [list(shape), str(dtype), *_]}:
            return keras.KerasTensor(shape, dtype)
        case dict():
            return {key: _tensors(value) for key, value in spec.items()}
        case list():
            return [_tensors(item) for item in spec]
        case _:
            return spec
