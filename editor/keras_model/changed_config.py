"""Builds a model from another configuration than that in its file, and gives it the weights in the file."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import keras

# Keras offers no public way to load a file with a configuration that was changed.
from keras.src.legacy.saving import saving_options
from keras.src.legacy.saving.json_utils import decode
from keras.src.legacy.saving.saving_utils import model_from_config
from keras.src.saving.saving_lib import _ASSETS_DIRNAME, DiskIOStore, _load_state
from keras.src.saving.serialization_lib import ObjectSharingScope, SafeModeScope

from editor.files.keras_archive import is_hdf5


def load_from_config(path: Path, config: dict[str, Any], custom_objects: dict[str, Any]) -> Any:
    """Builds a model as Keras would build that in the file, safe mode on, and loads the weights and assets."""
    # Keras takes things out of the configuration while it reads it.
    text = json.dumps(config)
    if is_hdf5(path):
        with saving_options.keras_option_scope(use_legacy_config=True), SafeModeScope(True):
            model = model_from_config(decode(text), custom_objects=custom_objects)
    else:
        with ObjectSharingScope():
            model = keras.saving.deserialize_keras_object(json.loads(text), custom_objects, safe_mode=True)
    if isinstance(model, keras.Model):
        model.load_weights(path)
        if not is_hdf5(path):
            _load_assets(model, path)
    return model


def _load_assets(model: keras.Model, path: Path) -> None:
    """Loads what layers keep in files of their own, such as vocabularies."""
    with zipfile.ZipFile(path) as archive:
        if not any(name.startswith(f"{_ASSETS_DIRNAME}/") for name in archive.namelist()):
            return
        store = DiskIOStore(_ASSETS_DIRNAME, archive=archive, mode="r")
        try:
            _load_state(model, weights_store=None, assets_store=store, inner_path="", visited_saveables=set())
        finally:
            store.close()
