"""Has a process of its own look through an `.h5` file before this one reads it.

A damaged file can make HDF5 hang for good, which Python cannot interrupt (fact F24), or end the process. What that
process has gone through to its end, this one reads with the same library.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec

from editor.errors import DataError, Problem
from editor.keras_model.clean_process import child_environment
from editor.training.progress import note_progress

_MODULE = "editor.processes.hdf5_main"
"""It sets limits to itself, and so ends in any case."""
_WAKE_SECONDS = 0.1


def check_apart(path: Path) -> None:
    """Looks through a file in another process; takes about as long as reading what in it is packed.

    Raises:
        DataError: It is damaged, or nothing that may be read here.
        GivenUpError: Nobody waits for it any more.
    """
    command = [sys.executable, "-P", "-m", _MODULE, str(path.absolute())]
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=child_environment(),
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except OSError as error:
        raise DataError(
            f"No process to look through {path.name} could be started: {error.strerror or error}.",
            hint="Close other programs and try again.",
        ) from error
    with process:
        try:
            answer = _answer(process, path.name)
        finally:
            process.kill()
    if problem := _problem(answer, process.returncode, path.name):
        raise DataError(problem.summary, hint=problem.hint, details=problem.details)


def _answer(process: subprocess.Popen[bytes], name: str) -> bytes:
    while True:
        note_progress(f"Looking through {name}", 0, 0)
        try:
            return process.communicate(timeout=_WAKE_SECONDS)[0]
        except subprocess.TimeoutExpired:
            continue


def _problem(answer: bytes, status: int, name: str) -> Problem | None:
    try:
        return msgspec.json.decode(answer, type=Problem | None)
    except msgspec.MsgspecError:
        summary = f"{name} cannot be read: HDF5 got stuck in it or broke off, so it is damaged."
        return Problem(summary, "Write or copy it again.", f"{_MODULE} ended with status {status}.")
