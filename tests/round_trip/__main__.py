"""The full set of round trips: `python -m tests.round_trip [--examples N] [FAMILY…]`; ends non-zero on failure."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
import traceback
import warnings
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from tests.round_trip.drawing import check_family
from tests.round_trip.families import FAMILIES, Family
from tests.round_trip.fresh_process import seen_in_fresh_process
from tests.round_trip.seen import compare
from tests.round_trip.trip import FORMATS, Trips

_WIDTHS = (50, 8, 8, 9, 9, 9)


def main() -> int:
    """Takes each family through its states, prints a line for each, and gives the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.round_trip", description=__doc__)
    parser.add_argument("families", nargs="*", help="names of the families to take (all)")
    parser.add_argument("--examples", type=int, default=5, help="states for each family (%(default)s)")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    chosen = [family for family in FAMILIES if not arguments.families or family.name in arguments.families]
    _print_row("family", "states", *FORMATS, "seconds", "result")
    started = time.perf_counter()
    results = [_take(family, arguments.examples) for family in chosen]
    num_failed = results.count(False)
    print(f"{len(chosen)} families, {num_failed} failed, {time.perf_counter() - started:.0f} s")
    return 1 if num_failed else 0


def _take(family: Family, num_states: int) -> bool:
    if family.skipped:
        _print_row(family.name, 0, "-", "-", 0, f"skipped: {family.skipped}")
        return True
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        try:
            trips = Trips(family, Path(folder))
            num_made = check_family(trips, num_states)
            _check_fresh_process(trips)
        # Whatever it is, the other families are to have their turn.
        except Exception:  # noqa: BLE001
            traceback.print_exc()
            _print_row(family.name, num_states, "-", "-", time.perf_counter() - started, "FAILED")
            return False
    counts = [_count(trips, ending) for ending in FORMATS]
    result = "refused, as it must be" if family.refusal else "flags, outputs" if family.merges else "all bit for bit"
    _print_row(family.name, num_made, *counts, time.perf_counter() - started, result)
    return True


def _check_fresh_process(trips: Trips) -> None:
    """The files of the last state, in a process that counts automatic names from the start."""
    files = [path for ending in FORMATS if (path := trips.file(ending)).exists()]
    for seen in seen_in_fresh_process(files) if files else ():
        compare(seen, trips.expected(), trips.family)


def _count(trips: Trips, ending: str) -> str:
    num_refused = len(trips.refusals[ending])
    return f"{trips.saved[ending]}" + (f" (-{num_refused})" if num_refused else "")


def _print_row(*cells: object) -> None:
    texts = [f"{cell:.1f}" if isinstance(cell, float) else str(cell) for cell in cells]
    print("".join(text.ljust(width) for text, width in zip(texts, _WIDTHS, strict=True)), flush=True)


if __name__ == "__main__":
    sys.exit(main())
