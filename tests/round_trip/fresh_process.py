"""Opens files in a process that has built nothing before, so that automatic names count from the start (fact F9).

`python -m tests.round_trip.fresh_process FILE…` writes what it saw as a pickle to standard output.
"""

from __future__ import annotations

import importlib
import pickle
import subprocess
import sys
import traceback
from pathlib import Path

from tests.round_trip.families import HAS_KERAS_HUB
from tests.round_trip.seen import Seen, seen_in_file


def seen_in_fresh_process(files: list[Path]) -> list[Seen | str]:
    """What a new process sees in each file, or what went wrong."""
    command = [sys.executable, "-m", "tests.round_trip.fresh_process", *map(str, files)]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], check=False, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()[-4000:]
    return pickle.loads(done.stdout)


def _seen_or_error(path: Path) -> Seen | str:
    try:
        return seen_in_file(path)
    # Whatever it is, the other files are to have their turn.
    except Exception:  # noqa: BLE001
        return traceback.format_exc()


if __name__ == "__main__":
    if HAS_KERAS_HUB:
        # An `.h5` does not say where its classes are, so a person gives them as custom code.
        importlib.import_module("tests.round_trip.hub_classes")
    sys.stdout.buffer.write(pickle.dumps([_seen_or_error(Path(name)) for name in sys.argv[1:]]))
