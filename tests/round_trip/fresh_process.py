"""Opens files in a process that has built nothing before, so that automatic names count from the start (fact F9).

`python -m tests.round_trip.fresh_process FILE…` writes what it saw as a pickle to standard output.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

from tests.round_trip.seen import Seen, seen_in_file


def seen_in_fresh_process(files: list[Path]) -> list[Seen]:
    """What a new process sees in each file."""
    command = [sys.executable, "-m", "tests.round_trip.fresh_process", *map(str, files)]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, cwd=root, check=False, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()[-4000:]
    return pickle.loads(done.stdout)


if __name__ == "__main__":
    sys.stdout.buffer.write(pickle.dumps([seen_in_file(Path(name)) for name in sys.argv[1:]]))
