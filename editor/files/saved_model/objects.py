"""The objects of a SavedModel: what holds what under which name, the variables, and Keras's metadata of each layer."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from editor.errors import FileError
from editor.files.saved_model.descriptions import Descriptions
from editor.files.saved_model.folder_guard import check_folder
from editor.files.saved_model.messages import DecodeError, decode
from editor.files.saved_model.place import METADATA_FILE, MODEL_FILE
from editor.files.saved_model.wire import Field, WireError, content, fields_of

_META_GRAPH = 2  # of SavedModel
_META_INFO, _SIGNATURE, _OBJECT_GRAPH = 1, 5, 7  # of MetaGraphDef
_NODE = 1  # of SavedObjectGraph and of SavedMetadata

# ResNet152V2, as tf_keras writes it, has 9,354 objects of 1.6 MB in all and 1.2 MB of metadata.
_MAX_NODES = 200_000
_MAX_CHILDREN = 1_000_000
_MAX_NODE_BYTES = 8 << 20
_MAX_METADATA_BYTES = 32 << 20
_MAX_GRAPH_BYTES = 64 << 20
_MAX_RANK = 32
_DAMAGED = (WireError, DecodeError, UnicodeDecodeError)
_AGAIN = "Copy the whole folder again, or save the model again."

# tensorflow/core/framework/types.proto
_DTYPES = {
    1: "float32", 2: "float64", 3: "int32", 4: "uint8", 5: "int16", 6: "int8", 7: "string", 8: "complex64",
    9: "int64", 10: "bool", 14: "bfloat16", 17: "uint16", 18: "complex128", 19: "float16", 22: "uint32", 23: "uint64",
}  # fmt: skip
_BYTES = {
    "bool": 1, "int8": 1, "uint8": 1, "float16": 2, "bfloat16": 2, "int16": 2, "uint16": 2, "float32": 4, "int32": 4,
    "uint32": 4, "float64": 8, "int64": 8, "uint64": 8, "complex64": 8, "complex128": 16,
}  # fmt: skip


@dataclass(frozen=True)
class SavedVariable:
    """A variable as the object graph describes it; its values are in the checkpoint.

    Attributes:
        name: TensorFlow's name, such as `dense/kernel`, without the `:0`.
        dtype: Name of the type; empty for one that no variable of Keras has.
        shape: Its shape; a size that the file does not tell counts as 0.
        is_trainable: The flag that it was made with.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    is_trainable: bool

    @property
    def num_bytes(self) -> int:
        """Size of its values; 0 for texts, whose size the shape does not tell."""
        return math.prod(self.shape) * _BYTES.get(self.dtype, 0)


@dataclass
class SavedNode:
    """One object.

    Attributes:
        children: The number of each object that it holds, by the name under which it holds it.
        identifier: What kind of Python object it was, such as `_tf_keras_layer`.
        variable: Its description, if it is a variable.
        metadata: Keras's description of a layer; empty for other objects.
        functions: Names in the graph of what it computes, if it is a function.
        operation: Name of the operation in the graph that has its value, if it is a constant.
    """

    children: dict[str, int] = field(default_factory=dict)
    identifier: str = ""
    variable: SavedVariable | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    functions: tuple[str, ...] = ()
    operation: str = ""


@dataclass
class SavedObjects:
    """What a SavedModel tells of its objects.

    Attributes:
        nodes: All objects, the root first; empty in the files of TensorFlow 1.
        signatures: Names of the functions that it offers for serving.
        tags: Of the graph that was read, such as `serve`.
        tensorflow_version: Of the writer; empty where the file does not tell.
    """

    nodes: list[SavedNode] = field(default_factory=list)
    signatures: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    tensorflow_version: str = ""

    @property
    def root(self) -> SavedNode:
        """The model itself; an empty object where there is none."""
        return self.nodes[0] if self.nodes else SavedNode()

    @property
    def training_config(self) -> dict[str, Any]:
        """How it was compiled, as `training_config` of an HDF5 file has it; empty if it was not."""
        config = self.root.metadata.get("training_config")
        return config if isinstance(config, dict) else {}

    @property
    def keras_version(self) -> str | None:
        """The version of Keras that wrote it; None where Keras did not."""
        version = self.root.metadata.get("keras_version")
        return version if isinstance(version, str) else None


_LAYER_KINDS = ("layer", "model", "network", "sequential", "rnn_layer", "input_layer")
_LAYER_IDENTIFIERS = frozenset(f"_tf_keras_{kind}" for kind in _LAYER_KINDS)


def is_layer(node: SavedNode) -> bool:
    """Whether an object is a layer or a model of Keras."""
    return node.identifier in _LAYER_IDENTIFIERS


def is_graph(node: SavedNode) -> bool:
    """Whether it is a Functional or Sequential model, whose configuration has its layers."""
    config = node.metadata.get("config")
    return isinstance(config, dict) and isinstance(config.get("layers"), list)


def is_keras(objects: SavedObjects) -> bool:
    """Whether Keras's description of the model is there."""
    return is_layer(objects.root) and isinstance(objects.root.metadata.get("class_name"), str)


