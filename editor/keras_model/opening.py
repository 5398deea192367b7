"""Opens a model file with what was given and allowed for it: the one way in, for the engine and for scripts."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from zipfile import is_zipfile

import h5py
import keras

from editor.errors import ModelError
from editor.files.facts import Repair
from editor.files.keras_archive import is_hdf5, reading
from editor.files.model_config import read_model_config
from editor.files.options import OpenOptions
from editor.files.origins import without_origins
from editor.files.repair import repair_config
from editor.files.saved_model.place import saved_model_folder
from editor.files.stored_weights import is_weights_file, stored_weights, type_obstacle
from editor.keras_model.architecture import build_architecture
from editor.keras_model.consent import consented
from editor.keras_model.loading import is_named_for_keras, load_model
from editor.keras_model.placing_archive import layers_written_once
from editor.keras_model.repaired import load_repaired, mend_order
from editor.keras_model.tables import note_of_empty
from editor.keras_model.walk import store_keys
from editor.keras_model.weights_matching import open_weights

_RANDOM = "The file holds the architecture alone: the weights are random."


@dataclass(frozen=True)
class LoadedModel:
    """A live model, not compiled.

    Attributes:
        custom_objects: The classes and functions that it was given, by name.
        repairs: What was changed in memory to load it.
        notes: What else a person should know, a sentence each.
        remarks: What is good to know and nothing to worry about, a sentence each.
    """

    model: keras.Model
    custom_objects: dict[str, Any] = field(default_factory=dict)
    repairs: tuple[Repair, ...] = ()
    notes: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


def open_model(path: Path, options: OpenOptions | None = None) -> LoadedModel:
    """Loads a model that a reader has found sound; runs no code but what the options allow.

    Raises:
        FileError: A file is missing or cannot be read.
        ModelError: The model cannot be built.
    """
    opened = _open(path, options or OpenOptions())
    return replace(opened, notes=(*opened.notes, *note_of_empty(opened.model)))


def _open(path: Path, options: OpenOptions) -> LoadedModel:
    if saved_model_folder(path):
        # Here, as it gives what this module defines.
        from editor.keras_model.legacy import open_saved_model

        return open_saved_model(path, options)
    if is_weights_file(path):
        return open_weights(path, options, LoadedModel)
    if path.suffix == ".json":
        built = build_architecture(path, options)
        notes = (_RANDOM,) if built.model.weights else ()
        return LoadedModel(built.model, built.custom_objects, built.repairs, notes)
    try:
        return _load(path, options)
    except ModelError as error:
        from editor.keras_model.legacy import open_in_place_of

        return open_in_place_of(error, path)


def _load(path: Path, options: OpenOptions) -> LoadedModel:
    """The model by plain Keras, or with another configuration where Keras would refuse it or read it wrongly.

    Another, too, where Keras would look for a class where the file says that it is. Where the name does not tell Keras
    the format, its own way in is shut.
    """
    found = read_model_config(path)
    if found is None:
        raise ModelError(f"{path.name!r} holds no architecture any more.", hint="Open it again.")
    _check_types(path)
    agreed = consented(found.config, options, path.name)
    objects = agreed.custom_objects
    repaired = repair_config(agreed.config, found.keras_version, given=frozenset(objects), backend=found.backend)
    if repaired.repairs or not is_named_for_keras(path):
        repaired = replace(repaired, config=without_origins(repaired.config))
        model = load_repaired(path, repaired, objects)
        return LoadedModel(model, objects, repaired.repairs, _notes_of_parted(model, path))
    model = load_model(path, objects, without_origins(agreed.config))
    return LoadedModel(model, objects, mend_order(model, path), _notes_of_parted(model, path))


def _notes_of_parted(model: keras.Model, path: Path) -> tuple[str, ...]:
    parted = layers_written_once(model, path) if is_zipfile(path) else {}
    if not parted:
        return ()
    keys = store_keys(model)
    names = sorted(layer.name for layer in model._flatten_layers() if keys.get(id(layer)) in parted)
    return (f"What is one in the file is two in the model now, with equal weights: {', '.join(names)}.",)


def _check_types(path: Path) -> None:
    if not is_hdf5(path):
        return
    with reading(path), h5py.File(path, "r") as file:
        obstacle = type_obstacle(stored_weights(file).layers)
    if obstacle:
        raise ModelError(obstacle)
