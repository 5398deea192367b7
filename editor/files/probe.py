"""Looks at a model file without Keras and without running anything of it. To be called in the reader only.

The content decides, never the name. A look may hang in native code over a damaged file (fact F24), so it needs a
process that can be killed around it.
"""

from __future__ import annotations

import stat
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, TypeVar

from editor.errors import FileError
from editor.files.facts import FileFacts
from editor.files.hdf5_superblock import superblock_offset
from editor.files.look import Look
from editor.files.probe_hdf5 import look_at_hdf5
from editor.files.probe_json import is_json, look_at_json
from editor.files.probe_keras import look_at_keras
from editor.files.saved_model.folder import probe_saved_model
from editor.files.saved_model.place import saved_model_folder
from editor.files.signatures import HEAD_BYTES, ZIP_SIGNATURES, describe_content
from editor.files.trained_weights_file import look_through

_Found = TypeVar("_Found", FileFacts, Look)

_WANTED = "Frostline opens .keras, .h5, .hdf5 and .json files and SavedModel folders that Keras wrote."


def probe_file(path: Path) -> FileFacts:
    """Finds out what a file is, and whether it is complete. A SavedModel is a folder, or the `saved_model.pb` in it.

    Raises:
        FileError: The file is missing, unreadable, cut short, damaged, or no model; in one plain sentence.
    """
    folder = saved_model_folder(path)
    return look_at(path).facts if folder is None else _reading(folder, probe_saved_model)


def look_at(path: Path) -> Look:
    """The same for a file that is no folder, with what was read of it on the way.

    Raises:
        FileError: As `probe_file`.
    """
    return _probe(path, _look_at_content)


def probe_trained_weights(path: Path) -> FileFacts:
    """Looks through a file of trained weights, all its bytes.

    Raises:
        FileError: The file is missing, unreadable, cut short, damaged, or something else; in one plain sentence.
        FreezeMapError: It has no freeze map that can be read.
    """
    return _probe(path, _probe_trained_weights)


def _probe(path: Path, probe_content: Callable[[Path], _Found]) -> _Found:
    _check_place(path)
    return _reading(path, probe_content)


def _reading(path: Path, probe_content: Callable[[Path], _Found]) -> _Found:
    try:
        return probe_content(path)
    except PermissionError as error:
        raise FileError(
            f"{path.name} cannot be read: permission denied.",
            hint="Change its permissions, or copy it to a folder of yours.",
            details=repr(error),
        ) from error
    except OSError as error:
        raise FileError(
            f"{path.name} cannot be read: {error.strerror or error}.",
            hint="Check the drive that it is on, or copy the file to this computer.",
            details=repr(error),
        ) from error


def _check_place(path: Path) -> None:
    try:
        mode = path.stat().st_mode
    except FileNotFoundError as error:
        raise FileError(f"There is no file {path}.", hint="Check its name and folder.") from error
    except (OSError, ValueError) as error:
        raise FileError(
            f"{path} cannot be reached: {getattr(error, 'strerror', None) or error}.",
            hint="Check its name, and the permissions of its folder.",
            details=repr(error),
        ) from error
    if stat.S_ISDIR(mode):
        raise _folder_error(path)
    if stat.S_ISCHR(mode) or stat.S_ISBLK(mode) or stat.S_ISSOCK(mode):
        raise FileError(f"{path.name} is a device, not a file.", hint=_WANTED)


def _folder_error(path: Path) -> FileError:
    if (path / "config.json").exists() and (path / "metadata.json").exists():
        return FileError(
            f"{path.name} is a folder with the parts of a .keras file.",
            hint=f"Choose the .keras file itself, or make one in Python: keras.saving.load_model({path.name!r})"
            f".save({path.name + '.keras'!r}).",
        )
    return FileError(f"{path.name} is a folder, not a model file.", hint=_WANTED)


def _look_at_content(path: Path) -> Look:
    with path.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
        num_bytes = path.stat().st_size
        if not head:
            raise FileError(f"{path.name} is empty (0 bytes).", hint="Copy or download the model again.")
        offset = superblock_offset(stream, num_bytes)
        _check_one_kind(path, stream, head, offset)
        if head.startswith(ZIP_SIGNATURES):
            return look_at_keras(path, stream, num_bytes)
        if offset is not None:
            return look_at_hdf5(path, stream, offset, num_bytes)
    if is_json(head):
        return look_at_json(path, num_bytes)
    raise FileError(f"{path.name} is not a model file; it looks like {describe_content(head)}.", hint=_WANTED)


def _check_one_kind(path: Path, stream: IO[bytes], head: bytes, offset: int | None) -> None:
    """Refuses what is an archive to one program and HDF5 to another: Keras goes by the name, not by the content.

    The weights in a sound archive may happen to stand where HDF5 looks for its signature; its name then decides.
    """
    is_archive = head.startswith(ZIP_SIGNATURES)
    if offset is None:
        return
    if path.suffix != ".keras" if is_archive else zipfile.is_zipfile(stream):
        raise FileError(
            f"{path.name} is an HDF5 file and a zip archive in one, and each may hold another model.",
            hint="No Keras writes that: get the model from its maker again.",
        )


def _probe_trained_weights(path: Path) -> FileFacts:
    look_through(path)
    return FileFacts(
        path=str(path),
        format="trained-weights",
        keras_version=None,
        num_bytes=path.stat().st_size,
        has_model_config=False,
        has_freeze_map=True,
    )
