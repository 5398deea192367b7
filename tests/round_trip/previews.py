"""Previews beside live models: `python -m tests.round_trip.previews [--examples N] [--h5] [FAMILY…]`.

Each family goes into files in some freeze states, saved by the program and by plain Keras; each file is read as a
preview and loaded by Keras. Prints what differs, and what a preview does not tell; ends non-zero if anything differs.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from editor.files.facts import Preview
from editor.files.preview import read_preview
from editor.keras_model.flags import apply_tree
from editor.keras_model.loading import load_model
from editor.keras_model.walk import walk_model
from editor.layers.records import LayerRecord
from editor.layers.tree import LayerTree
from tests.round_trip.families import CUSTOM_OBJECTS, FAMILIES, Family
from tests.round_trip.parity import UNKNOWN_KINDS, Parity, compare
from tests.round_trip.states import EVERY_KIND, Edit, State, made
from tests.round_trip.trip import Trips


def states(num_states: int) -> Iterator[State]:
    """One state made by edits of every kind, then others with each bit at random: the same ones at every run."""
    yield EVERY_KIND
    for seed in range(1, num_states):
        yield (Edit("all at random", seed, trainable=True, updates=False),)


def check_family(family: Family, folder: Path, num_states: int, *, also_h5: bool = False) -> Parity:
    """What previews of the files of a family say, all states and savers together."""
    trips = Trips(family, folder)
    whole = Parity()
    for state in states(num_states):
        for path, is_ours in _files(trips, state, also_h5=also_h5):
            _add(whole, _check_file(path, family, is_ours=is_ours), path.name)
    return whole


def _files(trips: Trips, state: State, *, also_h5: bool) -> Iterator[tuple[Path, bool]]:
    """The files of one state, and whether the program wrote them."""
    trips.tree = made(trips.index.root, state)
    for ending in (".keras", ".h5") if also_h5 else (".keras",):
        if path := trips.save(ending):
            yield path, True
    if trips.family.refusal:
        return
    plain = trips.folder / f"plain {trips.family.name}.keras"
    apply_tree(trips.index, trips.tree)
    trips.index.model.save(plain)
    yield plain, False


def _check_file(path: Path, family: Family, *, is_ours: bool) -> Parity:
    preview = read_preview(path)
    live = walk_model(load_model(path, CUSTOM_OBJECTS)).root
    parity = compare(preview, live, is_renamed=family.renames)
    if is_ours:
        # Where no key is known, the map is for the live model alone.
        parity.differences += _differences_of_states(preview, live) if "store key" not in parity.unknown else []
    return parity


def _differences_of_states(preview: Preview, live: LayerRecord) -> list[str]:
    """The states of all weights after the map in the file is laid over both."""
    found, right = _states(preview.root, preview), _states(live, preview)
    return [
        f"{store}: states {found.get(store)}, are {states}"
        for store, states in right.items()
        if found.get(store) != states
    ]


def _states(root: LayerRecord, preview: Preview) -> dict[str, list[str]]:
    tree = LayerTree(root)
    assert preview.freeze_map
    tree.apply(tree.plan_map(preview.freeze_map)[0])
    return {
        layer.record.store: [tree.state(weight).value for weight in layer.weights]
        for layer in tree.walk_layers()
        if layer.weights and tree.is_first_place(layer)
    }


def _add(whole: Parity, parity: Parity, name: str) -> None:
    whole.differences += [f"{name}: {line}" for line in parity.differences]
    kind = "plain Keras: " if name.startswith("plain") else ""
    for each, paths in parity.unknown.items():
        known = whole.unknown.setdefault(kind + each, [])
        known += [path for path in paths if path not in known]


def main() -> int:
    """Takes each family, prints what differs and what is unknown, and gives the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.round_trip.previews", description=__doc__)
    parser.add_argument("families", nargs="*", metavar="FAMILY", help="names of the families to take (all)")
    parser.add_argument("--examples", type=int, default=3, help="states for each family (%(default)s)")
    parser.add_argument("--h5", action="store_true", help="also as .h5, which is slow")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    num_failed = 0
    for family in FAMILIES:
        if not arguments.families or family.name in arguments.families:
            num_failed += not _take(family, arguments.examples, also_h5=arguments.h5)
    print(f"{num_failed} families differ")
    return 1 if num_failed else 0


def _take(family: Family, num_states: int, *, also_h5: bool) -> bool:
    started = time.perf_counter()
    if family.skipped:
        print(f"{family.name}: skipped: {family.skipped}", flush=True)
        return True
    try:
        with tempfile.TemporaryDirectory() as folder:
            parity = check_family(family, Path(folder), num_states, also_h5=also_h5)
    # Whatever it is, the other families are to have their turn.
    except Exception:  # noqa: BLE001
        traceback.print_exc()
        parity = Parity(["FAILED"])
    seconds = time.perf_counter() - started
    print(f"{family.name}: {'DIFFERS' if parity.differences else 'equal'} ({seconds:.1f} s)", flush=True)
    for line in dict.fromkeys(parity.differences):
        print(f"    {line}")
    for kind, paths in sorted(parity.unknown.items()):
        if kind.split(": ")[-1] in UNKNOWN_KINDS:
            shown = ", ".join(paths[:4]) + (f" and {len(paths) - 4} more" if len(paths) > 4 else "")
            print(f"    unknown {kind}: {len(paths)} ({shown})")
    return not parity.differences


if __name__ == "__main__":
    sys.exit(main())
