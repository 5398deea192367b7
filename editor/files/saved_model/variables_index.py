"""Reads `variables.index` of a TensorFlow checkpoint: name, type and shape of each variable, and where its bytes are.

The file is a sorted table as LevelDB has it (https://github.com/google/leveldb/blob/main/doc/table_format.md), which
no library that is here reads but TensorFlow; the values are `BundleEntryProto`s.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from editor.errors import FileError
from editor.files.saved_model.messages import BUNDLE_ENTRY, DecodeError, decode
from editor.files.saved_model.objects import dtype_name
from editor.files.saved_model.place import VARIABLES_INDEX

_MAGIC = struct.pack("<Q", 0xDB4775248B80FB57)
_FOOTER_BYTES = 48
_MAX_BYTES = 64 << 20
_MAX_KEY_BYTES = 64 << 10
_MAX_ENTRIES = 400_000
_MAX_RANK = 32
_UNCOMPRESSED = 0


@dataclass(frozen=True)
class StoredVariable:
    """A variable in a checkpoint.

    Attributes:
        key: Its name there, such as `layer_with_weights-0/kernel/.ATTRIBUTES/VARIABLE_VALUE`.
        dtype: Name of the type; empty for one that no variable of Keras has.
        shape: Its shape.
        num_bytes: Size of its values.
        shard: Number of the file with them.
        offset: Where they begin in it.
    """

    key: str
    dtype: str
    shape: tuple[int, ...]
    num_bytes: int
    shard: int = 0
    offset: int = 0


def read_index(folder: Path) -> tuple[StoredVariable, ...]:
    """The variables in the checkpoint of a SavedModel folder, by name; none where there is no checkpoint.

    Raises:
        FileError: The file is damaged.
        OSError: It cannot be read.
    """
    path = folder / VARIABLES_INDEX
    if not path.is_file():
        return ()
    try:
        return tuple(_variables(_content(path)))
    except (ValueError, IndexError, DecodeError) as error:
        raise FileError(
            f"{folder.name} is a damaged SavedModel: its {VARIABLES_INDEX} cannot be read.",
            hint="Copy the whole folder again, or save the model again.",
            details=f"{type(error).__name__}: {error}",
        ) from error


def _content(path: Path) -> bytes:
    if path.stat().st_size > _MAX_BYTES:
        raise ValueError("it is larger than that of any model")
    return path.read_bytes()


def _variables(data: bytes) -> Iterator[StoredVariable]:
    footer = data[-_FOOTER_BYTES:]
    if len(footer) < _FOOTER_BYTES or not footer.endswith(_MAGIC):
        raise ValueError("its last record is missing")
    _, _, at = _handle(footer, 0)
    num_entries = 0
    for _, place in _entries(_block(data, footer, at)):
        for key, value in _entries(_block(data, place, 0)):
            num_entries += 1
            if num_entries > _MAX_ENTRIES:
                raise ValueError("it has more variables than any model")
            # The empty key is the header of the table.
            if key:
                yield _variable(key, value)


def _variable(key: bytes, value: bytes) -> StoredVariable:
    entry = decode(BUNDLE_ENTRY, value)
    if len(entry.shape.dim) > _MAX_RANK:
        raise ValueError("a variable with too many dimensions")
    shape = tuple(max(dim.size, 0) for dim in entry.shape.dim)
    if entry.size < 0 or entry.offset < 0:
        raise ValueError("a variable with a negative size")
    name = key.decode(errors="replace")
    return StoredVariable(name, dtype_name(entry.dtype), shape, entry.size, entry.shard_id, entry.offset)


def _block(data: bytes, handle: bytes, at: int) -> bytes:
    """The content of the block that a handle points to."""
    start, size, _ = _handle(handle, at)
    end = start + size
    # A byte for the compression and four of a checksum follow.
    if end + 5 > len(data) or data[end] != _UNCOMPRESSED:
        raise ValueError("a block lies outside the file, or is compressed")
    return data[start:end]


def _handle(data: bytes, at: int) -> tuple[int, int, int]:
    start, at = _varint(data, at)
    size, at = _varint(data, at)
    return start, size, at


def _entries(block: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values; each key is written as what it does not share with the one before."""
    (num_restarts,) = struct.unpack("<I", block[-4:].rjust(4, b"\0"))
    end = len(block) - 4 - 4 * num_restarts
    key, at = b"", 0
    while at < end:
        num_shared, at = _varint(block, at)
        num_own, at = _varint(block, at)
        num_value, at = _varint(block, at)
        if num_shared > len(key) or num_shared + num_own > _MAX_KEY_BYTES or at + num_own + num_value > end:
            raise ValueError("an entry lies outside its block")
        key = key[:num_shared] + block[at : at + num_own]
        yield key, block[at + num_own : at + num_own + num_value]
        at += num_own + num_value


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for count in range(10):
        byte = data[at + count]
        value |= (byte & 0x7F) << (7 * count)
        if byte < 0x80:
            return value, at + count + 1
    raise ValueError("a number that does not end")
