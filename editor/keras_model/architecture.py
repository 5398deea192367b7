"""Builds a model with random weights from an architecture: a `.json`, or the configuration in a model file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

from editor.errors import EditorError, ModelError
from editor.files.architecture_file import read_architecture_of
from editor.files.facts import Repair
from editor.files.options import OpenOptions
from editor.files.origins import without_origins
from editor.files.repair import StoredLayer, repair_config
from editor.files.repair.config import Place
from editor.keras_model.consent import consented
from editor.keras_model.loading import explain
from editor.keras_model.repaired import build, set_lora_alphas


@dataclass(frozen=True)
class BuiltArchitecture:
    """A live model with random weights, not compiled.

    Attributes:
        custom_objects: The classes and functions that it was given, by name.
        repairs: What was changed in memory to build it.
        stored: What of its layers stands otherwise in files of the Keras that wrote it.
    """

    model: keras.Model
    custom_objects: dict[str, Any]
    repairs: tuple[Repair, ...]
    stored: Mapping[Place, StoredLayer]


def build_architecture(path: Path, options: OpenOptions) -> BuiltArchitecture:
    """Builds the model that a file describes, without its weights; runs no code but what the options allow.

    Raises:
        FileError: The file cannot be read, or has no architecture.
        ModelError: Keras cannot build the model.
    """
    found = read_architecture_of(path)
    agreed = consented(found.config, options, path.name)
    objects = agreed.custom_objects
    repaired = repair_config(agreed.config, found.keras_version, given=frozenset(objects), backend=found.backend)
    try:
        model = build(without_origins(repaired.config), objects)
    except EditorError:
        raise
    # Keras raises whatever it met, and so does a custom class.
    except Exception as error:
        raise explain(error, path) from error
    if not isinstance(model, keras.Model) or not model.built:
        raise ModelError(
            f"The architecture in {path.name!r} does not say what its input looks like.",
            hint="Save it after the model was built or called.",
        )
    set_lora_alphas(model, repaired.lora_alphas)
    return BuiltArchitecture(model, objects, repaired.repairs, repaired.stored)
