"""Readers by the thousand: one process comes up once and is forked for each file.

What runs in the child is what a real reader runs, under the same limits; only its start is saved. Linux only.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import time
from pathlib import Path
from typing import Any

from editor.errors import EditorError
from editor.native import forbid_hdf5_plugins
from editor.processes import reader_client
from editor.processes.limits import enforce, is_too_late, limits_of_look
from editor.processes.reader_main import answer
from editor.processes.reader_messages import PreviewRead, ProbeFailed, ReadPreview, decode_event

Told = dict[str, Any]


def read_forked(path: Path) -> Told:
    """What a reader says of a file.

    Returns:
        `kind` (`preview`, or the name of an error's class), `summary` and `hint` of an error, `seconds` of processor
        time and the `peak` of memory in bytes, `end` (`answered`, `late` or `died`), `file`, and `needs`
        and `obstacle` of a preview.
    """
    request = ReadPreview(str(path), limits_of_look(path.stat().st_size if path.is_file() else 0))
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        _serve(request, theirs)
    os.close(theirs)
    data, is_late = _receive(ours, request.limits.seconds)
    os.close(ours)
    if is_late:
        os.kill(child, signal.SIGKILL)
    _, status, usage = os.wait4(child, 0)
    seconds = usage.ru_utime + usage.ru_stime
    end = "answered" if data and not is_late else "late" if is_late or is_too_late(_code(status)) else "died"
    told = _told(data) if end == "answered" else _problem(path.name, request, end, _code(status))
    return told | {"end": end, "seconds": seconds, "peak": usage.ru_maxrss * 1024, "file": path.name}


def _serve(request: ReadPreview, theirs: int) -> None:
    try:
        enforce(request.limits)
        data = answer(request)
        with os.fdopen(theirs, "wb") as stream:
            stream.write(data)
    finally:
        os._exit(0)


def _receive(ours: int, seconds: float) -> tuple[bytes, bool]:
    """All that comes until the other end closes, and whether that took too long."""
    until = time.monotonic() + seconds
    parts = []
    while True:
        if not select.select([ours], [], [], max(0.0, until - time.monotonic()))[0]:
            return b"", True
        part = os.read(ours, 1 << 20)
        if not part:
            return b"".join(parts), False
        parts.append(part)


def _code(status: int) -> int:
    return os.waitstatus_to_exitcode(status)


def _told(data: bytes) -> Told:
    event = decode_event(data)
    if isinstance(event, PreviewRead):
        needs = [need.name for need in event.preview.needs]
        return {"kind": "preview", "needs": needs, "obstacle": event.preview.obstacle}
    assert isinstance(event, ProbeFailed)
    return {"kind": "FileError", "summary": event.problem.summary, "hint": event.problem.hint}


def _problem(name: str, request: ReadPreview, end: str, status: int) -> Told:
    """As the client says it of a reader that did not answer."""
    error: EditorError
    if end == "late":
        error = reader_client.late_error(name, request, request.limits.cpu_seconds or 0)
    else:
        error = reader_client.dead_error(name, request, status)
    return {"kind": type(error).__name__, "summary": error.summary, "hint": error.hint}


def warm_up() -> None:
    """Imports what a spare reader has imported, so that each child finds it there."""
    os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"
    forbid_hdf5_plugins()
    import editor.files.map_file
    import editor.files.preview  # noqa: F401


def main() -> None:
    """Reads the files that are named on standard input, and prints what is said of each."""
    warm_up()
    for line in sys.stdin:
        print(json.dumps(read_forked(Path(line.rstrip("\n")))), flush=True)


if __name__ == "__main__":
    main()
