"""Looks through packed values in an HDF5 file: what they unpack to must be what their dataset declares."""

from __future__ import annotations

import math
import zlib
from typing import NoReturn

import h5py

from editor.errors import FileError

MAX_CHUNKS = 200_000
MAX_CHUNK_BYTES = 64 << 20
"""Of one packed piece, unpacked: as much is in memory at once. h5py itself makes pieces of at most 1 MB."""

_STEP_BYTES = 1 << 20
_KNOWN_FILTERS = {h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_FLETCHER32}
_HINT = "Save the model again without compression, or get it from its maker again."


def check_chunks(dataset: h5py.h5d.DatasetID, settings: h5py.h5p.PropDCID, name: str, file_bytes: int) -> None:
    """Holds the pieces of a dataset against what it declares.

    HDF5 itself goes on unpacking whatever comes: a piece of 1 MB can become 1 GB in its hands.

    Args:
        dataset: A dataset that is stored in pieces.
        settings: How it is stored.
        name: As a person knows it.
        file_bytes: Size of the file.

    Raises:
        FileError: It is packed by an unknown method, or unpacks to something else than it declares.
        OSError: As the other `DAMAGED_HDF5`.
    """
    filters = [settings.get_filter(at)[0] for at in range(settings.get_nfilters())]
    if unknown := set(filters) - _KNOWN_FILTERS:
        _refuse(f"{name} is packed by method {min(unknown)}, which would load a plugin", _HINT)
    chunk_bytes = math.prod(settings.get_chunk()) * dataset.get_type().get_size()
    if chunk_bytes > MAX_CHUNK_BYTES:
        _refuse(f"{name} is stored in pieces of {chunk_bytes:,} bytes, at most {MAX_CHUNK_BYTES:,} are read", _HINT)
    packing_bit = 1 << filters.index(h5py.h5z.FILTER_DEFLATE) if h5py.h5z.FILTER_DEFLATE in filters else 0
    for chunk in _chunks(dataset, name):
        if chunk.byte_offset is None or chunk.byte_offset + chunk.size > file_bytes:
            _refuse(f"{name} has values beyond the end of the file", "Copy or download it again.")
        if packing_bit and not chunk.filter_mask & packing_bit:
            _check_inflated(dataset, chunk.chunk_offset, chunk_bytes, name)


def _chunks(dataset: h5py.h5d.DatasetID, name: str) -> list[h5py.h5d.StoreInfo]:
    found: list[h5py.h5d.StoreInfo] = []

    # What is raised in here would not come out; whatever is returned ends the walk.
    def note(chunk: h5py.h5d.StoreInfo) -> bool | None:
        found.append(chunk)
        return len(found) > MAX_CHUNKS or None

    dataset.chunk_iter(note)
    if len(found) > MAX_CHUNKS:
        _refuse(f"{name} is stored in more than {MAX_CHUNKS:,} pieces", _HINT)
    return found


def _check_inflated(dataset: h5py.h5d.DatasetID, at: tuple[int, ...], chunk_bytes: int, name: str) -> None:
    """Unpacks a piece in steps, keeping nothing; a checksum of four bytes may be in it."""
    _mask, packed = dataset.read_direct_chunk(at)
    unpacking = zlib.decompressobj()
    num_bytes = 0
    try:
        for start in range(0, len(packed), _STEP_BYTES):
            waiting = packed[start : start + _STEP_BYTES]
            while waiting and num_bytes <= chunk_bytes + 4:
                num_bytes += len(unpacking.decompress(waiting, _STEP_BYTES))
                waiting = unpacking.unconsumed_tail
    except zlib.error as error:
        raise OSError(str(error)) from error
    if num_bytes > chunk_bytes + 4:
        _refuse(f"{name} unpacks to more than the {chunk_bytes:,} bytes that it declares", _HINT)


def _refuse(what: str, hint: str) -> NoReturn:
    raise FileError(f"{what}.", hint=hint)
