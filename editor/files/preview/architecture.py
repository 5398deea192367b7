"""Reads the layers of an architecture in a `.json` file, which has no weights."""

from __future__ import annotations

from pathlib import Path

from editor.files.code_needs import code_needs
from editor.files.facts import Preview
from editor.files.keras_archive import usable_freeze_map
from editor.files.look import Look
from editor.files.preview.draft_records import records
from editor.files.preview.drafts import Draft, walk
from editor.files.preview.map_names import name_by_map
from editor.files.preview.shapes import fill_by_rules, infer_shapes
from editor.files.preview.skeleton import draft_of
from editor.wording import some_of

NO_WEIGHTS = "This file holds an architecture without weights; a model opened from it has random ones."

_MOST_NAMES = 5


def preview_json(look: Look) -> Preview:
    """What an architecture that was found sound tells.

    Raises:
        FileError: It is no configuration of a model after all.
    """
    root = draft_of(look.config)
    freeze_map, remarks = usable_freeze_map(Path(look.facts.path))
    infer_shapes(root)
    fill_by_rules(root)
    if freeze_map:
        name_by_map(root, freeze_map)
    return Preview(
        facts=look.facts,
        root=records(root),
        model_name=root.layer_name,
        freeze_map=freeze_map,
        input_shapes=root.input_shapes,
        needs=code_needs(look.config),
        notes=(*remarks, NO_WEIGHTS, *_note_of_unknown(root)),
    )


def _note_of_unknown(root: Draft) -> tuple[str, ...]:
    """Of the layers whose weights only Keras or a person's code knows."""
    names = [draft.layer_name or draft.class_name for draft in walk(root) if not draft.are_weights_told]
    if not names:
        return ()
    listed = some_of([*map(repr, names)], _MOST_NAMES)
    return (f"The weights of {listed} are not told by the file, and not counted.",)
