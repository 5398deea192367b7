"""The variables of a SavedModel that was written without Keras's description: a tree of the parts of their names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from editor.errors import FileError
from editor.files.saved_model.objects import SavedObjects, SavedVariable
from editor.files.saved_model.variables_index import read_index
from editor.layers.paths import escape
from editor.layers.records import LayerRecord, WeightRecord

_MAX_PARTS = 40
_OF_OBJECTS = "/.ATTRIBUTES/"
_ADDED_NAMES = frozenset({"_CHECKPOINTABLE_OBJECT_GRAPH", "save_counter", "global_step"})
_NOT_THE_MODELS = frozenset({"optimizer", "_all_variables", "keras_api", "signatures"})


class _Listed(NamedTuple):
    """A variable, and whether it trains: one may be frozen that was made to train."""

    variable: SavedVariable
    is_trainable: bool


@dataclass
class _Part:
    """What stands under one part of a name."""

    parts: dict[str, _Part] = field(default_factory=dict)
    variables: list[tuple[str, _Listed]] = field(default_factory=list)


def layers_of_variables(objects: SavedObjects, folder: Path) -> LayerRecord:
    """The variables by name and shape; the classes are not known.

    Args:
        objects: The objects of the file, without Keras's metadata.
        folder: The SavedModel.

    Raises:
        FileError: The checkpoint is damaged.
    """
    found = list(_of_objects(objects)) or list(_of_checkpoint(folder))
    top = _Part()
    for listed in found:
        *parts, name = listed.variable.name.split("/")
        if len(parts) > _MAX_PARTS:
            raise FileError(f"A variable in {folder.name} has a name of {len(parts)} parts.")
        place = top
        for part in parts:
            place = place.parts.setdefault(part, _Part())
        place.variables.append((name, listed))
    return _Numbering().record("", top)


def _of_objects(objects: SavedObjects) -> Iterator[_Listed]:
    """The variables that the root reaches; those that `keras.Model.export` lists as its own where it did."""
    listed = objects.root.children.get("variables")
    fixed = set(_listed(objects, objects.root.children.get("non_trainable_variables")))
    numbers: Iterable[int] = _listed(objects, listed) or _reached(objects)
    for number in numbers:
        variable = objects.nodes[number].variable
        if variable and variable.name not in _ADDED_NAMES:
            named = replace(variable, name=variable.name or f"variable_{number}")
            yield _Listed(named, variable.is_trainable and number not in fixed)


def _listed(objects: SavedObjects, number: int | None) -> list[int]:
    if number is None or not 0 <= number < len(objects.nodes):
        return []
    return [at for at in objects.nodes[number].children.values() if 0 <= at < len(objects.nodes)]


def _reached(objects: SavedObjects) -> list[int]:
    found: dict[int, None] = {}
    waiting = [0] if objects.nodes else []
    while waiting:
        number = waiting.pop()
        if number in found or not 0 <= number < len(objects.nodes):
            continue
        found[number] = None
        held = objects.nodes[number].children
        waiting.extend(at for name, at in reversed(held.items()) if name not in _NOT_THE_MODELS)
    return list(found)


def _of_checkpoint(folder: Path) -> Iterator[_Listed]:
    """Those of TensorFlow 1, which writes no objects."""
    for stored in read_index(folder):
        name = stored.key.partition(_OF_OBJECTS)[0]
        if name not in _ADDED_NAMES:
            yield _Listed(SavedVariable(name, stored.dtype, stored.shape, True), True)


class _Numbering:
    def __init__(self) -> None:
        self._num_layers = self._num_weights = 0

    def record(self, name: str, part: _Part) -> LayerRecord:
        layer_id, self._num_layers = self._num_layers, self._num_layers + 1
        return LayerRecord(
            layer_id=layer_id,
            name=escape(name),
            class_name="",
            weights=tuple(self._weights(part)),
            children=tuple(self.record(inner, held) for inner, held in part.parts.items()),
        )

    def _weights(self, part: _Part) -> Iterator[WeightRecord]:
        seen: dict[str, int] = {}
        for name, (variable, is_trainable) in part.variables:
            seen[name] = seen.get(name, 0) + 1
            yield WeightRecord(
                weight_id=self._num_weights,
                name=name if seen[name] == 1 else f"{name}#{seen[name]}",
                shape=variable.shape,
                dtype=variable.dtype,
                num_bytes=variable.num_bytes,
                is_statistics=not variable.is_trainable,
                is_trainable=is_trainable,
            )
            self._num_weights += 1
