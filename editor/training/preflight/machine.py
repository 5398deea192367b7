"""What memory the machine has left."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

_MEMINFO = Path("/proc/meminfo")
_BYTES_PER_KB = 1024


def available_memory() -> int | None:
    """Bytes that a run could take without others being swapped out; None where the system does not tell.

    On macOS, which does not tell without a library, half of all memory stands for it.
    """
    if sys.platform == "win32":
        return _windows_memory()
    if _MEMINFO.exists():
        lines = (line.split() for line in _MEMINFO.read_text(encoding="ascii").splitlines())
        return next((int(parts[1]) * _BYTES_PER_KB for parts in lines if parts[0] == "MemAvailable:"), None)
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    except (ValueError, OSError):
        return None


class _MemoryStatus(ctypes.Structure):
    """Of GlobalMemoryStatusEx, https://learn.microsoft.com/windows/win32/api/sysinfoapi/ns-sysinfoapi-memorystatusex."""

    _fields_ = (
        ("length", ctypes.c_ulong),
        ("load", ctypes.c_ulong),
        ("total", ctypes.c_ulonglong),
        ("available", ctypes.c_ulonglong),
        ("rest", ctypes.c_ulonglong * 5),
    )


def _windows_memory() -> int | None:
    status = _MemoryStatus(length=ctypes.sizeof(_MemoryStatus))
    kernel = getattr(ctypes, "windll").kernel32  # noqa: B009 - not there for type checkers on other systems
    return int(status.available) if kernel.GlobalMemoryStatusEx(ctypes.byref(status)) else None
