"""Says what keeps Qt from showing a window, before Qt finds out and aborts. Imports no Qt."""

from __future__ import annotations

import ctypes
import os
import sys
from importlib.util import find_spec
from pathlib import Path

DEBIAN_PACKAGES = (
    "libglib2.0-0 libegl1 libgl1 libfontconfig1 libdbus-1-3 libxkbcommon-x11-0 "
    "libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1 libxcb-shape0 fonts-dejavu-core"
)
"""What Qt needs on a Debian system without a desktop; tried in a bare container."""


def has_display() -> bool:
    """Whether there is a screen that a window could be shown on."""
    if sys.platform != "linux":
        return True
    return bool(os.environ.get("WAYLAND_DISPLAY")) or _can_connect_to_x()


def is_offscreen() -> bool:
    """Whether Qt was told to draw into memory."""
    return os.environ.get("QT_QPA_PLATFORM", "").split(":")[0] in ("offscreen", "minimal", "vnc")


def library_problem() -> str:
    """The system library that Qt misses, in a sentence with what to do; empty if there is none."""
    if sys.platform != "linux":
        return ""
    missing = _missing_library()
    if not missing:
        return ""
    return f"Qt needs the system library {missing}. On Debian or Ubuntu install: {DEBIAN_PACKAGES}"


def _missing_library() -> str:
    plugins = ("libqoffscreen.so",) if is_offscreen() else ("libqxcb.so",)
    spec = find_spec("PySide6")
    folder = Path(spec.submodule_search_locations[0]) if spec and spec.submodule_search_locations else Path()
    for plugin in plugins:
        path = folder / "Qt" / "plugins" / "platforms" / plugin
        if path.exists():
            try:
                ctypes.CDLL(str(path))
            except OSError as error:
                return str(error).partition(":")[0]
    return ""


def _can_connect_to_x() -> bool:
    """Asks libxcb itself: Qt aborts the process when the display it is told of does not answer."""
    if not os.environ.get("DISPLAY"):
        return False
    try:
        xcb = ctypes.CDLL("libxcb.so.1")
    except OSError:
        return True  # What is missing is said by `library_problem`.
    xcb.xcb_connect.restype = ctypes.c_void_p
    connection = ctypes.c_void_p(xcb.xcb_connect(None, None))
    failed = bool(xcb.xcb_connection_has_error(connection))
    xcb.xcb_disconnect(connection)
    return not failed
