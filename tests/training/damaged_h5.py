"""`python -m tests.training.damaged_h5`: damaged `.h5` files of data, read as a run reads them.

Each is read by `prepare` in a process that is watched: it must be read, or refused with a sentence, and the process
must live on, whatever HDF5 makes of the file.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import resource
import tempfile
import time
from collections import Counter
from multiprocessing.connection import Connection
from pathlib import Path

import h5py
import numpy as np

from editor.errors import DataError
from tests.hostile.mutants import mutate
from tests.training.tables import facts, prepared

WAIT_SECONDS = 60.0
MODEL = facts(((8, 8, 1),), ((3,),))


def write(path: Path) -> Path:
    """Arrays as people write them: plain, packed, in groups, and text of any length."""
    generator = np.random.default_rng(1)
    with h5py.File(path, "w") as file:
        for part, count in (("train", 90), ("val", 30)):
            group = file.create_group(part)
            images = generator.random((count, 8, 8, 1), dtype=np.float32)
            packed = {"compression": "gzip", "shuffle": True, "chunks": (16, 8, 8, 1)} if part == "train" else {}
            group.create_dataset("x", data=images, **packed)
            group.create_dataset("y", data=[("dog", "cat", "bird")[at % 3] for at in range(count)])
        file.attrs["made_by"] = "a camera"
    return path


def serve(connection: Connection) -> None:
    """Reads one file after the other and says what became of each."""
    while path := connection.recv():
        try:
            prepared(path, MODEL)
            said = "read"
        except DataError as error:
            said = str(error) if error.hint and error.summary.endswith(".") else f"BAD SENTENCE: {error}"
        # What is no sentence is told.
        except Exception as error:  # noqa: BLE001
            said = f"ERROR {type(error).__name__}: {error}"
        connection.send((said, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10))


class Reader:
    """A process that reads."""

    def __init__(self) -> None:
        self._connection, theirs = multiprocessing.Pipe()
        # No daemon: it has children of its own, as the engine has.
        self._process = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs,))
        self._process.start()
        theirs.close()

    def read(self, path: Path) -> tuple[str, int]:
        """What is said of a file, and the MB that the process has had at most."""
        self._connection.send(str(path))
        if not self._connection.poll(WAIT_SECONDS):
            return "HANG", 0
        try:
            return self._connection.recv()  # type: ignore[no-any-return]
        except EOFError:
            return "CRASH", 0

    def end(self) -> None:
        self._process.kill()
        self._process.join()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    counts: Counter[str] = Counter()
    longest, most, reader = 0.0, 0, Reader()
    with tempfile.TemporaryDirectory() as folder:
        source = write(Path(folder) / "whole.h5")
        print("whole:", *reader.read(source))
        for number in range(options.files):
            inner = Path(folder) / str(number)
            inner.mkdir()
            path, kind = mutate(source, inner, random.Random(f"{options.seed} {number}"))
            begun = time.monotonic()
            said, megabytes = reader.read(path)
            longest, most = max(longest, time.monotonic() - begun), max(most, megabytes)
            outcome = said if said in ("read", "HANG", "CRASH") else "refused"
            if said.startswith(("ERROR", "BAD")) or outcome in ("HANG", "CRASH"):
                outcome = said.split()[0]
                print(f"{number} ({kind}): {said}")
            if outcome in ("HANG", "CRASH"):
                reader.end()
                reader = Reader()
            counts["refused, as HDF5 got stuck or broke off" if "got stuck" in said else outcome] += 1
    reader.end()
    print(f"{dict(counts)}; the longest took {longest:.1f} s, the process at most {most} MB")


if __name__ == "__main__":
    main()
