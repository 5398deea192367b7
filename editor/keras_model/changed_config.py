"""Builds a model from a configuration that was checked, and gives it the weights in its file.

Keras itself would read the configuration from the file again, which may be another one by then.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import keras

# Keras offers no public way to load a file with a configuration that is not read from it.
from keras.src.legacy.saving import saving_options
from keras.src.legacy.saving.json_utils import decode
from keras.src.legacy.saving.legacy_h5_format import load_weights_from_hdf5_group
from keras.src.legacy.saving.saving_utils import model_from_config
from keras.src.saving.saving_lib import safe_get_h5_group
from keras.src.saving.serialization_lib import ObjectSharingScope, SafeModeScope

from editor.files.keras_archive import is_hdf5
from editor.keras_model.placing_archive import load_archive_weights


def load_from_config(path: Path, config: dict[str, Any], custom_objects: dict[str, Any]) -> Any:
    """Builds a model as Keras would build that in the file, safe mode on, and loads the weights and assets."""
    # Keras takes things out of the configuration while it reads it.
    text = json.dumps(config)
    if is_hdf5(path):
        with saving_options.keras_option_scope(use_legacy_config=True), SafeModeScope(True):
            model = model_from_config(decode(text), custom_objects=custom_objects)
            if isinstance(model, keras.Model):
                with h5py.File(path, "r") as file:
                    load_weights_from_hdf5_group(safe_get_h5_group(file, "model_weights"), model)
        return model
    with ObjectSharingScope():
        model = keras.saving.deserialize_keras_object(json.loads(text), custom_objects, safe_mode=True)
    if isinstance(model, keras.Model):
        load_archive_weights(model, path)
    return model
