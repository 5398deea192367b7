"""Writes a file beside its target and renames it over it when it is complete: nothing is ever half-written."""

from __future__ import annotations

import errno
import os
import re
import secrets
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from editor.errors import FileError

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_LONGEST_STEM = 80


@contextmanager
def write_atomically(target: Path) -> Iterator[Path]:
    """Gives an empty file beside `target` to write into; at the end of the block it takes the target's place.

    Its name starts with a dot and keeps the target's last suffix, by which Keras decides the format. A target that is
    a symbolic link is followed; the permissions of an existing target are kept. On any error in the block the
    file is removed and the target is as it was.

    Raises:
        FileError: The folder is missing or read-only, the disk is full, or the target cannot be replaced.
    """
    real = _real_path(target)
    mode = _mode_of(real)
    temporary = _create_beside(real, mode)
    try:
        yield temporary
        _replace(temporary, real, mode)
    except OSError as error:
        _remove(temporary)
        if error.errno in (*_FULL, errno.EROFS):
            raise _write_error(real, error) from error
        raise
    except BaseException:
        _remove(temporary)
        raise


def remove_unfinished(target: Path) -> None:
    """Removes what a process has left beside `target` that died while it wrote; only while no other one writes it."""
    real = _real_path(target)
    beginning = re.escape(f".{real.stem[:_LONGEST_STEM]}.")
    unfinished = re.compile(rf"{beginning}[0-9a-f]{{8}}\.tmp.*{re.escape(real.suffix)}")
    with suppress(OSError):
        for path in real.parent.iterdir():
            if unfinished.fullmatch(path.name):
                _remove(path)


def _real_path(target: Path) -> Path:
    try:
        return target.resolve()
    except (OSError, RuntimeError) as error:  # RuntimeError: symbolic links in a circle
        raise FileError(
            f"{target} cannot be reached: {error}.", hint="Choose another file name.", details=repr(error)
        ) from error


def _remove(temporary: Path) -> None:
    """Windows does not remove a file that the block left open; the error that ended the block matters more."""
    with suppress(OSError):
        temporary.unlink(missing_ok=True)


def _mode_of(target: Path) -> int | None:
    """Permission bits of an existing target; None where there is none."""
    try:
        found = target.stat().st_mode
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _write_error(target, error) from error
    if stat.S_ISDIR(found):
        raise FileError(f"{target} is a folder.", hint="Choose a file name.")
    return stat.S_IMODE(found)


def _create_beside(target: Path, mode: int | None) -> Path:
    """A new file that only this program writes to; as private from the start as the one that it replaces."""
    name = f".{target.stem[:_LONGEST_STEM]}.{secrets.token_hex(4)}.tmp{target.suffix}"
    temporary = target.with_name(name)
    # The kernel takes the umask off 0o666, as for any new file. The writer itself must be able to write.
    start_mode = 0o666 if mode is None else mode & 0o777 | stat.S_IRUSR | stat.S_IWUSR
    try:
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, start_mode))
    except OSError as error:
        raise _write_error(target, error) from error
    return temporary


def _replace(temporary: Path, target: Path, mode: int | None) -> None:
    try:
        with temporary.open("r+b") as stream:
            os.fsync(stream.fileno())
        if mode is not None:
            temporary.chmod(mode)
        temporary.replace(target)
    except OSError as error:
        raise _write_error(target, error) from error
    _flush_folder(target.parent)


def _flush_folder(folder: Path) -> None:
    """Makes the new name last through a power cut, where the system can: Windows and some network drives cannot."""
    if sys.platform == "win32":
        return
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _write_error(target: Path, error: OSError) -> FileError:
    folder, details = target.parent, repr(error)
    if error.errno in _FULL:
        return FileError(
            f"There is no room on the disk for {target.name}.",
            hint="Free some space, or save to another drive.",
            details=details,
        )
    if not folder.is_dir():
        return FileError(f"There is no folder {folder}.", hint="Make it, or choose another.", details=details)
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return FileError(
            f"{target.name} cannot be written in {folder}: permission denied.",
            hint="Choose a folder of yours; if the file is open in another program, close it there.",
            details=details,
        )
    return FileError(
        f"{target.name} cannot be written in {folder}: {error.strerror or error}.",
        hint="Check the name and the drive, or save elsewhere.",
        details=details,
    )
