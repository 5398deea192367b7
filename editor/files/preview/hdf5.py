"""The preview of a whole model in HDF5, as Keras 1, 2 and 3 write it: the architecture with the shapes of its weights.

No value of a weight is read.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import h5py

from editor.files.code_needs import code_needs
from editor.files.facts import Preview
from editor.files.keras_archive import reading, usable_freeze_map
from editor.files.look import Look
from editor.files.preview.compile_facts import compile_facts
from editor.files.preview.draft_records import records
from editor.files.preview.hdf5_variables import fill_variables, name_nameless
from editor.files.preview.map_names import doubt_what_is_hidden, name_by_map
from editor.files.preview.shapes import infer_shapes
from editor.files.preview.skeleton import draft_of
from editor.files.safe_json import parse_json_object
from editor.files.stored_weights import stored_weights, text_of, type_obstacle

_TRAINING = "training_config"


def preview_hdf5(path: Path, look: Look) -> Preview:
    """The tree of a model in an HDF5 file that was found sound.

    Raises:
        FileError: The file is damaged.
    """
    with reading(path), h5py.File(path, "r") as file:
        training = _text(file, _TRAINING)
        stored = stored_weights(file)
    freeze_map, remarks = usable_freeze_map(path)
    compiled = parse_json_object(training, f"The compile settings in {path.name}") if training else {}
    numbered = name_nameless(look.config, stored.layers) if stored.is_by_name else frozenset()
    root = draft_of(look.config)
    for at, part in enumerate(root.parts):
        if part.draft.layer_name in numbered:
            root.parts[at] = replace(part, access=(), is_name_known=False)
    notes = fill_variables(root, stored.layers) if stored.is_by_name else ()
    infer_shapes(root)
    if freeze_map:
        name_by_map(root, freeze_map)
    return Preview(
        facts=look.facts,
        root=doubt_what_is_hidden(records(root), freeze_map) if freeze_map else records(root),
        model_name=root.layer_name,
        freeze_map=freeze_map,
        compiled=compile_facts(compiled),
        input_shapes=root.input_shapes,
        needs=code_needs(look.config, compiled=compiled),
        notes=(*remarks, *notes),
        obstacle=type_obstacle(stored.layers),
    )


def _text(file: h5py.File, key: str) -> str:
    return text_of(file.attrs[key]) if key in file.attrs else ""
