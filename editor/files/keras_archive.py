"""Reads and patches model files without Keras: the freeze map in them, and the optimizer that must not stay."""

from __future__ import annotations

import json
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import h5py

from editor.errors import FileError, FreezeMapError
from editor.files.atomic import write_atomically
from editor.files.freeze_json import MAP_ENDING
from editor.files.hdf5_superblock import superblock_offset
from editor.files.probe_hdf5 import DAMAGED_HDF5, MAP_ATTRIBUTE
from editor.files.probe_json import is_json
from editor.files.saved_model.folder import read_map_beside
from editor.files.saved_model.place import saved_model_folder
from editor.files.signatures import HEAD_BYTES, ZIP_SIGNATURES
from editor.files.zip_members import (
    CONFIG_MEMBER,
    DAMAGED_ZIP,
    MAP_MEMBER,
    WEIGHTS_MEMBER,
    open_weights,
    read_json_member,
)
from editor.layers.freeze_map import FreezeMap

__all__ = [
    "MAP_ATTRIBUTE",
    "MAP_MEMBER",
    "add_freeze_map",
    "drop_optimizer",
    "is_hdf5",
    "read_freeze_map",
    "reading",
    "replace_optimizer",
]

_OPTIMIZER_GROUP = "optimizer"
_COMPILE_KEY = "compile_config"


def read_freeze_map(path: Path) -> FreezeMap | None:
    """The freeze map that travels in a `.keras` archive or an HDF5 file, or beside weights; None where there is none.

    That of a SavedModel, or of an architecture as JSON, is the `NAME.freeze.json` beside it.

    Raises:
        FileError: The file cannot be read.
        FreezeMapError: What stands in the map's place is no map, or one of a newer version.
    """
    if folder := saved_model_folder(path):
        return read_map_beside(folder)
    with reading(path):
        if is_json_file(path):
            return read_map_beside(path)
        text = _hdf5_map(path) if is_hdf5(path) else _archive_map(path)
    return None if text is None else FreezeMap.from_json(text)


def usable_freeze_map(path: Path) -> tuple[FreezeMap | None, tuple[str, ...]]:
    """The map as `read_freeze_map` gives it, and what stands against the one that is there, as a sentence.

    Raises:
        FileError: The file cannot be read.
    """
    try:
        return read_freeze_map(path), ()
    except FreezeMapError as error:
        return None, (f"The freeze map in the file is not used. {error.summary}",)


def add_freeze_map(path: Path, freeze_map: FreezeMap) -> None:
    """Puts a map into a file that was just written, in place of the map that may be there.

    To be used on a file that nobody else reads yet: a failure may leave it half-written.

    Raises:
        FileError: The file cannot be read or written.
    """
    with reading(path):
        if is_hdf5(path):
            with h5py.File(path, "r+") as file:
                file.attrs[MAP_ATTRIBUTE] = freeze_map.to_json().decode()
            return
        with zipfile.ZipFile(path) as archive:
            is_there = MAP_MEMBER in archive.namelist()
        if is_there:
            _rewrite_without(path, MAP_MEMBER)
        with zipfile.ZipFile(path, "a", zipfile.ZIP_STORED) as archive:
            archive.writestr(MAP_MEMBER, freeze_map.to_json())


def drop_optimizer(source: Path, target: Path) -> None:
    """Writes a copy of a `.keras` archive that plain Keras opens uncompiled: same weights, no optimizer (fact F13).

    Raises:
        FileError: `source` cannot be read, or `target` cannot be written.
    """
    with reading(source), _rewriting(source, target) as (archive, copy):
        for info in archive.infolist():
            if info.filename == CONFIG_MEMBER:
                copy.writestr(info.filename, _without_compile(read_json_member(archive, info.filename)))
            elif info.filename == WEIGHTS_MEMBER:
                with _weights_with(None, source, target.parent) as weights:
                    _add_stream(copy, info.filename, weights)
            else:
                _copy_member(archive, copy, info)


