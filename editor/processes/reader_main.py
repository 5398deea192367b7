"""The reader process: looks at one untrusted file or changes its flags, answers, ends. Started by `reader_client`."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import threading
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from pathlib import Path

import msgspec

from editor.errors import EditorError, PatchError, Problem
from editor.native import forbid_hdf5_plugins
from editor.processes.limits import enforce
from editor.processes.reader_messages import (
    FilePatched,
    FileProbed,
    MapRead,
    PatchFailed,
    PatchFile,
    PreviewRead,
    ProbeFailed,
    ProbeFile,
    ReaderEvent,
    ReaderReady,
    ReaderRequest,
    ReadMap,
    ReadPreview,
    decode_event,
    decode_request,
    encode,
)


def main(connection: Connection) -> None:
    """Imports what a look needs, says so, answers one request, and returns; also when the parent is gone.

    Ctrl+C goes to all processes of a terminal; what it ends is decided by the parent.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _silence()
    threading.Thread(target=_end_with_parent, name="parent-watch", daemon=True).start()
    # One thread is enough for reading, and each further one of OpenBLAS takes address space.
    os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"
    forbid_hdf5_plugins()
    import editor.files.map_file
    import editor.files.patch
    import editor.files.preview
    import editor.files.probe  # noqa: F401  warm before the first question: h5py takes its time

    with suppress(EOFError, OSError):
        connection.send_bytes(encode(ReaderReady()))
        request = decode_request(connection.recv_bytes())
        enforce(request.limits)
        # Looking for cycles costs a tenth of a look and frees next to nothing; the process ends with its answer.
        gc.disable()
        connection.send_bytes(answer(request))


def answer(request: ReaderRequest) -> bytes:
    """Does what is asked; whatever comes of it is an answer."""
    if isinstance(request, PatchFile):
        return encode(_patch(request))
    try:
        data = encode(_look(request))
        # What a damaged file put where a number or a text belongs would not be understood at the other end.
        decode_event(data)
    except (MemoryError, ValueError, OverflowError, TypeError, RecursionError, msgspec.MsgspecError) as error:
        return encode(ProbeFailed(_damage(Path(request.path), error)))
    return data


def _patch(request: PatchFile) -> ReaderEvent:
    from editor.files.patch import patch_file

    name = Path(request.path).name
    try:
        return FilePatched(patch_file(request.plan))
    except EditorError as error:
        return PatchFailed(error.problem, isinstance(error, PatchError))
    except MemoryError:
        megabytes = request.limits.memory_bytes >> 20
        return PatchFailed(Problem(f"{name} could not be written within {megabytes:,} MB of memory."), True)
    except Exception as error:  # noqa: BLE001
        details = f"{type(error).__name__}: {error}"
        problem = Problem(f"The flags in {name} could not be changed.", "Save when the engine is ready.", details)
        return PatchFailed(problem, True)


def _look(request: ProbeFile | ReadPreview | ReadMap) -> ReaderEvent:
    """The edge of this process: whatever a damaged file makes the libraries raise becomes a sentence."""
    from editor.files.map_file import read_map_of
    from editor.files.preview import read_preview
    from editor.files.probe import probe_file, probe_trained_weights

    path = Path(request.path)
    try:
        if isinstance(request, ReadPreview):
            return PreviewRead(read_preview(path, request.options))
        if isinstance(request, ReadMap):
            return MapRead(read_map_of(path))
        return FileProbed(probe_file(path) if request.kind == "model" else probe_trained_weights(path))
    except EditorError as error:
        return ProbeFailed(error.problem)
    except MemoryError:
        return ProbeFailed(
            Problem(
                f"{path.name} could not be read within {request.limits.memory_bytes >> 20:,} MB of memory.",
                "It is probably damaged. Copy or download it again.",
            )
        )
    except Exception as error:  # noqa: BLE001
        return ProbeFailed(_damage(path, error))


def _damage(path: Path, error: Exception) -> Problem:
    return Problem(
        f"{path.name} could not be read; it is probably damaged.",
        "Copy or download it again.",
        f"{type(error).__name__}: {error}",
    )


def _end_with_parent() -> None:
    """Ends this process as soon as its parent has ended, in whatever way, also in the middle of a look."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _silence() -> None:
    """Sends what native libraries print to nowhere: the terminal belongs to the parent."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    if nowhere > 2:
        os.close(nowhere)
