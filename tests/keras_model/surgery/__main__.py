"""Cuts every family of models at many places, and re-initialises them: `python -m tests.keras_model.surgery [NAME]…`.

Each edit is refused in words, or leaves what stays as it was, bit for bit, and has the parameters that were foretold.
"""

from __future__ import annotations

import random
import sys
import tempfile
from pathlib import Path

from editor.errors import EditorError
from editor.keras_model.surgery import Changed, edit_structure, reinitialise
from editor.keras_model.values import weight_digests
from editor.keras_model.walk import ModelIndex, walk_model
from editor.layers.cutting import cut_at, found_cut, places_to_cut
from editor.layers.structure import AddLayers, Head, RenameLayer, ReplaceHead, StructureEdit, fitting_poolings
from editor.layers.tree import LayerTree
from tests.round_trip.families import CUSTOM_OBJECTS, FAMILIES, Family
from widgets.dialogs.cut_form import num_parameters_after

NUM_PLACES = 4


def edits_of(tree: LayerTree, source: random.Random) -> list[StructureEdit]:
    """The place that is found, some others, layers on top, and another name."""
    found = found_cut(tree)
    places = list(places_to_cut(tree))
    chosen = [*([found.layer] if found else []), *source.sample(places, min(NUM_PLACES, len(places)))]
    edits: list[StructureEdit] = []
    for layer in chosen:
        pooling = source.choice(fitting_poolings(layer.record.output_shapes[0]) or ("none",))
        edits.append(ReplaceHead(path=layer.path, head=Head(units=3, pooling=pooling, dropout=0.1), seed=1))
    shapes = tree.root.record.output_shapes
    pooling = (fitting_poolings(shapes[0]) or ("none",))[0] if shapes else "none"
    edits.append(AddLayers(head=Head(units=3, pooling=pooling), seed=1))
    if tree.root.children:
        edits.append(RenameLayer(path=tree.root.children[-1].path, name="quite_another"))
    return edits


def wrong_in(index: ModelIndex, tree: LayerTree, edit: StructureEdit, changed: Changed) -> list[str]:
    """What is not as it should be."""
    was, now = weight_digests(index), weight_digests(changed.index)
    after = LayerTree(changed.index.root)
    wrong = []
    for node in tree.walk_weights():
        layer = node.parent.path
        if layer in changed.kept:
            other = after.find(f"{changed.kept[layer]}:{node.path.rpartition(':')[2]}")
            if other is None or now[other.record.weight_id] != was[node.record.weight_id]:
                wrong.append(f"{node.path} differs")
    if isinstance(edit, ReplaceHead):
        cut = cut_at(tree, tree.find(edit.path))
        told = {below.path for top in cut.goes for below in tree.walk(top) if hasattr(below, "children")}
        first = {layer.path for layer in tree.walk_layers() if tree.is_first_place(layer)}
        gone = first - changed.kept.keys()
        if gone != told & first:
            wrong.append(f"goes {sorted(gone)[:4]}, told {sorted(told)[:4]}")
        expected = num_parameters_after(tree, cut, edit.head)
        if expected != after.account(after.root).total.parameters:
            wrong.append(f"{after.account(after.root).total.parameters} parameters, told {expected}")
    return wrong


def tried(family: Family, folder: Path) -> None:
    """Prints what came of all edits of one family."""
    index = walk_model(family.model())
    tree = LayerTree(index.root)
    source = random.Random(family.name)
    before = weight_digests(index)
    for number, edit in enumerate(edits_of(tree, source)):
        name = f"{family.name}: {type(edit).__name__} {getattr(edit, 'path', '')}"
        paths = folder / f"{family.name}.before.keras", folder / f"{family.name}.{number}.keras"
        try:
            changed = edit_structure(index, edit, *paths, CUSTOM_OBJECTS)
        except EditorError as error:
            print(f"  {name}: refused: {error}")
        else:
            wrong = wrong_in(index, tree, edit, changed)
            print(f"{'! ' if wrong else '  '}{name}: {'; '.join(wrong) or 'good'}")
        if weight_digests(index) != before:
            print(f"! {name}: the model before was changed")
    try:
        reinitialise(index, [index.model], seed=1, custom_objects=CUSTOM_OBJECTS)
        print(f"  {family.name}: re-initialised")
    except EditorError as error:
        print(f"  {family.name}: re-initialise refused: {error}")


def main() -> int:
    """Tries all families, or those named."""
    with tempfile.TemporaryDirectory() as folder:
        for family in FAMILIES:
            if not family.skipped and (family.name in sys.argv[1:] or not sys.argv[1:]):
                tried(family, Path(folder))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
