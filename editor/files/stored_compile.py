"""Reads the compile settings and the optimizer's variables of a model file without Keras."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from editor.files.keras_archive import is_hdf5, is_json_file, reading
from editor.files.saved_model.objects import read_objects
from editor.files.saved_model.place import saved_model_folder
from editor.files.zip_members import CONFIG_MEMBER, open_weights, read_json_member

Array = npt.NDArray[Any]

_OPTIMIZER_VARIABLES = "optimizer/vars"


@dataclass(frozen=True)
class StoredCompile:
    """What a file holds of the state in which its model was compiled.

    Attributes:
        config: Keras's `compile_config`; in HDF5 files the older `training_config`.
        variables: The variables of the optimizer in their order; empty where the file has none.
        names: Keras's path of each variable, such as `adam/dense_kernel_momentum`; `.keras` files keep none.
        is_legacy: Whether the file is an HDF5 file.
        keras_version: Of the writer; empty where the file does not tell.
    """

    config: dict[str, Any]
    variables: tuple[Array, ...] = ()
    names: tuple[str, ...] = ()
    is_legacy: bool = False
    keras_version: str = field(default="")


def read_stored_compile(path: Path) -> StoredCompile | None:
    """What a model file holds of a compiled model; None for one that was not compiled.

    Of a SavedModel the settings alone: the state of Keras 2's optimizers is not read.

    Raises:
        FileError: The file cannot be read.
    """
    if folder := saved_model_folder(path):
        return _of_saved_model(folder)
    with reading(path):
        if is_json_file(path):
            return None
        return _of_hdf5(path) if is_hdf5(path) else _of_archive(path)


def _of_saved_model(folder: Path) -> StoredCompile | None:
    objects = read_objects(folder)
    if not objects.training_config:
        return None
    return StoredCompile(objects.training_config, is_legacy=True, keras_version=objects.keras_version or "")


def _of_archive(path: Path) -> StoredCompile | None:
    with zipfile.ZipFile(path) as archive:
        config = json.loads(read_json_member(archive, CONFIG_MEMBER)).get("compile_config")
    if not config:
        return None
    with open_weights(path) as weights:
        group = weights.get(_OPTIMIZER_VARIABLES)
        variables = tuple(_value(group[str(at)]) for at in range(len(group))) if group else ()
    return StoredCompile(config, variables)


def _of_hdf5(path: Path) -> StoredCompile | None:
    with h5py.File(path, "r") as file:
        text = file.attrs.get("training_config")
        if text is None:
            return None
        group = file.get("optimizer_weights")
        names = _names(group) if group is not None else ()
        return StoredCompile(
            json.loads(text),
            tuple(_value(group[name]) for name in names),
            names,
            is_legacy=True,
            keras_version=_text(file.attrs.get("keras_version", "")),
        )


def _names(group: h5py.Group) -> tuple[str, ...]:
    """The attribute `weight_names`, which Keras cuts into `weight_names0`, `weight_names1`, … where it is long."""
    if "weight_names" in group.attrs:
        return tuple(map(_text, group.attrs["weight_names"]))
    names: list[str] = []
    while (part := group.attrs.get(f"weight_names{len(names)}")) is not None:
        names.append(part)
    return tuple(_text(name) for part in names for name in part)


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _value(dataset: h5py.Dataset) -> Array:
    if dataset.attrs.get("dtype") == "bfloat16":
        # As Keras reads it back; comes with Keras.
        import ml_dtypes

        return np.array(dataset, dtype=ml_dtypes.bfloat16)
    return np.array(dataset)
