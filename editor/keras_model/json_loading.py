"""Builds a model from an architecture that was written as JSON, by Keras of any version; its weights are random."""

from __future__ import annotations

import copy
import json
import warnings
from pathlib import Path
from typing import Any

import keras

# What Keras itself calls for the configuration in an old .h5; there is no public way to the same.
from keras.src.legacy.saving import saving_options
from keras.src.legacy.saving.saving_utils import model_from_config
from keras.src.saving.serialization_lib import SafeModeScope

from editor.errors import FileError, ModelError
from editor.keras_model.loading import explain

JSON_SUFFIX = ".json"


def load_json(
    path: Path, custom_objects: dict[str, Any] | None = None, config: dict[str, Any] | None = None
) -> keras.Model:
    """Builds the model, not compiled, running no code from the file.

    Args:
        path: The file.
        custom_objects: Classes that the model needs, by name.
        config: What to build instead of what is in the file.

    Raises:
        FileError: The file cannot be read, or is no architecture.
        ModelError: Keras cannot build the model.
    """
    config = copy.deepcopy(config) if config else read_json(path)
    # A configuration with compile settings would bring an optimizer.
    config.pop("compile_config", None)
    try:
        with warnings.catch_warnings(), SafeModeScope(True):
            warnings.simplefilter("ignore")
            if "module" in config:
                model = keras.saving.deserialize_keras_object(config, custom_objects, safe_mode=True)
            else:
                with saving_options.keras_option_scope(use_legacy_config=True):
                    model = model_from_config(config, custom_objects=custom_objects)
    # Keras raises whatever it met, and what a custom class raises.
    except Exception as error:
        raise explain(error, path) from error
    if not isinstance(model, keras.Model):
        raise ModelError(f"{path.name!r} describes a {type(model).__name__}, not a model.", hint="Choose another file.")
    return model


def read_json(path: Path) -> dict[str, Any]:
    """The serialized model in a file.

    Raises:
        FileError: The file cannot be read, or is no architecture.
    """
    try:
        config = json.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise FileError(f"There is no file {path}.", hint="Check its name and folder.") from error
    except (OSError, ValueError, RecursionError) as error:
        raise FileError(
            f"{path.name} cannot be read as JSON.", hint="Choose another file.", details=str(error)
        ) from error
    if not isinstance(config, dict) or "class_name" not in config:
        raise FileError(
            f"{path.name} holds no architecture of Keras.", hint="Choose what model.to_json() wrote, or a model file."
        )
    return config
