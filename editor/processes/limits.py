"""What the reader process may use: memory and time. Enforced from inside; the client's clock stands above both."""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
import time
from pathlib import Path

import msgspec

if sys.platform != "win32":
    import resource

_GRACE_SECONDS = 2.0
_LOOK_CPU_SECONDS = 4.0
_LOOK_SECONDS = 4.5 if sys.platform == "win32" else 12.0
"""On Windows nothing else ends what hangs in native code; elsewhere it uses up its processor time."""
_LOOK_BYTES_PER_SECOND = 20 << 20
_LOOK_BYTES_PER_CPU_SECOND = 250 << 20
_MEMORY_BYTES = 176 << 20
"""Some tens of MB of address space are there already when a look begins, unused: at most 256 MB come of both."""
_SLOWEST_BYTES_PER_SECOND = 2 << 20


class ReaderLimits(msgspec.Struct, frozen=True):
    """The limits of one look at a file.

    Attributes:
        seconds: Wall-clock time of the look, without the start of the process.
        memory_bytes: Address space beyond what the process has when the look begins. Enforced on Linux; macOS
            and Windows have no such limit that a process could set for itself.
        cpu_seconds: Processor time of the look, where the system can limit it: what hangs in native code uses it
            up, what waits for a slow drive does not. None: as `seconds`.
    """

    seconds: float = _LOOK_SECONDS
    memory_bytes: int = _MEMORY_BYTES
    cpu_seconds: float | None = None


def limits_of_look(num_bytes: int) -> ReaderLimits:
    """The limits of a look at a file of a size: time for a slow drive, memory whatever the size."""
    return ReaderLimits(
        seconds=_LOOK_SECONDS + num_bytes / _LOOK_BYTES_PER_SECOND,
        cpu_seconds=_LOOK_CPU_SECONDS + num_bytes / _LOOK_BYTES_PER_CPU_SECOND,
    )


def is_too_late(exit_status: int | None) -> bool:
    """Whether a process ended because it had used up its processor time."""
    return sys.platform != "win32" and exit_status == -signal.SIGXCPU


def limits_of_patch(num_bytes: int) -> ReaderLimits:
    """The limits of a change of flags in a file of a size: time for a slow drive, memory whatever the size."""
    return ReaderLimits(60.0 + num_bytes / _SLOWEST_BYTES_PER_SECOND, _MEMORY_BYTES)


def enforce(limits: ReaderLimits) -> None:
    """Puts this process under limits, for good. It ends by itself when it exceeds the time, even without its parent.

    A thread of Python could not: native code that hangs (fact F24) holds the interpreter's lock. `faulthandler` waits
    in a thread of C that needs no lock, on every system.
    """
    out = os.open(os.devnull, os.O_WRONLY)  # never closed: needed until the end
    faulthandler.dump_traceback_later(limits.seconds + _GRACE_SECONDS, exit=True, file=out)
    if sys.platform != "win32":
        used_seconds = time.process_time()
        cpu_seconds = limits.seconds + _GRACE_SECONDS if limits.cpu_seconds is None else limits.cpu_seconds
        _lower(resource.RLIMIT_CORE, 0)
        # The system takes whole seconds only.
        _lower(resource.RLIMIT_CPU, round(used_seconds + cpu_seconds))
        _lower(resource.RLIMIT_AS, _address_space() + limits.memory_bytes)


if sys.platform != "win32":

    def _lower(kind: int, value: int) -> None:
        """Lowers one limit; a limit that is lower already stays, and one that the system refuses is left out."""
        soft, hard = resource.getrlimit(kind)
        known = [limit for limit in (soft, hard, value) if limit != resource.RLIM_INFINITY]
        lowest = min(known)
        try:
            resource.setrlimit(kind, (lowest, hard))
        except (ValueError, OSError):
            # macOS refuses an address space below what its shared libraries take.
            return


def _address_space() -> int:
    """Bytes of address space in use; 0 where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except (OSError, ValueError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")