def read_objects(folder: Path) -> SavedObjects:
    """Reads the objects of a SavedModel, not its graph.

    Raises:
        FileError: A file of it is damaged, or larger than any model needs.
        OSError: It cannot be read.
    """
    check_folder(folder)
    path = folder / MODEL_FILE
    try:
        with path.open("rb") as stream:
            objects = _read_model(stream, path.stat().st_size, Descriptions(f"A description in {folder.name}"))
    except _DAMAGED as error:
        raise _damaged(folder, MODEL_FILE, error) from error
    if (folder / METADATA_FILE).is_file():
        _add_metadata(objects, folder / METADATA_FILE)
    return objects


def _damaged(folder: Path, name: str, error: Exception) -> FileError:
    reason = str(error) if isinstance(error, WireError) else "a part of it cannot be read"
    return FileError(f"{folder.name} is a damaged SavedModel: in {name}, {reason}.", hint=_AGAIN, details=repr(error))


def _read_model(stream: IO[bytes], size: int, descriptions: Descriptions) -> SavedObjects:
    graph = next((each for each in fields_of(stream, 0, size) if each.number == _META_GRAPH), None)
    if graph is None:
        raise WireError("there is no graph")
    objects, signatures = SavedObjects(), []
    for each in fields_of(stream, graph.start, graph.end):
        if each.number == _META_INFO:
            # It holds the definitions of custom operations as well, which may be long.
            info = decode("MetaInfo", content(stream, each, _MAX_METADATA_BYTES))
            objects.tags, objects.tensorflow_version = tuple(info.tags), info.tensorflow_version
        elif each.number == _SIGNATURE:
            signatures.append(decode("SignatureEntry", content(stream, each, _MAX_NODE_BYTES)).key)
        elif each.number == _OBJECT_GRAPH:
            objects.nodes = list(_nodes(stream, each, descriptions))
    objects.signatures = tuple(sorted(name for name in signatures if not name.startswith("__")))
    return objects


def _nodes(stream: IO[bytes], graph: Field, descriptions: Descriptions) -> Iterator[SavedNode]:
    if graph.end - graph.start > _MAX_GRAPH_BYTES:
        raise WireError("there is more about its objects than in any model")
    num_nodes = num_children = 0
    for each in fields_of(stream, graph.start, graph.end):
        if each.number != _NODE:
            continue
        found = decode("SavedObject", content(stream, each, _MAX_NODE_BYTES))
        num_nodes, num_children = num_nodes + 1, num_children + len(found.children)
        if num_nodes > _MAX_NODES or num_children > _MAX_CHILDREN:
            raise WireError("there are more objects than any model has")
        yield _node(found, descriptions)


def _node(found: Any, descriptions: Descriptions) -> SavedNode:
    node = SavedNode({child.local_name: child.node_id for child in found.children})
    if found.HasField("variable"):
        node.variable = _variable(found.variable)
    elif found.HasField("function"):
        node.functions = tuple(found.function.concrete_functions)
    elif found.HasField("constant"):
        node.operation = found.constant.operation
    elif found.HasField("user_object"):
        node.identifier = found.user_object.identifier
        # TensorFlow 2.4 and older keep Keras's description here.
        if found.user_object.metadata and node.identifier.startswith("_tf_keras_"):
            node.metadata = descriptions.parse(found.user_object.metadata)
    return node


def _variable(found: Any) -> SavedVariable:
    if len(found.shape.dim) > _MAX_RANK:
        raise WireError(f"a variable of {len(found.shape.dim)} dimensions")
    shape = tuple(max(dim.size, 0) for dim in found.shape.dim)
    return SavedVariable(found.name.partition(":")[0], dtype_name(found.dtype), shape, found.trainable)


def dtype_name(number: int) -> str:
    """The name of one of TensorFlow's types; empty for one that no variable of Keras has."""
    # Types from 101 upwards are the same as references, which variables of TensorFlow 1 are.
    return _DTYPES.get(number - 100 if number > 100 else number, "")


def _add_metadata(objects: SavedObjects, path: Path) -> None:
    """Gives each layer what `keras_metadata.pb` says of it, which TensorFlow 2.5 and later write."""
    try:
        size = path.stat().st_size
        if size > _MAX_METADATA_BYTES:
            raise WireError(f"there are {size:,} bytes, where {_MAX_METADATA_BYTES:,} are enough for any model")
        descriptions = Descriptions(f"A description in {METADATA_FILE} in {path.parent.name}")
        with path.open("rb") as stream:
            for each in fields_of(stream, 0, size):
                if each.number == _NODE:
                    found = decode("KerasObject", content(stream, each, _MAX_METADATA_BYTES))
                    _describe(objects, found, descriptions)
    except _DAMAGED as error:
        raise _damaged(path.parent, METADATA_FILE, error) from error


def _describe(objects: SavedObjects, found: Any, descriptions: Descriptions) -> None:
    if not 0 <= found.node_id < len(objects.nodes):
        raise WireError(f"there is an object {found.node_id} that {MODEL_FILE} does not have")
    node = objects.nodes[found.node_id]
    node.identifier = found.identifier
    node.metadata = descriptions.parse(found.metadata)
