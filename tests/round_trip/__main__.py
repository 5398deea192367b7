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
from tests.round_trip.seen import Seen, compare
from tests.round_trip.trip import FORMATS, Trips

_WIDTHS = (50, 8, 9, 9, 9, 0)

LastFiles = list[tuple[Family, Path, Seen]]
"""The last files of each family, with what must be in them."""


def main() -> int:
    """Takes each family through its states, prints a line for each, and gives the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.round_trip", description=__doc__)
    parser.add_argument("families", nargs="*", metavar="FAMILY", help="names of the families to take (all)")
    parser.add_argument("--examples", type=int, default=5, help="states for each family (%(default)s)")
    parser.add_argument("--h5", type=int, default=2, help="how many of them also as .h5, which is slow (%(default)s)")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    chosen = [family for family in FAMILIES if not arguments.families or family.name in arguments.families]
    started = time.perf_counter()
    last_files: LastFiles = []
    _print_row("family", "states", *FORMATS, "seconds", "result")
    with tempfile.TemporaryDirectory() as folder:
        states = (arguments.examples, arguments.h5)
        results = [_take(family, states, Path(folder), last_files) for family in chosen]
        results.append(_take_fresh_process(last_files))
    num_failed = results.count(False)
    print(f"{len(chosen)} families, {num_failed} failures, {time.perf_counter() - started:.0f} s")
    return 1 if num_failed else 0


def _take(family: Family, states: tuple[int, int], folder: Path, last_files: LastFiles) -> bool:
    started = time.perf_counter()
    if family.skipped:
        _print_row(family.name, 0, "", "", 0, f"skipped: {family.skipped}")
        return True
    try:
        trips = Trips(family, folder)
        num_made = check_family(trips, *states)
    # Whatever it is, the other families are to have their turn.
    except Exception:  # noqa: BLE001
        traceback.print_exc()
        _print_row(family.name, states[0], "", "", time.perf_counter() - started, "FAILED")
        return False
    last_files += [(family, path, seen) for path, seen in trips.last.items()]
    counts = [_count(trips, ending) for ending in FORMATS]
    equal = "refused, as it must be" if family.refusal else "flags and outputs" if family.merges else "all bit for bit"
    _print_row(family.name, num_made, *counts, time.perf_counter() - started, equal)
    return True


def _take_fresh_process(last_files: LastFiles) -> bool:
    """The last file of each family, in a process that has built nothing before."""
    started = time.perf_counter()
    is_right = True
    found = seen_in_fresh_process([path for _, path, _ in last_files])
    for seen, (family, path, expected) in zip(found, last_files, strict=True):
        try:
            assert isinstance(seen, Seen), seen
            compare(seen, expected, family)
        except AssertionError as error:
            print(f"{path.name}: {error}", file=sys.stderr)
            is_right = False
    text = "as before" if is_right else "FAILED"
    _print_row(f"{len(last_files)} files in a fresh process", "", "", "", time.perf_counter() - started, text)
    return is_right


def _count(trips: Trips, ending: str) -> str:
    num_refused = len(trips.refusals[ending])
    return f"{trips.saved[ending]}" + (f" (-{num_refused})" if num_refused else "")


def _print_row(*cells: object) -> None:
    texts = [f"{cell:.1f}" if isinstance(cell, float) else str(cell) for cell in cells]
    print("".join(text.ljust(width) for text, width in zip(texts, _WIDTHS, strict=True)), flush=True)


if __name__ == "__main__":
    sys.exit(main())
