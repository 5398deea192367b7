"""Opens a model file with what was given and allowed for it: the one way in, for the engine and for scripts."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras

from editor.files.facts import Repair
from editor.files.options import OpenOptions
from editor.files.stored_weights import is_weights_file
from editor.keras_model.custom_code import load_custom_objects
from editor.keras_model.json_loading import JSON_SUFFIX, load_json
from editor.keras_model.loading import load_model
from editor.keras_model.weights_matching import open_weights


@dataclass(frozen=True)
class LoadedModel:
    """A live model, not compiled.

    Attributes:
        custom_objects: The classes and functions that it was given, by name.
        repairs: What was changed in memory to load it.
        notes: What else a person should know, a sentence each.
    """

    model: keras.Model
    custom_objects: dict[str, Any] = field(default_factory=dict)
    repairs: tuple[Repair, ...] = ()
    notes: tuple[str, ...] = ()


def open_model(path: Path, options: OpenOptions | None = None) -> LoadedModel:
    """Loads a model that a reader has found sound; runs no code but what the options allow.

    Raises:
        FileError: A file is missing or cannot be read.
        ModelError: The model cannot be built.
    """
    options = options or OpenOptions()
    if is_weights_file(path):
        return open_weights(path, options, open_other=open_model, of_application=LoadedModel)
    custom_objects = load_custom_objects(options.code_path) if options.code_path else {}
    if path.suffix == JSON_SUFFIX:
        return LoadedModel(load_json(path, custom_objects), custom_objects)
    return LoadedModel(load_model(path, custom_objects), custom_objects)
