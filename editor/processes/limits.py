"""What the reader process may use: memory and time. Enforced from inside; the client's clock stands above both."""

from __future__ import annotations

import faulthandler
import math
import os
import sys
import time
from pathlib import Path

import msgspec

if sys.platform != "win32":
    import resource

_GRACE_SECONDS = 2.0
_SLOWEST_BYTES_PER_SECOND = 2 << 20
_PATCH_MEMORY_BYTES = 256 << 20


class ReaderLimits(msgspec.Struct, frozen=True):
    """The limits of one look at a file.

    Attributes:
        seconds: Wall-clock time of the look, without the start of the process.
        memory_bytes: Address space beyond what the process has when the look begins. Enforced on Linux; macOS
            and Windows have no such limit that a process could set for itself.
    """

    seconds: float = 20.0
    memory_bytes: int = 2 << 30


def limits_of_patch(num_bytes: int) -> ReaderLimits:
    """The limits of a change of flags in a file of a size: time for a slow drive, memory whatever the size."""
    return ReaderLimits(60.0 + num_bytes / _SLOWEST_BYTES_PER_SECOND, _PATCH_MEMORY_BYTES)


def enforce(limits: ReaderLimits) -> None:
    """Puts this process under limits, for good. It ends by itself when it exceeds the time, even without its parent.

    A thread of Python could not: native code that hangs (fact F24) holds the interpreter's lock. `faulthandler` waits
    in a thread of C that needs no lock, on every system.
    """
    out = os.open(os.devnull, os.O_WRONLY)  # never closed: needed until the end
    faulthandler.dump_traceback_later(limits.seconds + _GRACE_SECONDS, exit=True, file=out)
    if sys.platform != "win32":
        used_seconds = time.process_time()
        cpu_seconds = math.ceil(used_seconds + limits.seconds + _GRACE_SECONDS)
        _lower(resource.RLIMIT_CORE, 0)
        _lower(resource.RLIMIT_CPU, cpu_seconds)
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
