"""Looks at the directory of an archive before any of its members is read: no bombs, no tricks with names."""

from __future__ import annotations

import io
import re
import stat
import struct
import unicodedata
import zipfile
from typing import IO, NoReturn

from editor.errors import FileError
from editor.files.zip_members import LOCAL_HEADER, member_range

MAX_MEMBERS = 10_000
"""A model has three, and its vocabularies in `assets/`."""
MAX_EXPANSION = 100
SMALL_BYTES = 4 << 20
"""What a member may unpack to however small it is packed: a bias of zeros packs well."""

_HOSTILE_HINT = "No Keras writes that: get the model from its maker again, and do not unpack this file."
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_IS_ENCRYPTED = 0x1
_HAS_SIZES_BEHIND = 0x8
_SIZE_IS_ELSEWHERE = 0xFFFFFFFF
_BAD_NAME = re.compile(r"[\x00-\x1f\x7f\\]|^/|^[A-Za-z]:|(^|/)\.\.?(/|$)|//")


def check_archive(name: str, stream: IO[bytes], archive: zipfile.ZipFile, num_bytes: int) -> None:
    """Holds the directory of an archive against its members, and against what an archive of a model can be.

    Args:
        name: Of the file.
        stream: The file, open.
        archive: The same file, as an archive.
        num_bytes: Size of the file.

    Raises:
        FileError: A member is hostile.
        zipfile.BadZipFile: A member is not where the directory says.
    """
    members = archive.infolist()
    if len(members) > MAX_MEMBERS:
        _refuse(f"{name} has {len(members):,} members, at most {MAX_MEMBERS:,} are read")
    if b"PK" in archive.comment:
        _refuse(f"{name} hides parts of another archive in its comment")
    _check_names(name, members)
    for info in members:
        _check_member(name, info)
        _check_size(name, info)
        _check_local_header(name, stream, info)
    _check_places(name, stream, members, num_bytes)


def _check_names(name: str, members: list[zipfile.ZipInfo]) -> None:
    """Names stay below the folder that they are unpacked to, and each is one file on every system."""
    known: dict[str, str] = {}
    for info in members:
        # Python's own `filename` ends at a NUL and has other separators on Windows.
        own = info.orig_filename
        if _BAD_NAME.search(own) or not own:
            _refuse(f"{name} has a member {own[:80]!r}, whose name leads out of the archive")
        folded = unicodedata.normalize("NFC", own).casefold().rstrip("/")
        if folded in known:
            _refuse(f"{name} has two members for one name, {known[folded]!r} and {own!r}")
        known[folded] = own


def _check_member(name: str, info: zipfile.ZipInfo) -> None:
    if info.flag_bits & _IS_ENCRYPTED:
        raise FileError(
            f"{name} is encrypted: {info.filename} needs a password.",
            hint="Unpack it with its password, and pack it again without one.",
        )
    if info.compress_type not in _METHODS:
        _refuse(f"{name} packs {info.filename} by method {info.compress_type}, which no model needs")
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
        _refuse(f"{name} has a member {info.filename} that is no file but a link or a device")


def _check_local_header(name: str, stream: IO[bytes], info: zipfile.ZipInfo) -> None:
    """A member says twice what it is, and other programs than Python believe the other place."""
    stream.seek(info.header_offset)
    try:
        _, _, flags, method, _, _, crc, packed, unpacked, name_bytes, _ = LOCAL_HEADER.unpack(
            stream.read(LOCAL_HEADER.size)
        )
    except struct.error as error:
        raise zipfile.BadZipFile(f"no local header of {info.filename}") from error
    own = stream.read(name_bytes).decode("utf-8" if flags & 0x800 else "cp437", "replace")
    is_same = own == info.orig_filename and method == info.compress_type and not flags & _IS_ENCRYPTED
    if not flags & _HAS_SIZES_BEHIND and _SIZE_IS_ELSEWHERE not in {packed, unpacked}:
        is_same &= (crc, packed, unpacked) == (info.CRC, info.compress_size, info.file_size)
    if not is_same:
        _refuse(f"{name} says two different things of its member {info.filename}")


def _check_size(name: str, info: zipfile.ZipInfo) -> None:
    is_stored = info.compress_type == zipfile.ZIP_STORED
    if is_stored and info.file_size != info.compress_size:
        _refuse(f"{name} says two different sizes of its member {info.filename}")
    if info.file_size > max(SMALL_BYTES, MAX_EXPANSION * info.compress_size):
        _refuse(f"{name} claims that {info.filename} unpacks to {info.file_size:,} bytes; this is no sound model")


def _check_places(name: str, stream: IO[bytes], members: list[zipfile.ZipInfo], num_bytes: int) -> None:
    """No two members lie over one another, as in bombs that name one packed part many times."""
    ends = [(info.header_offset, sum(member_range(stream, info))) for info in members]
    ends.sort()
    if ends and ends[0][0] != 0:
        # Other programs may take it for what stands there.
        _refuse(f"{name} has something else before its first member")
    before = 0
    for start, end in ends:
        if start < before or end > num_bytes:
            _refuse(f"{name} is a damaged archive: its members overlap")
        before = end
    stream.seek(0, io.SEEK_SET)


def _refuse(what: str) -> NoReturn:
    raise FileError(f"{what}.", hint=_HOSTILE_HINT)
