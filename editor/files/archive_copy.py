"""Writes a `.keras` archive from another: members copied byte for byte, or made in their place."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from typing_extensions import override

from editor.files.zip_members import MemberStream, member_range

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_CHUNK_BYTES = 1 << 18
_PERMISSIONS = 0o600 << 16


class RangeFile(MemberStream):
    """The end of a file from an offset on, as a file of its own that may grow; HDF5 writes into it."""

    def __init__(self, raw: IO[bytes], offset: int) -> None:
        super().__init__(raw, offset, 0)

    def writable(self) -> bool:
        return True

    def write(self, buffer: ReadableBuffer, /) -> int:
        self._raw.seek(self._offset + self._at)
        num_bytes = self._raw.write(buffer)
        self._at += num_bytes
        return num_bytes

    def truncate(self, size: int | None = None, /) -> int:
        wanted = self._at if size is None else size
        self._raw.truncate(self._offset + wanted)
        return wanted

    @property
    @override
    def num_bytes(self) -> int:
        return self._raw.seek(0, io.SEEK_END) - self._offset


def copy_member(archive: zipfile.ZipFile, raw: IO[bytes], info: zipfile.ZipInfo, copy: zipfile.ZipFile) -> None:
    """Copies one member, with its date and whether it is compressed.

    Args:
        archive: Where it is.
        raw: The file of `archive`.
        info: The member.
        copy: Where it goes.
    """
    new = zipfile.ZipInfo(info.filename, info.date_time)
    new.compress_type, new.external_attr = info.compress_type, info.external_attr
    with copy.open(new, "w", force_zip64=True) as target:
        if info.compress_type != zipfile.ZIP_STORED:
            with archive.open(info) as stream:
                while data := stream.read(_CHUNK_BYTES):
                    target.write(data)
            return
        offset, num_bytes = member_range(raw, info)
        raw.seek(offset)
        while num_bytes > 0 and (data := raw.read(min(num_bytes, _CHUNK_BYTES))):
            target.write(data)
            num_bytes -= len(data)


@contextmanager
def stored_in_place(archive: zipfile.ZipFile, name: str) -> Iterator[RangeFile]:
    """A new member at the archive's end that may be written anywhere, not only from its start on.

    `zipfile` itself writes members as streams, and HDF5 jumps about; the other way would be a second file of the same
    size. What is done here at the end is what `zipfile` does when such a stream is closed. The archive's own file must
    have been opened for reading too.
    """
    raw = archive.fp
    assert raw
    info = zipfile.ZipInfo(name)
    info.external_attr = _PERMISSIONS
    info.header_offset = archive.start_dir
    info.CRC = info.file_size = info.compress_size = 0
    raw.seek(info.header_offset)
    raw.write(info.FileHeader(zip64=True))
    offset = raw.tell()
    region = RangeFile(raw, offset)
    yield region
    info.file_size = info.compress_size = region.num_bytes
    info.CRC = _checksum(raw, offset)
    raw.seek(info.header_offset)
    raw.write(info.FileHeader(zip64=True))
    archive.start_dir = raw.seek(0, io.SEEK_END)
    archive.filelist.append(info)
    archive.NameToInfo[name] = info


def _checksum(raw: IO[bytes], offset: int) -> int:
    raw.seek(offset)
    checksum = 0
    buffer = memoryview(bytearray(_CHUNK_BYTES))
    while num_bytes := raw.readinto(buffer):  # type: ignore[attr-defined]
        checksum = zlib.crc32(buffer[:num_bytes], checksum)
    return checksum
