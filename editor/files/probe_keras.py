"""Looks at a `.keras` archive: complete, its JSON sound, its weights in one piece."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import IO, Any

import h5py

from editor.errors import FileError
from editor.files.facts import FileFacts
from editor.files.probe_hdf5 import DAMAGED_HDF5, check_end
from editor.files.signatures import HDF5_SIGNATURE
from editor.files.zip_members import (
    CONFIG_MEMBER,
    DAMAGED_ZIP,
    MAP_MEMBER,
    MAX_JSON_BYTES,
    METADATA_MEMBER,
    WEIGHTS_MEMBER,
    member_range,
    read_json_member,
    weights_stream,
)

_AGAIN = "Copy or download it again."
_REQUIRED = (METADATA_MEMBER, CONFIG_MEMBER, WEIGHTS_MEMBER)
_MAX_EXPANSION = 100


def probe_keras(path: Path, stream: IO[bytes], num_bytes: int) -> FileFacts:
    """The facts of a `.keras` archive.

    Args:
        path: The file.
        stream: The same file, open.
        num_bytes: Size of the file.

    Raises:
        FileError: The archive is cut short, damaged, a zip bomb, or no model.
    """
    try:
        with zipfile.ZipFile(stream) as archive:
            return _probe_archive(path, stream, archive, num_bytes)
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


def _probe_archive(path: Path, stream: IO[bytes], archive: zipfile.ZipFile, num_bytes: int) -> FileFacts:
    _check_members(path.name, archive)
    _check_sizes(path.name, stream, archive, num_bytes)
    metadata = _read_json(path.name, archive, METADATA_MEMBER)
    config = _read_json(path.name, archive, CONFIG_MEMBER)
    if "class_name" not in config:
        raise FileError(f"{path.name} is damaged: its architecture names no model class.", hint=_AGAIN)
    _check_weights(path.name, stream, archive)
    version = metadata.get("keras_version")
    return FileFacts(
        path=str(path),
        format="keras",
        keras_version=version if isinstance(version, str) else None,
        num_bytes=num_bytes,
        has_model_config=True,
        has_freeze_map=MAP_MEMBER in archive.namelist(),
    )


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


def _check_sizes(name: str, stream: IO[bytes], archive: zipfile.ZipFile, num_bytes: int) -> None:
    """Refuses zip bombs: sizes that no model has, and members that lie over one another."""
    members = archive.infolist()
    for info in members:
        if info.file_size > max(MAX_JSON_BYTES, _MAX_EXPANSION * info.compress_size):
            raise FileError(
                f"{name} claims that {info.filename} unpacks to {info.file_size:,} bytes; this is no sound model.",
                hint="Do not open it in other programs either.",
            )
    if sum(info.compress_size for info in members) > num_bytes:
        raise FileError(f"{name} is a damaged archive: its members overlap.", hint=_AGAIN)
    for info in members:
        member_range(stream, info)


def _read_json(name: str, archive: zipfile.ZipFile, member: str) -> dict[str, Any]:
    text = read_json_member(archive, member)
    try:
        # Keras writes NaN and Infinity, which only the standard library's parser takes.
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FileError(f"{name} is damaged: its {member} is no JSON.", hint=_AGAIN, details=str(error)) from error
    if not isinstance(values, dict):
        raise FileError(f"{name} is damaged: its {member} holds no JSON object.", hint=_AGAIN)
    return values


def _check_weights(name: str, stream: IO[bytes], archive: zipfile.ZipFile) -> None:
    info = archive.getinfo(WEIGHTS_MEMBER)
    with weights_stream(stream, archive, info) as member:
        if member.read(len(HDF5_SIGNATURE)) != HDF5_SIGNATURE:
            raise FileError(f"{name} is damaged: its {WEIGHTS_MEMBER} is no HDF5 file.", hint=_AGAIN)
        check_end(f"{WEIGHTS_MEMBER} in {name}", member, 0, info.file_size)
        if info.compress_type == zipfile.ZIP_STORED:
            _check_root_group(name, member)


def _check_root_group(name: str, member: IO[bytes]) -> None:
    try:
        with h5py.File(member, "r") as weights:
            list(weights)
    except DAMAGED_HDF5 as error:
        raise FileError(
            f"{name} is damaged: its {WEIGHTS_MEMBER} cannot be read.",
            hint=_AGAIN,
            details=f"{type(error).__name__}: {error}",
        ) from error
