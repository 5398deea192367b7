"""Looks at a `.keras` archive: complete, its JSON sound, its weights in one piece."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import IO

import h5py

from editor.errors import FileError
from editor.files.architecture_guard import check_architecture
from editor.files.facts import FileFacts
from editor.files.hdf5_guard import check_hdf5
from editor.files.hdf5_outline import GroupOutline
from editor.files.look import Look
from editor.files.probe_hdf5 import DAMAGED_HDF5, check_end
from editor.files.safe_json import parse_json_object
from editor.files.signatures import HDF5_SIGNATURE
from editor.files.zip_guard import check_archive
from editor.files.zip_members import (
    CONFIG_MEMBER,
    DAMAGED_ZIP,
    MAP_MEMBER,
    METADATA_MEMBER,
    WEIGHTS_MEMBER,
    read_json_member,
    weights_stream,
)

_AGAIN = "Copy or download it again."
_REQUIRED = (METADATA_MEMBER, CONFIG_MEMBER, WEIGHTS_MEMBER)


def look_at_keras(path: Path, stream: IO[bytes], num_bytes: int) -> Look:
    """The facts of a `.keras` archive, its JSON, and the outline of its weights.

    Args:
        path: The file.
        stream: The same file, open.
        num_bytes: Size of the file.

    Raises:
        FileError: The archive is cut short, damaged, a zip bomb, or no model.
    """
    try:
        with zipfile.ZipFile(stream) as archive:
            return _look_at_archive(path, stream, archive, num_bytes)
    except DAMAGED_ZIP as error:
        details = f"{type(error).__name__}: {error}"
        if not _has_directory(stream):
            raise FileError(
                f"{path.name} is cut short: the end of the archive is missing.", hint=_AGAIN, details=details
            ) from error
        raise FileError(f"{path.name} is a damaged archive.", hint=_AGAIN, details=details) from error


def _has_directory(stream: IO[bytes]) -> bool:
    """Whether the archive's end record is there, which is its last part."""
    return zipfile.is_zipfile(stream)


def _look_at_archive(path: Path, stream: IO[bytes], archive: zipfile.ZipFile, num_bytes: int) -> Look:
    _check_members(path.name, archive)
    check_archive(path.name, stream, archive, num_bytes)
    metadata = parse_json_object(read_json_member(archive, METADATA_MEMBER), f"{METADATA_MEMBER} in {path.name}")
    config = parse_json_object(read_json_member(archive, CONFIG_MEMBER), f"{CONFIG_MEMBER} in {path.name}")
    check_architecture(config, path.name)
    weights = _check_weights(path.name, stream, archive)
    version = metadata.get("keras_version")
    facts = FileFacts(
        path=str(path),
        format="keras",
        keras_version=version if isinstance(version, str) else None,
        num_bytes=num_bytes,
        has_model_config=True,
        has_freeze_map=MAP_MEMBER in archive.namelist(),
    )
    return Look(facts, config, metadata, weights)


def _check_members(name: str, archive: zipfile.ZipFile) -> None:
    names = archive.namelist()
    missing = [member for member in _REQUIRED if member not in names]
    if not missing:
        return
    if len(missing) < len(_REQUIRED) and CONFIG_MEMBER in names:
        raise FileError(f"{name} is not a complete model: {' and '.join(missing)} is missing.", hint=_AGAIN)
    raise FileError(
        f"{name} is a zip archive{_kind_of_archive(names)}, but no Keras model.",
        hint="A .keras file holds metadata.json, config.json and model.weights.h5.",
    )


def _kind_of_archive(names: list[str]) -> str:
    if any(name.endswith("saved_model.pb") for name in names):
        return " with a SavedModel"
    if any(name.endswith("data.pkl") for name in names):
        return " of a PyTorch model"
    if names and all(name.endswith(".npy") for name in names):
        return " of NumPy arrays (.npz)"
    inner = [name for name in names if name.endswith((".keras", ".h5", ".hdf5"))]
    return f" that has {inner[0]} inside" if inner else ""


def _check_weights(name: str, stream: IO[bytes], archive: zipfile.ZipFile) -> GroupOutline:
    info = archive.getinfo(WEIGHTS_MEMBER)
    with weights_stream(stream, archive, info) as member:
        if member.read(len(HDF5_SIGNATURE)) != HDF5_SIGNATURE:
            raise FileError(f"{name} is damaged: its {WEIGHTS_MEMBER} is no HDF5 file.", hint=_AGAIN)
        check_end(f"{WEIGHTS_MEMBER} in {name}", member, 0, info.file_size)
        return _check_inside(name, member, info.file_size)


def _check_inside(name: str, member: IO[bytes], num_bytes: int) -> GroupOutline:
    try:
        with h5py.File(member, "r") as weights:
            return check_hdf5(weights, f"{WEIGHTS_MEMBER} in {name}", num_bytes)
    except DAMAGED_HDF5 as error:
        raise FileError(
            f"{name} is damaged: its {WEIGHTS_MEMBER} cannot be read.",
            hint=_AGAIN,
            details=f"{type(error).__name__}: {error}",
        ) from error
