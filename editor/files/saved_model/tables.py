"""The words that the tables of a SavedModel look up: constants of its graph, read without running anything of it.

TensorFlow fills a table when it loads the model, by a function that takes the table, its keys and its values. Which
constants these are stands in the object graph; their values stand in the graph.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np

from editor.errors import FileError
from editor.files.saved_model.messages import DecodeError, decode
from editor.files.saved_model.objects import SavedObjects, dtype_name
from editor.files.saved_model.place import MODEL_FILE
from editor.files.saved_model.wire import Field, WireError, content, fields_of

Words = list[str] | list[int]

LOOKUPS = frozenset({"StringLookup", "IntegerLookup", "IndexLookup"})
"""Classes of the layers that hold a table; a TextVectorization holds one of these."""

_META_GRAPH = 2  # of SavedModel
_GRAPH, _OBJECT_GRAPH = 2, 7  # of MetaGraphDef
_OPERATION, _FUNCTION = 1, 2  # of GraphDef and of SavedObjectGraph
_NAME = 1  # of NodeDef, which stands first in it

# A vocabulary of a million words has some 10 MB.
_MAX_TABLE_BYTES = 64 << 20
_MAX_FUNCTION_BYTES = 8 << 20
_TABLES = ("lookup_table", "_table")
_FILL = "_initialize"


def lookup_layers(objects: SavedObjects) -> dict[int, int]:
    """The function that fills the table of each layer that has one: two numbers of objects."""
    found = {}
    for number, node in enumerate(objects.nodes):
        if node.metadata.get("class_name") not in LOOKUPS:
            continue
        for name in _TABLES:
            fill = _held(objects, _held(objects, number, name), _FILL)
            if fill is not None and objects.nodes[fill].functions:
                found[number] = fill
    return found


def read_words(folder: Path, objects: SavedObjects) -> dict[int, Words]:
    """The words of each table in the order of their indices, by the number of the layer that holds it.

    A table that is not filled from constants, as one that is filled from a file, is left out.

    Raises:
        FileError: The graph is damaged, or a table larger than any model needs.
        OSError: It cannot be read.
    """
    layers = lookup_layers(objects)
    if not layers:
        return {}
    path = folder / MODEL_FILE
    try:
        with path.open("rb") as stream:
            parts = list(_parts(stream, path.stat().st_size))
            constants = _constants(stream, parts, objects, layers)
            wanted = {name for pair in constants.values() for name in pair}
            values = _values(stream, parts, wanted)
    except (WireError, DecodeError, ValueError) as error:
        raise FileError(
            f"{folder.name} is a damaged SavedModel: the words of its tables cannot be read.",
            hint="Copy the whole folder again, or save the model again.",
            details=repr(error),
        ) from error
    return {
        number: words
        for number, names in constants.items()
        if (words := _words([values.get(name, []) for name in names], is_inverted=_is_inverted(objects, number)))
    }


def _is_inverted(objects: SavedObjects, number: int) -> bool:
    """Whether the table of a layer looks up words by their indices."""
    config = objects.nodes[number].metadata.get("config")
    return isinstance(config, dict) and config.get("invert") is True


def _held(objects: SavedObjects, number: int | None, name: str) -> int | None:
    if number is None:
        return None
    held = objects.nodes[number].children.get(name)
    return held if held is not None and 0 <= held < len(objects.nodes) else None


def _parts(stream: IO[bytes], size: int) -> Iterator[Field]:
    for graph in fields_of(stream, 0, size):
        if graph.number == _META_GRAPH:
            yield from fields_of(stream, graph.start, graph.end)
            return


def _constants(
    stream: IO[bytes], parts: list[Field], objects: SavedObjects, layers: Mapping[int, int]
) -> dict[int, list[str]]:
    """Names of the operations that the table of each layer is filled from, by the layer's number."""
    by_name = {name: number for number, fill in layers.items() for name in objects.nodes[fill].functions}
    found = {}
    for part in (part for part in parts if part.number == _OBJECT_GRAPH):
        for each in fields_of(stream, part.start, part.end):
            if each.number != _FUNCTION:
                continue
            function = decode("NamedFunction", content(stream, each, _MAX_FUNCTION_BYTES))
            if function.key in by_name:
                inputs = [at for at in function.value.bound_inputs if 0 <= at < len(objects.nodes)]
                names = [objects.nodes[at].operation for at in inputs]
                found[by_name[function.key]] = [name for name in names if name]
    return found


def _values(stream: IO[bytes], parts: list[Field], wanted: set[str]) -> dict[str, Any]:
    """The values of the constants of these names; what else the graph has is passed over."""
    found = {}
    for part in (part for part in parts if part.number == _GRAPH):
        for each in fields_of(stream, part.start, part.end):
            if each.number == _OPERATION and (name := _name(stream, each)) in wanted:
                operation = decode("Operation", content(stream, each, _MAX_TABLE_BYTES))
                tensor = next((attr.value.tensor for attr in operation.attr if attr.key == "value"), None)
                if operation.op == "Const" and tensor is not None:
                    found[name] = _array(tensor)
    return found


def _name(stream: IO[bytes], operation: Field) -> str:
    first = next(fields_of(stream, operation.start, operation.end), None)
    if first is None or first.number != _NAME:
        return ""
    return content(stream, first, _MAX_FUNCTION_BYTES).decode(errors="replace")


def _array(tensor: Any) -> list[Any]:
    """The values of a constant; its last one stands for all that follow (`tensor.proto`)."""
    size = math.prod(max(dim.size, 0) for dim in tensor.tensor_shape.dim)
    if size > _MAX_TABLE_BYTES:
        raise ValueError(f"a table of {size:,} entries")
    if tensor.tensor_content:
        return [*np.frombuffer(tensor.tensor_content, dtype_name(tensor.dtype)).tolist()]
    values: list[Any] = [*tensor.string_val, *tensor.int64_val, *tensor.int_val]
    filled: list[Any] = (values + values[-1:] * (size - len(values)))[:size]
    return filled


def _words(columns: list[list[Any]], *, is_inverted: bool) -> Words | None:
    """The words of a table in the order of their indices; None where these leave gaps."""
    if len(columns) != 2 or not columns[0] or len(columns[0]) != len(columns[1]):
        return None
    words, numbers = reversed(columns) if is_inverted else columns
    if not all(isinstance(number, int) for number in numbers):
        return None
    pairs = sorted(zip(numbers, words, strict=True))
    if [number for number, _ in pairs] != list(range(pairs[0][0], pairs[0][0] + len(pairs))):
        return None
    return [word.decode("utf-8", errors="replace") if isinstance(word, bytes) else word for _, word in pairs]
