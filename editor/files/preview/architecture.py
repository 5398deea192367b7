"""Reads the layers of an architecture in a `.json` file, which has no weights."""

from __future__ import annotations

from pathlib import Path

from editor.files.code_needs import code_needs
from editor.files.facts import FileFacts, Preview
from editor.files.preview.draft_records import records
from editor.files.preview.shapes import fill_by_rules, infer_shapes
from editor.files.preview.skeleton import draft_of
from editor.files.probe_json import read_architecture

NO_WEIGHTS = "This file holds an architecture without weights; a model opened from it has random ones."


def preview_json(path: Path, facts: FileFacts) -> Preview:
    """What an architecture that was found sound tells.

    Raises:
        FileError: It cannot be read after all.
    """
    config = read_architecture(path)
    root = draft_of(config)
    infer_shapes(root)
    fill_by_rules(root)
    return Preview(
        facts=facts,
        root=records(root),
        model_name=root.layer_name,
        input_shapes=root.input_shapes,
        needs=code_needs(config),
        notes=(NO_WEIGHTS,),
    )
