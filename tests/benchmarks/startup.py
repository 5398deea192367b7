"""How soon the window is on screen, beside `import tensorflow`: `python -m tests.benchmarks.startup`.

Runs in pairs, one after the other, so that a busy machine slows both; the medians are compared.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time

NUM_PAIRS = 7


def main() -> None:
    """Prints both medians and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=NUM_PAIRS)
    num_pairs = parser.parse_args().pairs
    _seconds_to_window()  # Compiles the bytecode, so that the first pair is like the others.
    pairs = [(_seconds_to_window(), _seconds_to_import()) for _ in range(num_pairs)]
    window, tensorflow = (statistics.median(column) for column in zip(*pairs, strict=True))
    print(f"window shown after   {window:.2f} s (median of {num_pairs})")
    print(f"import tensorflow    {tensorflow:.2f} s (median of {num_pairs})")
    print(f"ratio                {window / tensorflow:.3f}")


def _seconds_to_window() -> float:
    with tempfile.TemporaryDirectory() as folder:
        own_files = {"FROSTLINE_SETTINGS": f"{folder}/settings.ini", "FROSTLINE_WORKSPACES": f"{folder}/workspaces"}
        start = time.perf_counter()
        # perf_counter is the system's monotonic clock, the same in both processes.
        done = subprocess.run(
            [sys.executable, "-m", "tests.benchmarks.first_window"],
            check=True,
            capture_output=True,
            text=True,
            env={"QT_QPA_PLATFORM": "offscreen", **os.environ, **own_files},
        )
    return float(done.stdout.split()[-1]) - start


def _seconds_to_import() -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import tensorflow"], check=True, capture_output=True)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
