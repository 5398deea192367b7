"""The first record of an HDF5 file, read without the HDF5 library: it says where the file must end."""

from __future__ import annotations

from typing import IO

from editor.files.signatures import HDF5_SIGNATURE

_SEARCHED = 1 << 20
_LONGEST_SUPERBLOCK = 96


def superblock_offset(stream: IO[bytes], num_bytes: int) -> int | None:
    """Where the HDF5 signature stands: at 0, or at 512, 1024, 2048 … behind a user block; None if nowhere."""
    at = 0
    while at < min(num_bytes, _SEARCHED):
        stream.seek(at)
        if stream.read(len(HDF5_SIGNATURE)) == HDF5_SIGNATURE:
            return at
        at = at * 2 or 512
    return None


def declared_end(stream: IO[bytes], offset: int) -> int | None:
    """The end-of-file address that the superblock at `offset` declares, counted from the start of the stream.

    Layout: HDF5 File Format Specification 3.0, section II.A. None where the superblock itself is cut or unknown.
    """
    stream.seek(offset)
    block = stream.read(_LONGEST_SUPERBLOCK)
    if len(block) < 16:
        return None
    match block[8]:
        case 0:
            start, size_of_offsets = 24, block[13]
        case 1:
            start, size_of_offsets = 28, block[13]
        case 2 | 3:
            start, size_of_offsets = 12, block[9]
        case _:
            return None
    # Base address, one address that is of no concern here, end of the file. The end counts from where the base does:
    # both are wrong by the size of a user block that was put before the file later.
    end = start + 3 * size_of_offsets
    if size_of_offsets not in (2, 4, 8) or end > len(block):
        return None
    base = int.from_bytes(block[start : start + size_of_offsets], "little")
    return offset - base + int.from_bytes(block[end - size_of_offsets : end], "little")
