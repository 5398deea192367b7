"""Reads back a file that was written here, with the code that its live model has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras

from editor.files.model_config import read_model_config
from editor.keras_model.consent import substituted
from editor.keras_model.loading import load_model


def load_written(path: Path, custom_objects: dict[str, Any] | None = None) -> keras.Model:
    """Loads a file that was written from a live model; its Lambdas are those in `custom_objects`, never the file's own.

    Raises:
        FileError: The file cannot be read.
        ModelError: Keras cannot build the model.
    """
    found = read_model_config(path)
    changed = substituted(found.config, custom_objects or {}) if found else None
    return load_model(path, custom_objects, None if found is None or changed == found.config else changed)
