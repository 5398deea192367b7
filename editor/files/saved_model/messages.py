"""The few protobuf messages of a SavedModel that are read, with the few fields of them that are.

Declared here, as TensorFlow's own come with TensorFlow. Fields that are left out are passed over by the library.
Sources, by field number: `saved_object_graph.proto`, `saved_model.proto`, `meta_graph.proto`, `tensor_bundle.proto`
of TensorFlow (tensorflow/core/protobuf), `node_def.proto`, `attr_value.proto`, `tensor.proto` of it
(tensorflow/core/framework), `saved_metadata.proto` of tf_keras.
"""

from __future__ import annotations

from typing import Any

from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError
from google.protobuf.message_factory import GetMessageClass

__all__ = ["BUNDLE_ENTRY", "DecodeError", "decode"]

_PACKAGE = "frostline"
_NUMBERS = {"int32": FieldDescriptorProto.TYPE_INT32, "int64": FieldDescriptorProto.TYPE_INT64}
_OTHERS = {
    "string": FieldDescriptorProto.TYPE_STRING,
    "bytes": FieldDescriptorProto.TYPE_BYTES,
    "bool": FieldDescriptorProto.TYPE_BOOL,
}
_PLAIN_TYPES = _NUMBERS | _OTHERS

_MESSAGES = {
    "Child": {"node_id": (1, "int32"), "local_name": (2, "string")},
    "Dim": {"size": (1, "int64")},
    "Shape": {"dim": (2, "*Dim"), "unknown_rank": (3, "bool")},
    "UserObject": {"identifier": (1, "string"), "metadata": (3, "string")},
    "Variable": {"dtype": (1, "int32"), "shape": (2, "Shape"), "trainable": (3, "bool"), "name": (6, "string")},
    "Function": {"concrete_functions": (1, "*string")},
    "Constant": {"operation": (1, "string")},
    "SavedObject": {
        "children": (1, "*Child"),
        "user_object": (4, "UserObject"),
        "function": (6, "Function"),
        "variable": (7, "Variable"),
        "constant": (9, "Constant"),
    },
    "ConcreteFunction": {"bound_inputs": (2, "*int32")},
    "NamedFunction": {"key": (1, "string"), "value": (2, "ConcreteFunction")},
    "Tensor": {
        "dtype": (1, "int32"),
        "tensor_shape": (2, "Shape"),
        "tensor_content": (4, "bytes"),
        "int_val": (7, "*int32"),
        "string_val": (8, "*bytes"),
        "int64_val": (10, "*int64"),
    },
    "AttributeValue": {"tensor": (8, "Tensor")},
    "Attribute": {"key": (1, "string"), "value": (2, "AttributeValue")},
    "Operation": {"name": (1, "string"), "op": (2, "string"), "attr": (5, "*Attribute")},
    "KerasObject": {
        "node_id": (2, "int32"),
        "node_path": (3, "string"),
        "identifier": (4, "string"),
        "metadata": (5, "string"),
    },
    "MetaInfo": {"tags": (4, "*string"), "tensorflow_version": (5, "string")},
    "SignatureEntry": {"key": (1, "string")},
    "BundleEntry": {
        "dtype": (1, "int32"),
        "shape": (2, "Shape"),
        "shard_id": (3, "int32"),
        "offset": (4, "int64"),
        "size": (5, "int64"),
    },
}
"""Name and type of each field by message; a star stands for any number of them."""

BUNDLE_ENTRY = "BundleEntry"


def decode(name: str, data: bytes) -> Any:
    """A message of `_MESSAGES`.

    Raises:
        DecodeError: These bytes are no such message.
    """
    return _CLASSES[name].FromString(data)


def _field(name: str, number: int, kind: str) -> FieldDescriptorProto:
    plain = kind.removeprefix("*")
    is_many = plain != kind
    made = FieldDescriptorProto(
        name=name,
        number=number,
        label=FieldDescriptorProto.LABEL_REPEATED if is_many else FieldDescriptorProto.LABEL_OPTIONAL,
        type=_PLAIN_TYPES.get(plain, FieldDescriptorProto.TYPE_MESSAGE),
    )
    if plain not in _PLAIN_TYPES:
        made.type_name = f".{_PACKAGE}.{plain}"
    return made


def _classes() -> dict[str, Any]:
    described = [
        DescriptorProto(name=name, field=[_field(field, *rest) for field, rest in fields.items()])
        for name, fields in _MESSAGES.items()
    ]
    file = FileDescriptorProto(name="frostline.proto", package=_PACKAGE, syntax="proto3", message_type=described)
    pool = DescriptorPool()
    pool.Add(file)
    return {name: GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}")) for name in _MESSAGES}


_CLASSES = _classes()
