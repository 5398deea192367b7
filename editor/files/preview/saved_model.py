"""A SavedModel as its files alone tell it: Keras's description where there is one, else the variables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from editor.errors import FileError
from editor.files.facts import Preview
from editor.files.preview.saved_objects import layers_of_objects
from editor.files.preview.saved_variables import layers_of_variables
from editor.files.saved_model.folder import facts_of, read_map_beside
from editor.files.saved_model.objects import SavedObjects, is_keras, read_objects, saved_model_folder
from editor.layers.records import Shape

_NO_KERAS = (
    "This SavedModel was written without Keras's description of its layers, so it can be looked at but not loaded;"
    " open the .keras or .h5 file that it was made from, or save one with the program that made it."
)


def preview_saved_model(path: Path) -> Preview:
    """What a SavedModel folder tells of its layers.

    Args:
        path: The folder, or the `saved_model.pb` in it.

    Raises:
        FileError: It is no SavedModel, or a file of it is damaged, hostile, or missing.
        FreezeMapError: The map beside it is none.
        OSError: It cannot be read.
    """
    folder = saved_model_folder(path)
    if folder is None:
        raise FileError(f"{path.name} is no SavedModel: it has no saved_model.pb.", hint="Choose the whole folder.")
    objects = read_objects(folder)
    preview = Preview(
        facts=facts_of(folder, objects),
        root=layers_of_objects(objects) if is_keras(objects) else layers_of_variables(objects, folder),
        freeze_map=read_map_beside(folder),
    )
    if not is_keras(objects):
        return msgspec.structs.replace(preview, obstacle=_NO_KERAS, notes=_notes(objects))
    metadata = objects.root.metadata
    return msgspec.structs.replace(
        preview,
        model_name=str(metadata.get("name", "")),
        compiled=_dict(metadata.get("training_config")),
        input_shapes=input_shapes(metadata),
    )


def input_shapes(metadata: dict[str, Any]) -> tuple[Shape, ...]:
    """One shape for each input, as Keras describes it at the root; none where it does not."""
    return tuple(_shapes(metadata.get("build_input_shape")))


def _shapes(value: Any) -> list[Shape]:
    if isinstance(value, dict):
        return [shape for key in sorted(value) for shape in _shapes(value[key])]
    if not isinstance(value, list) or not value:
        return []
    if all(size is None or type(size) is int for size in value):
        return [tuple(value)]
    return [shape for item in value for shape in _shapes(item)]


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _notes(objects: SavedObjects) -> tuple[str, ...]:
    writer = f"TensorFlow {objects.tensorflow_version} wrote it" if objects.tensorflow_version else "It was written"
    signatures = ", ".join(map(repr, objects.signatures[:10])) or "none"
    return (f"{writer} for serving; its signatures: {signatures}.",)
