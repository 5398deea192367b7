"""Reads the layers of an architecture in a `.json` file, which has no weights."""

from __future__ import annotations

from editor.files.code_needs import code_needs
from editor.files.facts import Preview
from editor.files.look import Look
from editor.files.preview.draft_records import records
from editor.files.preview.shapes import fill_by_rules, infer_shapes
from editor.files.preview.skeleton import draft_of

NO_WEIGHTS = "This file holds an architecture without weights; a model opened from it has random ones."


def preview_json(look: Look) -> Preview:
    """What an architecture that was found sound tells.

    Raises:
        FileError: It is no configuration of a model after all.
    """
    root = draft_of(look.config)
    infer_shapes(root)
    fill_by_rules(root)
    return Preview(
        facts=look.facts,
        root=records(root),
        model_name=root.layer_name,
        input_shapes=root.input_shapes,
        needs=code_needs(look.config),
        notes=(NO_WEIGHTS,),
    )
