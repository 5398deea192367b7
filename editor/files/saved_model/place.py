"""Where a SavedModel is, and whether it was changed. Imports no protobuf, so that the window may ask."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from editor.errors import FileError

MODEL_FILE = "saved_model.pb"
METADATA_FILE = "keras_metadata.pb"
VARIABLES_INDEX = "variables/variables.index"


def saved_model_folder(path: Path) -> Path | None:
    """The folder of a SavedModel, for the folder or the `saved_model.pb` in it; None for anything else."""
    try:
        if path.name == MODEL_FILE and path.is_file():
            return path.parent
        return path if (path / MODEL_FILE).is_file() else None
    except (OSError, ValueError):
        # A name that no file can have; whoever looks at the place says so.
        return None


def model_path(path: Path) -> Path:
    """Where a model is, for any way to name it: absolute, and of a SavedModel the folder, by which people know it."""
    path = path.absolute()
    return path.parent if path.name == MODEL_FILE and saved_model_folder(path) else path


class FileState(NamedTuple):
    """By what a change of a file is noticed: size in bytes, and time of change in nanoseconds."""

    size: int
    mtime_ns: int


def file_state(path: Path) -> FileState:
    """The state of a file; of a SavedModel the size of its files and the latest of their times.

    A folder's own time does not change with what is written into its files.

    Raises:
        OSError: It is gone.
    """
    folder = saved_model_folder(path)
    names = (MODEL_FILE, METADATA_FILE, VARIABLES_INDEX)
    files = [path] if folder is None else [folder / name for name in names if (folder / name).exists()]
    found = [file.stat() for file in files]
    return FileState(sum(each.st_size for each in found), max(each.st_mtime_ns for each in found))


@contextmanager
def unchanged(path: Path, seen: FileState | None = None) -> Iterator[FileState]:
    """Refuses what was read within if the file was another one before or afterwards than what a person has seen.

    Args:
        path: The file, which is read more than once.
        seen: Its state when it was looked at; None: its state now.

    Yields:
        Its state.

    Raises:
        FileError: It was changed, or is gone.
    """
    before = seen or _state_of(path)
    _check(path, before)
    yield before
    _check(path, before)


def _state_of(path: Path) -> FileState:
    try:
        return file_state(path)
    except OSError as error:
        raise FileError(f"There is no file {path}.", hint="Check its name and folder.") from error


def _check(path: Path, before: FileState) -> None:
    if _state_of(path) != before:
        raise FileError(
            f"{path.name} was changed by another program after it was looked at.",
            hint="Nothing of it is used. Open it again.",
        )
