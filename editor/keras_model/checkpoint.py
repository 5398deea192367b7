"""Reads the weights of a SavedModel from its checkpoint, without its graph."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tensorflow as tf

# TensorFlow's description of a checkpoint has no public name.
from tensorflow.core.protobuf.trackable_object_graph_pb2 import TrackableObjectGraph

from editor.errors import FileError
from editor.files.preview.saved_objects import layer_places, variables_in
from editor.files.saved_model.objects import SavedObjects
from editor.keras_model.error_text import first_sentence
from editor.keras_model.stored_places import Places, StoredWeight

_OBJECTS_KEY = "_CHECKPOINTABLE_OBJECT_GRAPH"


def checkpoint_prefix(folder: Path) -> str:
    """What TensorFlow calls the checkpoint of a SavedModel folder."""
    return str(folder / "variables" / "variables")


def read_weights(folder: Path, objects: SavedObjects) -> Places:
    """The weights of each layer, by its path.

    Raises:
        FileError: The checkpoint is damaged, or lacks a weight.
    """
    try:
        reader = tf.train.load_checkpoint(checkpoint_prefix(folder))
        keys = _keys(objects, TrackableObjectGraph.FromString(reader.get_tensor(_OBJECTS_KEY)))
        values = {number: reader.get_tensor(key) for number, key in keys.items()}
    # TensorFlow raises errors of many classes here, and RuntimeError and ValueError.
    except Exception as error:
        raise FileError(
            f"The weights in {folder.name!r} cannot be read: {first_sentence(error)}",
            hint="Copy the whole folder again, or save the model again.",
            details=repr(error),
        ) from error
    return {path: _own(objects, number, values, folder) for path, number in layer_places(objects)}


def _own(objects: SavedObjects, number: int, values: dict[int, Any], folder: Path) -> list[StoredWeight]:
    weights = []
    for attribute, at in variables_in(objects, number):
        variable = objects.nodes[at].variable
        if at not in values or not variable:
            raise FileError(
                f"The values of {attribute!r} are missing in {folder.name!r}.", hint="Save the model again."
            )
        weights.append(StoredWeight(variable.name.rpartition("/")[2] or attribute, values[at]))
    return weights


def _keys(objects: SavedObjects, graph: Any) -> dict[int, str]:
    """The name in the checkpoint of each variable, by its number among the objects.

    Both describe the same objects, but a checkpoint lists only those that lead to values; so both are walked by name.
    """
    keys: dict[int, str] = {}
    seen: set[int] = set()
    waiting = [(0, 0)]
    while waiting:
        number, at = waiting.pop()
        if number in seen or not (0 <= number < len(objects.nodes) and 0 <= at < len(graph.nodes)):
            continue
        seen.add(number)
        if objects.nodes[number].variable and graph.nodes[at].attributes:
            keys[number] = graph.nodes[at].attributes[0].checkpoint_key
        held = {child.local_name: child.node_id for child in graph.nodes[at].children}
        waiting.extend((inner, held[name]) for name, inner in objects.nodes[number].children.items() if name in held)
    return keys
