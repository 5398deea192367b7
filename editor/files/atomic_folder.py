"""Writes a folder beside its target and renames it into place when it is complete."""

from __future__ import annotations

import os
import secrets
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from editor.errors import FileError


@contextmanager
def write_folder_atomically(target: Path, *, replaceable: str | None = None) -> Iterator[Path]:
    """Gives an empty folder beside `target` to write into; at the end of the block it takes the target's place.

    On any error in the block the folder is removed and the target is as it was.

    Args:
        target: The folder to make.
        replaceable: Name of a file by which an existing folder is known to be one that may be replaced; None replaces
            nothing.

    Raises:
        FileError: The target is there and may not be replaced, or the folder cannot be written.
    """
    check_folder_target(target, replaceable=replaceable)
    temporary = _beside(target, "tmp")
    try:
        temporary.mkdir()
        yield temporary
        _flush(temporary)
        _put_in_place(temporary, target)
    except OSError as error:
        raise FileError(
            f"{target.name} cannot be written in {target.parent}: {error.strerror or error}.",
            hint="Free some space, or choose a folder of yours.",
            details=repr(error),
        ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def check_folder_target(target: Path, *, replaceable: str | None = None) -> None:
    """Refuses a target that cannot be written to; see `write_folder_atomically`.

    Raises:
        FileError: The target is there and may not be replaced, or there is no folder to hold it.
    """
    if not target.parent.is_dir():
        raise FileError(f"There is no folder {str(target.parent)!r}.", hint="Make it, or choose another.")
    if not os.path.lexists(target):
        return
    if replaceable is None:
        raise FileError(f"{target.name!r} is there already.", hint="Choose another name.")
    if target.is_symlink() or not (target / replaceable).is_file():
        raise FileError(
            f"{target.name!r} is there already and is nothing that was exported, so it is not replaced.",
            hint="Choose another name.",
        )


def _beside(target: Path, what: str) -> Path:
    return target.with_name(f".{target.name[:80]}.{secrets.token_hex(4)}.{what}")


def _put_in_place(temporary: Path, target: Path) -> None:
    """Between the two renames the target is not there for a moment: no system replaces a full folder in one step."""
    old = _beside(target, "old")
    was_there = target.exists()
    if was_there:
        target.rename(old)
    try:
        temporary.rename(target)
    except OSError:
        if was_there:
            old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _flush(folder: Path) -> None:
    """Makes the files last through a power cut, and their names where the system can."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("r+b") as stream:
                os.fsync(stream.fileno())
    if sys.platform != "win32":
        with suppress(OSError):
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
