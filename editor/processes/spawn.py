"""Starts a process of ours by the name of its module, so that its imports do not become the starter's."""

from __future__ import annotations

import importlib
import multiprocessing
import os
import signal
import sys
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess


def spawn(module: str, *connections: Connection) -> SpawnProcess:
    """Starts a process that runs `main(*connections)` of `module`; it dies with this one.

    The connections are closed here, so that the other ends see the process's end.
    """
    process = multiprocessing.get_context("spawn").Process(
        target=_run_main, args=(module, *connections), name=module, daemon=True
    )
    process.start()
    for connection in connections:
        connection.close()
    return process


def _run_main(module: str, *connections: Connection) -> None:
    # Ctrl+C goes to every process of a terminal; whether to end is the window's decision.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    importlib.import_module(module).main(*connections)


def redirect_output(connection: Connection) -> None:
    """Sends standard output and standard error, native code's too, into a connection's raw stream."""
    descriptor = connection.fileno()
    if sys.platform == "win32":
        import msvcrt

        descriptor = msvcrt.open_osfhandle(descriptor, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    sys.stdout = sys.stderr = os.fdopen(1, "w", buffering=1, encoding="utf-8", errors="replace", closefd=False)
