"""Finds fields in a protobuf file without reading it: a `saved_model.pb` may be hundreds of megabytes of graph.

The wire format: https://protobuf.dev/programming-guides/encoding/. Only the few fields that are wanted are handed to
the protobuf library; the others are passed over by their length.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, NamedTuple

_MAX_FIELDS = 300_000
_MAX_VARINT_BYTES = 10
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_FIXED_BYTES = {_FIXED64: 8, _FIXED32: 4}


class WireError(ValueError):
    """These bytes are no protobuf message, or one with more fields than any model has."""


class Field(NamedTuple):
    """A field with a length: a message, a text, or bytes.

    Attributes:
        number: Its number in the message.
        start: Where its content begins in the file.
        end: Where it ends.
    """

    number: int
    start: int
    end: int


def fields_of(stream: IO[bytes], start: int, end: int) -> Iterator[Field]:
    """The fields with a length in a message that stands at `start` to `end` of a file; numbers are passed over.

    Raises:
        WireError: It is no message.
    """
    at = start
    for _ in range(_MAX_FIELDS):
        if at == end:
            return
        key, at = _varint(stream, at, end)
        number, kind = key >> 3, key & 7
        if kind == _BYTES:
            length, at = _varint(stream, at, end)
            if length > end - at:
                raise WireError(f"a field of {length:,} bytes, where {end - at:,} are left")
            yield Field(number, at, at + length)
            at += length
        elif kind == _VARINT:
            _, at = _varint(stream, at, end)
        elif kind in _FIXED_BYTES and at + _FIXED_BYTES[kind] <= end:
            at += _FIXED_BYTES[kind]
        else:
            raise WireError(f"a field of the wire type {kind} at {at:,}")
    raise WireError(f"more than {_MAX_FIELDS:,} fields in one message")


def content(stream: IO[bytes], field: Field, max_bytes: int) -> bytes:
    """The bytes of a field.

    Raises:
        WireError: There are more than `max_bytes`, or the file ends before.
    """
    size = field.end - field.start
    if size > max_bytes:
        raise WireError(f"a field of {size:,} bytes, where {max_bytes:,} are enough for any model")
    stream.seek(field.start)
    found = stream.read(size)
    if len(found) != size:
        raise WireError("the file ends within a field")
    return found


def _varint(stream: IO[bytes], at: int, end: int) -> tuple[int, int]:
    """The number at a place, and the place behind it."""
    stream.seek(at)
    value = 0
    for count, byte in enumerate(stream.read(min(_MAX_VARINT_BYTES, end - at))):
        value |= (byte & 0x7F) << (7 * count)
        if byte < 0x80:
            return value, at + count + 1
    raise WireError(f"no number at {at:,}")
