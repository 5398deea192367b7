"""Looks at what lies in a SavedModel folder before anything of it is read: nothing in it may lead elsewhere."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import NoReturn

from editor.errors import FileError

MAX_FILES = 10_000
_HINT = "No Keras writes that: get the model from its maker again."


def check_folder(folder: Path) -> None:
    """Refuses links that lead out of the folder, devices, and more files than a model has.

    The cache of Hugging Face keeps the files of a model in `blobs/`, and the folder in `snapshots/` has links there.

    Raises:
        FileError: Something in it is hostile.
        OSError: It cannot be read.
    """
    allowed = [folder.resolve(), *_blobs(folder)]
    num_files = 0
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            num_files += 1
            if num_files > MAX_FILES:
                _refuse(f"{folder.name} has more than {MAX_FILES:,} files")
            _check(folder, Path(place) / name, allowed)


def _blobs(folder: Path) -> list[Path]:
    """Where the cache of Hugging Face that this folder may stand in has the files."""
    parents = folder.absolute().parents
    return [(parent.parent / "blobs").resolve() for parent in parents if parent.name == "snapshots"]


def _check(folder: Path, path: Path, allowed: list[Path]) -> None:
    name = path.relative_to(folder).as_posix()
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        try:
            target = path.resolve()
        except (OSError, RuntimeError):
            _refuse(f"{folder.name} has a link in a circle, {name!r}")
        if not any(target.is_relative_to(place) for place in allowed):
            _refuse(f"{folder.name} has a link to another place, {name!r}")
        mode = target.stat().st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        _refuse(f"{folder.name} has a device in the place of {name!r}")


def _refuse(what: str) -> NoReturn:
    raise FileError(f"{what}.", hint=_HINT)
