"""The preview of a whole model in HDF5, as Keras 1, 2 and 3 write it: the architecture with the shapes of its weights.

No value of a weight is read.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py

from editor.files.code_needs import code_needs
from editor.files.facts import FileFacts, Preview
from editor.files.keras_archive import reading
from editor.files.preview.draft_records import records
from editor.files.preview.hdf5_variables import fill_variables
from editor.files.preview.skeleton import Draft, draft_of
from editor.files.probe_hdf5 import MAP_ATTRIBUTE
from editor.files.safe_json import parse_json_object
from editor.files.stored_weights import stored_weights, text_of
from editor.layers.freeze_map import FreezeMap
from editor.layers.plain_config import plain_value

_CONFIG = "model_config"
_TRAINING = "training_config"
_SETTINGS = {"optimizer_config": "optimizer", "sample_weight_mode": ""}
"""What the older compile settings call otherwise than `compile_config`, or have and mean nothing by."""


def preview_hdf5(path: Path, facts: FileFacts) -> Preview:
    """The tree of a model in an HDF5 file that was found sound.

    Raises:
        FileError: The file is damaged.
        FreezeMapError: What stands in the place of its freeze map is none.
    """
    with reading(path), h5py.File(path, "r") as file:
        config, training, freeze_map = (_text(file, key) for key in (_CONFIG, _TRAINING, MAP_ATTRIBUTE))
        stored = stored_weights(file)
    architecture = parse_json_object(config, f"The architecture in {path.name}")
    compiled = parse_json_object(training, f"The compile settings in {path.name}") if training else {}
    root = draft_of(architecture)
    notes = fill_variables(root, stored.layers) if stored.is_by_name else ()
    return Preview(
        facts=facts,
        root=records(root),
        model_name=root.layer_name,
        freeze_map=FreezeMap.from_json(freeze_map) if freeze_map else None,
        compiled=_compiled(compiled),
        input_shapes=_input_shapes(root),
        needs=code_needs(architecture, compiled=compiled),
        notes=notes,
    )


def _text(file: h5py.File, key: str) -> str:
    return text_of(file.attrs[key]) if key in file.attrs else ""


def _compiled(training: dict[str, Any]) -> dict[str, Any]:
    """The settings under the names that Keras 3 has for them."""
    named = ((_SETTINGS.get(key, key), value) for key, value in training.items())
    return {key: plain_value(value) for key, value in named if key and value not in (None, {}, [])}


def _input_shapes(root: Draft) -> tuple[Any, ...]:
    return root.input_shapes
