"""Reads the configuration of a model from its file, without Keras."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py

from editor.errors import FileError
from editor.files.keras_archive import is_hdf5, reading
from editor.files.zip_members import CONFIG_MEMBER, METADATA_MEMBER, read_json_member


@dataclass(frozen=True)
class ModelConfig:
    """The architecture in a file.

    Attributes:
        config: The serialized model.
        keras_version: Of the writer; None where the file does not tell, as in files of Keras 1.0.
        backend: What Keras computed with; empty where the file does not tell.
    """

    config: dict[str, Any]
    keras_version: str | None
    backend: str = ""


def read_model_config(path: Path) -> ModelConfig | None:
    """The configuration in a `.keras` archive or an HDF5 model; None for a file that has weights alone.

    Raises:
        FileError: The file cannot be read, or its configuration is no object.
    """
    with reading(path):
        found = _of_hdf5(path) if is_hdf5(path) else _of_archive(path)
    if found is not None and not isinstance(found.config.get("class_name"), str):
        raise FileError(f"The configuration in {path.name!r} names no class.", hint="Choose a model file.")
    return found


def _of_archive(path: Path) -> ModelConfig:
    with zipfile.ZipFile(path) as archive:
        config = json.loads(read_json_member(archive, CONFIG_MEMBER))
        metadata = json.loads(read_json_member(archive, METADATA_MEMBER))
    config.pop("compile_config", None)
    return ModelConfig(config, metadata.get("keras_version"))


def _of_hdf5(path: Path) -> ModelConfig | None:
    with h5py.File(path, "r") as file:
        if "model_config" not in file.attrs:
            return None
        weights = file.get("model_weights", file)
        texts = {key: _text(weights.attrs.get(key, file.attrs.get(key))) for key in ("keras_version", "backend")}
        config = json.loads(_text(file.attrs["model_config"]))
    return ModelConfig(config, texts["keras_version"] or None, texts["backend"])


def _text(value: Any) -> str:
    if hasattr(value, "item"):
        value = value.item()
    return value.decode() if isinstance(value, bytes) else str(value or "")
