"""Opens a model file with what was given and allowed for it: the one way in, for the engine and for scripts."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras

from editor.files.facts import Repair
from editor.files.options import OpenOptions
from editor.keras_model.changed_config import config_in
from editor.keras_model.consent import consented
from editor.keras_model.loading import load_model


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
    found = consented(config_in(path), options, path.name)
    model = load_model(path, found.custom_objects, found.config if found.is_changed else None)
    return LoadedModel(model, found.custom_objects)
