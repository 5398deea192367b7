"""How much memory data may take: what the machine, the container and the process's own limit leave."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

from editor.errors import DataError

SHARE = 0.7
"""Of what is free, for the data: the model, its gradients and batches need room as well."""


def check_memory(name: str, num_bytes: int, num_rows: int, *, has_columns: bool = True) -> None:
    """Refuses data that would not fit.

    Args:
        name: Of the file.
        num_bytes: What they would take.
        num_rows: Rows, or samples of arrays.
        has_columns: Whether they are a table.

    Raises:
        DataError: They take more than `SHARE` of the memory that is free.
    """
    free = available_bytes()
    if num_bytes > SHARE * free:
        rows = "rows" if has_columns else "samples"
        cure = "Leave out columns" if has_columns else "Save them as uint8 or float32"
        raise DataError(
            f"{name} has about {num_rows:,} {rows}, which would take {num_bytes / 1e9:,.1f} GB of memory; "
            f"{free / 1e9:,.1f} GB are free.",
            hint=f"{cure}, or cut the file into smaller ones and train on one after the other.",
        )


def available_bytes() -> int:
    """Bytes of memory that this process can still take without swapping, as far as the system tells."""
    return max(0, min(_system_bytes(), _container_bytes(), _limit_bytes()))


def _system_bytes() -> int:
    if sys.platform == "win32":
        return _windows_bytes()
    meminfo = Path("/proc/meminfo")
    if meminfo.exists():
        fields = dict(line.split(":", 1) for line in meminfo.read_text().splitlines())
        return int(fields["MemAvailable"].split()[0]) * 1024
    # macOS tells the whole only; half of it is taken as free.
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2


def _container_bytes() -> int:
    """What the control group of a container leaves (cgroup v2)."""
    try:
        limit = Path("/sys/fs/cgroup/memory.max").read_text().strip()
        used = Path("/sys/fs/cgroup/memory.current").read_text().strip()
    except OSError:
        return sys.maxsize
    return sys.maxsize if limit == "max" else int(limit) - int(used)


def _limit_bytes() -> int:
    """What the process's limit of address space leaves (`ulimit -v`)."""
    if sys.platform == "win32" or not Path("/proc/self/statm").exists():
        return sys.maxsize
    import resource

    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    used = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    return sys.maxsize if limit == resource.RLIM_INFINITY else limit - used


def _windows_bytes() -> int:
    class Status(ctypes.Structure):
        _fields_ = (
            ("length", ctypes.c_ulong),
            ("load", ctypes.c_ulong),
            *((name, ctypes.c_ulonglong) for name in ("total", "free", "pages", "page", "virtual", "left", "extended")),
        )

    status = Status(length=ctypes.sizeof(Status))
    ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status))  # type: ignore[attr-defined]
    return int(status.free)
