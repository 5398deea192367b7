"""Reads an architecture from whatever file has one."""

from __future__ import annotations

from pathlib import Path

from editor.errors import FileError
from editor.files.keras_archive import reading
from editor.files.model_config import ModelConfig, read_model_config
from editor.files.probe_json import is_json, read_architecture
from editor.files.signatures import HEAD_BYTES

_OF_KERAS_3, _OLDER = "3", "2"


def read_architecture_of(path: Path) -> ModelConfig:
    """The architecture in a `.json`, a `.keras` or an HDF5 model.

    Raises:
        FileError: The file cannot be read, or has none.
    """
    with reading(path), path.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
    if not is_json(head):
        found = read_model_config(path)
        if found is None:
            raise FileError(f"{path.name!r} has no architecture in it.", hint="Choose a .json or a model file.")
        return found
    config = read_architecture(path)
    # Keras 3 writes no version, and a module for each object; nothing else says that it is as old as Keras 1.
    version = config.pop("keras_version", None) or (_OF_KERAS_3 if "module" in config else _OLDER)
    backend = config.pop("backend", "")
    config.pop("compile_config", None)
    return ModelConfig(config, str(version), str(backend or ""))
