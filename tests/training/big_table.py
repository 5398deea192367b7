"""`python -m tests.training.big_table`: a CSV of 4 GB, refused in bounded memory, before anything trains.

Twice: on a machine whose memory it does not fit into (a limit of address space), by the size of its first rows; and
where it would fit, by the last row, which has a cell too few, found by reading all of it in pieces.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from editor.errors import DataError
from editor.training.data.table.plan import look_at

NUM_COLUMNS = 10
BLOCK_ROWS = 100_000


def write(path: Path, num_bytes: int) -> int:
    """Writes the table; gives the number of its last row."""
    header = ",".join(f"c{at}" for at in range(NUM_COLUMNS)) + "\n"
    row = ",".join(f"0.{at}234567890123" for at in range(NUM_COLUMNS)) + "\n"
    block = (row * BLOCK_ROWS).encode()
    num_blocks = num_bytes // len(block) + 1
    with path.open("wb") as file:
        file.write(header.encode())
        for _ in range(num_blocks):
            file.write(block)
        file.write(b"1,2,3\n")
    return num_blocks * BLOCK_ROWS + 2


def look(path: Path, limit_gb: float) -> None:
    """In a process of its own: what is said of the table, in which time and memory."""
    before = _peak_mb()
    if limit_gb:
        resource.setrlimit(resource.RLIMIT_AS, (int(limit_gb * 1e9), int(limit_gb * 1e9)))
    start = time.perf_counter()
    try:
        look_at(path)
    except DataError as error:
        said = str(error)
    else:
        said = "nothing"
    seconds = time.perf_counter() - start
    print(f"{seconds:.1f} s, {_peak_mb() - before:,.0f} MB above the start's {before:,.0f} MB: {said}")


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gb", type=float, default=4.0)
    parser.add_argument("--look", type=Path)
    parser.add_argument("--limit-gb", type=float, default=0)
    options = parser.parse_args()
    if options.look:
        look(options.look, options.limit_gb)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "big.csv"
        last = write(path, int(options.gb * 1e9))
        print(f"{path.stat().st_size / 1e9:.1f} GB, the last row is {last:,}")
        for limit in (options.gb / 2 + 0.5, 0):
            command = [sys.executable, "-m", "tests.training.big_table", "--look", str(path), "--limit-gb", str(limit)]
            result = subprocess.run(command, capture_output=True, text=True, check=False)
            print(
                f"{f'{limit:.1f} GB of memory' if limit else 'no limit'}: {result.stdout.strip()}{result.stderr[-500:]}"
            )


if __name__ == "__main__":
    main()
