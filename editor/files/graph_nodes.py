"""The definition of a node of TensorFlow's graph, in each form in which a configuration of Keras 2 holds one.

TensorFlow 2.2 and newer wrote an object, 2.0 and 2.1 the protobuf message as text. Fields by number: `node_def.proto`
and `attr_value.proto` of TensorFlow (tensorflow/core/framework), the wire format:
https://protobuf.dev/programming-guides/encoding/.
"""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

_OP, _ATTRIBUTES = 2, 5
_KEY, _VALUE = 1, 2
_LIST_OF_NUMBERS = 3
_TYPES = MappingProxyType(
    {
        1: "DT_FLOAT", 2: "DT_DOUBLE", 3: "DT_INT32", 4: "DT_UINT8", 5: "DT_INT16", 6: "DT_INT8", 9: "DT_INT64",
        10: "DT_BOOL", 14: "DT_BFLOAT16", 19: "DT_HALF",
    }
)  # fmt: skip

Content = int | bytes


def node_definition(node: Any) -> dict[str, Any]:
    """The node as protobuf's JSON has it: `op`, and `attr` by name; empty for what is none."""
    if isinstance(node, dict):
        return node
    if not isinstance(node, str):
        return {}
    try:
        found = json.loads(node)
    except ValueError:
        return _from_binary(node)
    return found if isinstance(found, dict) else {}


def _from_binary(text: str) -> dict[str, Any]:
    try:
        fields = list(_fields(text.encode()))
        attributes = [dict(_fields(value)) for number, value in fields if number == _ATTRIBUTES]
        return {
            "op": "".join(_text(value) for number, value in fields if number == _OP),
            "attr": {_text(each[_KEY]): _attribute(each[_VALUE]) for each in attributes},
        }
    # Any text may stand in a file.
    except (ValueError, TypeError, IndexError, KeyError, struct.error):
        return {}


def _text(value: Content) -> str:
    if not isinstance(value, bytes):
        raise TypeError("a number, where a text is expected")
    return value.decode()


def _attribute(message: Content) -> dict[str, Any]:
    """One value as protobuf's JSON has it."""
    return next((_FORMS[number](value) for number, value in _fields(message) if number in _FORMS), {})


def _numbers(message: bytes) -> Iterator[int]:
    for number, value in _fields(message):
        if number == _LIST_OF_NUMBERS and isinstance(value, int):
            yield _signed(value)
        elif number == _LIST_OF_NUMBERS and isinstance(value, bytes):
            at = 0
            while at < len(value):
                found, at = _varint(value, at)
                yield _signed(found)


def _signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value


_FORMS: Mapping[int, Callable[[Any], dict[str, Any]]] = MappingProxyType(
    {
        1: lambda value: {"list": {"i": list(_numbers(value))}},
        2: lambda value: {"s": base64.b64encode(value).decode()},
        3: lambda value: {"i": _signed(value)},
        4: lambda value: {"f": struct.unpack("<f", value)[0]},
        5: lambda value: {"b": bool(value)},
        6: lambda value: {"type": _TYPES.get(value, str(value))},
    }
)
"""The kinds of values by the number of their field."""


# -- the wire ---------------------------------------------------------------------------------------------------------


def _fields(message: Content) -> Iterator[tuple[int, Content]]:
    """The fields of a message: a number, or the bytes of what has a length or a fixed size.

    Raises:
        TypeError: It is a number.
        ValueError: It is no message.
    """
    if not isinstance(message, bytes):
        raise TypeError("a number, where a message is expected")
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        number, kind = key >> 3, key & 7
        if kind == 0:
            value, at = _varint(message, at)
            yield number, value
            continue
        if kind not in (1, 2, 5):
            raise ValueError(f"a field of the wire type {kind}")
        size, at = _varint(message, at) if kind == 2 else (8 if kind == 1 else 4, at)
        if size > len(message) - at:
            raise ValueError("a field that is longer than the message")
        yield number, message[at : at + size]
        at += size


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """The number at a place, and the place behind it."""
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
        if shift > 63:
            raise ValueError("a number of more than 64 bits")
