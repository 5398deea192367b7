"""Holds previews of `.h5` files of all round-trip families against live trees.

`python -m tests.files.preview.h5_families [FAMILY]...`. Each family as it is made, and in the state with edits of
every kind; saved as the program saves. Takes minutes.
"""

from __future__ import annotations

import sys
import tempfile
import warnings
from pathlib import Path

from editor.errors import EditorError
from editor.files.options import OpenOptions
from editor.files.preview import read_preview
from editor.keras_model.h5_saving import save_h5
from editor.keras_model.loading import load_model
from editor.keras_model.walk import walk_model
from editor.layers.tree import LayerTree
from tests.files.preview.same_tree import check_same
from tests.round_trip import states
from tests.round_trip.families import CUSTOM_OBJECTS, FAMILIES, Family


def main() -> None:
    """Prints a line a file; names on the command line choose families."""
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        for family in FAMILIES:
            if not family.skipped and (not sys.argv[1:] or family.name in sys.argv[1:]):
                _check(family, Path(folder) / "model.h5")


def _check(family: Family, path: Path) -> None:
    index = walk_model(family.model())
    for tree in (LayerTree(index.root), states.made(index.root, states.EVERY_KIND)):
        path.unlink(missing_ok=True)
        try:
            save_h5(
                index, tree.freeze_map(), path, custom_objects=CUSTOM_OBJECTS, options=OpenOptions.of_code(family.code)
            )
        except EditorError as error:
            print(f"{family.name}: no such file, {error.summary}")
            return
        live = walk_model(load_model(path, CUSTOM_OBJECTS)).root
        try:
            unknown = check_same(read_preview(path).root, live)
        except AssertionError as error:
            print(f"{family.name}: OTHER than live, {str(error).partition(chr(10))[0]}")
        else:
            print(f"{family.name}: the same; class unknown of {len(unknown)} layers {unknown[:6]}")


if __name__ == "__main__":
    main()
