"""A parent of a reader for tests that end it: `python -m tests.processes.reader_parent idle|probe|leave [PATH]`."""

from __future__ import annotations

import sys
import threading

from editor.processes.limits import ReaderLimits
from editor.processes.reader_client import ReaderClient


def main(state: str, path: str = "") -> None:
    client = ReaderClient(limits=ReaderLimits(seconds=float("inf") if state == "idle" else 3.0))
    if state == "leave":
        client.probe_now(path)
        forbidden = {"h5py", "keras", "tensorflow", "numpy"} & set(sys.modules)
        sys.stdout.write(f"left {sorted(forbidden)}\n")
        return
    if state == "probe":
        client.probe(path, lambda _: None)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    threading.Event().wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
