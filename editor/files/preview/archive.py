"""Reads the layers of a `.keras` archive: its JSON members, and the shapes in its weights, in place (fact F20)."""

from __future__ import annotations

from pathlib import Path

from editor.files.code_needs import code_needs
from editor.files.facts import Preview
from editor.files.keras_archive import usable_freeze_map
from editor.files.look import Look
from editor.files.preview.compile_facts import compile_facts
from editor.files.preview.draft_records import records
from editor.files.preview.drafts import Draft, walk
from editor.files.preview.found_weights import fill
from editor.files.preview.map_names import name_by_map
from editor.files.preview.shapes import infer_shapes
from editor.files.preview.skeleton import draft_of
from editor.files.preview.weight_groups import WeightGroups

_COMPILE_KEY = "compile_config"


def preview_keras(path: Path, look: Look) -> Preview:
    """What a `.keras` archive that was found sound tells.

    Raises:
        FileError: It cannot be read after all.
    """
    root = draft_of(look.config)
    if look.weights:
        fill(root, WeightGroups(look.weights))
    freeze_map, notes = usable_freeze_map(path) if look.facts.has_freeze_map else (None, ())
    if freeze_map:
        name_by_map(root, freeze_map)
    infer_shapes(root)
    saved_at = look.metadata.get("date_saved")
    return Preview(
        facts=look.facts,
        root=records(root),
        model_name=root.layer_name,
        freeze_map=freeze_map,
        saved_at=saved_at if isinstance(saved_at, str) else "",
        compiled=compile_facts(look.config.get(_COMPILE_KEY)),
        input_shapes=root.input_shapes,
        needs=code_needs(look.config),
        notes=(*notes, *notes_on(root)),
    )


def notes_on(root: Draft) -> tuple[str, ...]:
    """What a person should know of a tree that is read from a file alone."""
    unknown = [draft for draft in walk(root) if not draft.class_name]
    if not unknown:
        return ()
    layers = "1 layer" if len(unknown) == 1 else f"{len(unknown):,} layers"
    return (f"The file does not tell the classes of {layers} inside layers of custom classes.",)