def replace_optimizer(path: Path, optimizer_file: Path) -> None:
    """Puts other variables of the optimizer into a `.keras` archive; all else stays as it is.

    Args:
        path: The archive.
        optimizer_file: An HDF5 file with the group `optimizer` as Keras writes it.

    Raises:
        FileError: `path` cannot be read or written.
    """
    with reading(path), _rewriting(path, path) as (archive, copy):
        for info in archive.infolist():
            if info.filename == WEIGHTS_MEMBER:
                with _weights_with(optimizer_file, path, path.parent) as weights:
                    _add_stream(copy, info.filename, weights)
            else:
                _copy_member(archive, copy, info)


# -- maps -----------------------------------------------------------------------------------------------------


def is_json_file(path: Path) -> bool:
    """Whether a file that a reader found sound is an architecture as JSON, by its content."""
    with path.open("rb") as stream:
        return is_json(stream.read(HEAD_BYTES))


def is_hdf5(path: Path) -> bool:
    """Whether a file is HDF5, by its content."""
    with path.open("rb") as stream:
        # The weights in an archive are HDF5 too, and may begin where that of a file with a user block would.
        is_archive = stream.read(4) in ZIP_SIGNATURES
        return not is_archive and superblock_offset(stream, path.stat().st_size) is not None


def _archive_map(path: Path) -> bytes | None:
    with zipfile.ZipFile(path) as archive:
        return read_json_member(archive, MAP_MEMBER) if MAP_MEMBER in archive.namelist() else None


def _hdf5_map(path: Path) -> bytes | str | None:
    with h5py.File(path, "r") as file:
        value = file.attrs.get(MAP_ATTRIBUTE)
        is_beside = value is None and "model_config" not in file.attrs
    beside = path.with_name(f"{path.name.removesuffix('.h5').removesuffix('.weights')}{MAP_ENDING}")
    if is_beside and beside.is_file():
        return beside.read_bytes()
    return value if value is None or isinstance(value, bytes) else str(value)


# -- archives -------------------------------------------------------------------------------------------------


@contextmanager
def _rewriting(source: Path, target: Path) -> Iterator[tuple[zipfile.ZipFile, zipfile.ZipFile]]:
    """The archive to copy from, and the one that takes the target's place when both are closed."""
    with (
        write_atomically(target) as temporary,
        zipfile.ZipFile(source) as archive,
        zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as copy,
    ):
        yield archive, copy


def _rewrite_without(path: Path, member: str) -> None:
    with _rewriting(path, path) as (archive, copy):
        for info in archive.infolist():
            if info.filename != member:
                _copy_member(archive, copy, info)


def _copy_member(archive: zipfile.ZipFile, copy: zipfile.ZipFile, info: zipfile.ZipInfo) -> None:
    with archive.open(info) as stream:
        _add_stream(copy, info.filename, stream)


def _add_stream(archive: zipfile.ZipFile, name: str, stream: IO[bytes]) -> None:
    with archive.open(name, "w", force_zip64=True) as member:
        shutil.copyfileobj(stream, member, 1 << 20)


def _without_compile(config_json: bytes) -> str:
    config: dict[str, Any] = json.loads(config_json)
    config.pop(_COMPILE_KEY, None)
    return json.dumps(config)


@contextmanager
def _weights_with(optimizer_file: Path | None, source: Path, folder: Path) -> Iterator[IO[bytes]]:
    """The weights, as they are, with another optimizer or none, in a temporary file of `folder`."""
    with tempfile.TemporaryFile(dir=folder) as stream:
        with open_weights(source) as weights, h5py.File(stream, "w") as kept:
            for key, value in weights.attrs.items():
                kept.attrs[key] = value
            for name in weights:
                if name != _OPTIMIZER_GROUP:
                    weights.copy(name, kept)
            if optimizer_file:
                with h5py.File(optimizer_file, "r") as other:
                    other.copy(_OPTIMIZER_GROUP, kept)
        stream.seek(0)
        yield stream


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turns what the zip and HDF5 libraries raise into one sentence."""
    try:
        yield
    except FileNotFoundError as error:
        raise FileError(f"There is no file {path}.", hint="Check its name and folder.") from error
    except (*DAMAGED_ZIP, *DAMAGED_HDF5) as error:
        raise FileError(
            f"{path.name} cannot be read as a model file.",
            hint="It may be damaged, or open in another program.",
            details=f"{type(error).__name__}: {error}",
        ) from error
