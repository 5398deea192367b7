"""A SavedModel as its files alone tell it: Keras's description where there is one, else the variables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from editor.errors import FileError
from editor.files.code_needs import code_needs
from editor.files.facts import CodeNeed, Preview
from editor.files.keras_archive import reading, usable_freeze_map
from editor.files.preview.compile_facts import compile_facts
from editor.files.preview.draft_records import records
from editor.files.preview.saved_objects import draft_of_objects, layer_places
from editor.files.preview.saved_variables import layers_of_variables
from editor.files.saved_model.folder import facts_of
from editor.files.saved_model.objects import SavedObjects, is_graph, is_keras, read_objects
from editor.files.saved_model.place import saved_model_folder
from editor.layers.records import Shape

NO_KERAS = (
    "This SavedModel was written without Keras's description of its layers, so it can be looked at but not loaded;"
    " open the .keras or .h5 file that it was made from, or save one with the program that made it."
)


def preview_saved_model(path: Path) -> Preview:
    """What a SavedModel folder tells of its layers.

    Args:
        path: The folder, or the `saved_model.pb` in it.

    Raises:
        FileError: It is no SavedModel, or a file of it is damaged, hostile, or missing.
    """
    folder = saved_model_folder(path)
    if folder is None:
        raise FileError(f"{path.name} is no SavedModel: it has no saved_model.pb.", hint="Choose the whole folder.")
    with reading(folder):
        objects = read_objects(folder)
        freeze_map, remarks = usable_freeze_map(folder)
        preview = Preview(
            facts=facts_of(folder, objects),
            root=records(draft_of_objects(objects)) if is_keras(objects) else layers_of_variables(objects, folder),
            freeze_map=freeze_map,
            notes=remarks,
        )
    if not is_keras(objects):
        return msgspec.structs.replace(preview, obstacle=NO_KERAS, notes=(*remarks, *_notes(objects)))
    metadata = objects.root.metadata
    return msgspec.structs.replace(
        preview,
        model_name=str(metadata.get("name", "")),
        compiled=compile_facts(objects.training_config),
        input_shapes=input_shapes(metadata),
        needs=_needs(objects),
    )


def _needs(objects: SavedObjects) -> tuple[CodeNeed, ...]:
    """What only code can make: where the configuration tells no layers, the classes of the objects."""
    if is_graph(objects.root):
        return code_needs(model_config(objects), compiled=objects.training_config)
    found: dict[CodeNeed, list[str]] = {}
    for path, number in layer_places(objects):
        class_name = objects.nodes[number].metadata.get("class_name")
        for need in code_needs({"class_name": class_name, "config": {}}) if isinstance(class_name, str) else ():
            found.setdefault(msgspec.structs.replace(need, paths=()), []).append(path)
    return tuple(msgspec.structs.replace(need, paths=tuple(paths)) for need, paths in found.items())


def model_config(objects: SavedObjects) -> dict[str, Any]:
    """The configuration of the model: its class and its arguments, with all layers where it is a graph."""
    metadata = objects.root.metadata
    whole = metadata.get("model_config")
    # It also tells which layers are one and the same in several models.
    if isinstance(whole, dict) and whole.get("class_name") == metadata["class_name"] and is_graph(objects.root):
        return {"class_name": whole["class_name"], "config": whole.get("config", {})}
    return {"class_name": metadata["class_name"], "config": metadata.get("config", {})}


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


def _notes(objects: SavedObjects) -> tuple[str, ...]:
    writer = f"TensorFlow {objects.tensorflow_version} wrote it" if objects.tensorflow_version else "It was written"
    signatures = ", ".join(map(repr, objects.signatures[:10])) or "none"
    return (f"{writer} for serving; its signatures: {signatures}.",)
