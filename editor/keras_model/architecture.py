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
from editor.files.repair import StoredLayer, repair_config
from editor.files.repair.config import Place
from editor.keras_model.loading import explain
from editor.keras_model.repaired import build, with_registered_names


@dataclass(frozen=True)
class BuiltArchitecture:
    """A live model with random weights, not compiled.

    Attributes:
        repairs: What was changed in memory to build it.
        stored: What of its layers stands otherwise in files of the Keras that wrote it.
    """

    model: keras.Model
    repairs: tuple[Repair, ...]
    stored: Mapping[Place, StoredLayer]


def build_architecture(path: Path, custom_objects: dict[str, Any]) -> BuiltArchitecture:
    """Builds the model that a file describes; its weights are not looked at, and no code of it is run.

    Raises:
        FileError: The file cannot be read, or has no architecture.
        ModelError: Keras cannot build the model.
    """
    found = read_architecture_of(path)
    given = frozenset(custom_objects)
    repaired = repair_config(found.config, found.keras_version, given=given, backend=found.backend)
    try:
        model = build(repaired.config, with_registered_names(found.config, custom_objects))
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
    return BuiltArchitecture(model, repaired.repairs, repaired.stored)
