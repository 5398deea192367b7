"""Opens a model from its repaired configuration, and puts the weights in its file into it."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import keras
from keras.src.saving.serialization_lib import ObjectSharingScope, SafeModeScope

from editor.errors import EditorError
from editor.files.facts import Repair
from editor.files.keras_archive import is_hdf5, reading
from editor.files.repair import RepairedConfig
from editor.files.repair.config import Place
from editor.files.repair.kinds import RepairNotes
from editor.keras_model.lambdas import unmarshalling_forbidden
from editor.keras_model.loading import explain
from editor.keras_model.places import layer_places
from editor.keras_model.placing import order_differs, place_weights
from editor.keras_model.placing_archive import place_archive_weights


def load_repaired(path: Path, repaired: RepairedConfig, custom_objects: dict[str, Any]) -> keras.Model:
    """Builds the model that a repaired configuration describes, uncompiled, with the weights in its file.

    Args:
        path: A `.keras` or HDF5 model that a reader found sound.
        repaired: The repaired configuration in it.
        custom_objects: Classes and functions that it needs, by name.

    Raises:
        FileError: The file cannot be read.
        ModelError: Keras cannot build the model, or the weights are not those of the model.
    """
    try:
        model = build(repaired.config, custom_objects)
        set_lora_alphas(model, repaired.lora_alphas)
        with reading(path):
            if not is_hdf5(path):
                place_archive_weights(model, path, repaired.stored)
            else:
                with h5py.File(path, "r") as file:
                    place_weights(model, file["model_weights"], repaired.stored)
    except EditorError:
        raise
    # Keras raises whatever it met, and so does a custom class.
    except Exception as error:
        raise explain(error, path) from error
    return model


def build(config: dict[str, Any], custom_objects: dict[str, Any]) -> keras.Model:
    """The model that a configuration in today's form describes, with random weights; runs no code of a file."""
    with warnings.catch_warnings(), SafeModeScope(True), ObjectSharingScope(), unmarshalling_forbidden():
        # Old files bring arguments that Keras only warns about; nothing follows from it here.
        warnings.simplefilter("ignore")
        return keras.saving.deserialize_keras_object(config, custom_objects=custom_objects, safe_mode=True)


def set_lora_alphas(model: keras.Model, alphas: Mapping[Place, float]) -> None:
    """Gives layers with LoRA the `lora_alpha` that they are configured with: some of Keras's lose it when built."""
    if not alphas:
        return
    places = layer_places(model)
    for layer in model._flatten_layers():
        alpha = alphas.get(places.get(id(layer), ()))
        if alpha is not None:
            layer.lora_alpha = alpha


def mend_order(model: keras.Model, path: Path) -> tuple[Repair, ...]:
    """Puts weights that Keras swapped without a word where their names in an `.h5` file say (fact F17)."""
    with reading(path):
        if not is_hdf5(path):
            return ()
        with h5py.File(path, "r") as file:
            if not order_differs(model, file["model_weights"]):
                return ()
            swapped = place_weights(model, file["model_weights"], {})
    notes = RepairNotes()
    for name in swapped:
        notes.add("weights-by-name", "Weights are placed by their names, as by their order Keras swaps them", name)
    return notes.repairs
