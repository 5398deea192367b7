"""Members of a `.keras` archive: read under limits, and read in place."""

from __future__ import annotations

import io
import shutil
import struct
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

import h5py

from editor.errors import FileError

if sys.platform != "win32":
    import resource

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

CONFIG_MEMBER = "config.json"
METADATA_MEMBER = "metadata.json"
WEIGHTS_MEMBER = "model.weights.h5"
MAP_MEMBER = "frostline/freeze_map.json"

MAX_JSON_BYTES = 32 << 20
"""Greatest size of a JSON member: the `config.json` of a model of 566 layers has less than 1 MB."""

DAMAGED_ZIP = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    KeyError,
    ValueError,
    OverflowError,
    NotImplementedError,
    RuntimeError,
)
"""What `zipfile` raises over damaged archives; RuntimeError stands for "encrypted"."""

LOCAL_HEADER = struct.Struct("<4s5H3I2H")
"""What stands before a member's name and data (APPNOTE 6.3.10, section 4.3.7)."""


_COPIED_BYTES = 1 << 20
_UNPACKED_BYTES_PER_SECOND = 50 << 20


class MemberStream(io.RawIOBase):
    """A stored member of an archive as a file of its own: a range of bytes of the raw file.

    HDF5 jumps about; through `zipfile`'s own file object every jump back reads from the member's start again
    (fact F20: 16 s instead of 0.2 s).
    """

    def __init__(self, raw: IO[bytes], offset: int, num_bytes: int) -> None:
        self._raw = raw
        self._offset = offset
        self._num_bytes = num_bytes
        self._at = 0

    @property
    def num_bytes(self) -> int:
        """The size of the member."""
        return self._num_bytes

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.num_bytes}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer).cast("B")
        wanted = max(0, min(len(view), self.num_bytes - self._at))
        self._raw.seek(self._offset + self._at)
        found: int = self._raw.readinto(view[:wanted])  # type: ignore[attr-defined]
        self._at += found
        return found


def member_range(raw: IO[bytes], info: zipfile.ZipInfo) -> tuple[int, int]:
    """Offset and size in bytes of a member's data in the raw file (APPNOTE 6.3.10, section 4.3.7).

    Raises:
        zipfile.BadZipFile: The member's local header is not where the directory says, or its data reach over
            the end of the file.
    """
    raw.seek(info.header_offset)
    header = raw.read(LOCAL_HEADER.size)
    if len(header) < LOCAL_HEADER.size or not header.startswith(b"PK\x03\x04"):
        raise zipfile.BadZipFile(f"no local header of {info.filename}")
    *_, name_bytes, extra_bytes = LOCAL_HEADER.unpack(header)
    offset = info.header_offset + LOCAL_HEADER.size + name_bytes + extra_bytes
    if offset + info.compress_size > raw.seek(0, io.SEEK_END):
        raise zipfile.BadZipFile(f"{info.filename} reaches over the end of the file")
    return offset, info.compress_size


def read_json_member(archive: zipfile.ZipFile, name: str) -> bytes:
    """The text of a small member; `zipfile` compares its checksum.

    Raises:
        FileError: The member declares more than `MAX_JSON_BYTES`.
        zipfile.BadZipFile: As the other `DAMAGED_ZIP`.
    """
    info = archive.getinfo(name)
    if info.file_size > MAX_JSON_BYTES:
        raise FileError(
            f"{name} in {Path(archive.filename or '').name} claims to hold {info.file_size:,} bytes; "
            f"at most {MAX_JSON_BYTES:,} are read.",
            hint="This is no sound model file. Do not open it in other programs either.",
        )
    return archive.read(info)


@contextmanager
def open_weights(path: Path) -> Iterator[h5py.File]:
    """The weights of a `.keras` as an open HDF5 file, read in place.

    The HDF5 file is closed before the raw one: the other way round the interpreter crashes at its end (fact F20).

    Raises:
        OSError: The member is not HDF5, or damaged.
        zipfile.BadZipFile: As the other `DAMAGED_ZIP`.
    """
    with path.open("rb") as raw, zipfile.ZipFile(raw) as archive:
        info = archive.getinfo(WEIGHTS_MEMBER)
        with weights_stream(raw, archive, info) as stream, h5py.File(stream, "r") as weights:
            yield weights


def weights_stream(raw: IO[bytes], archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> IO[bytes]:
    """A seekable stream over a member.

    A compressed one, which Keras never writes, is unpacked to a temporary file: HDF5 jumps about.

    Raises:
        FileError: There is no place to unpack it.
        zipfile.BadZipFile: As the other `DAMAGED_ZIP`.
    """
    if info.compress_type == zipfile.ZIP_STORED:
        return io.BufferedReader(MemberStream(raw, *member_range(raw, info)))
    _check_space(info)
    _ask_for_time(info.file_size)
    unpacked = tempfile.TemporaryFile()  # noqa: SIM115  the caller closes it
    try:
        with archive.open(info) as packed:
            shutil.copyfileobj(packed, unpacked, _COPIED_BYTES)
        unpacked.seek(0)
    except BaseException:
        unpacked.close()
        raise
    return unpacked


def _check_space(info: zipfile.ZipInfo) -> None:
    free = shutil.disk_usage(tempfile.gettempdir()).free
    if info.file_size > free // 2:
        raise FileError(
            f"{info.filename} takes {info.file_size:,} bytes unpacked, and {free:,} are free for temporary files.",
            hint="Pack the archive again without compression, as Keras does.",
        )


def _ask_for_time(num_bytes: int) -> None:
    """Gives this process the processor time to unpack, if its time is limited: the size of the file does not tell."""
    if sys.platform != "win32":
        soft, hard = resource.getrlimit(resource.RLIMIT_CPU)
        if soft != resource.RLIM_INFINITY:
            resource.setrlimit(resource.RLIMIT_CPU, (soft + num_bytes // _UNPACKED_BYTES_PER_SECOND, hard))
