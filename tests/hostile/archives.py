"""Hostile archives."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from tests.hostile.trick import CONFIG, GOOD_ARCHIVE, GOOD_HDF5, WEIGHTS, Trick, members, write_archive

_ENTRY = b"PK\x01\x02"
_LOCAL = b"PK\x03\x04"
_NAME_AT = 46
_LOCAL_NAME_AT = 30


def tricks() -> Iterator[Trick]:
    yield Trick("zip bomb in assets", partial(_bomb, "assets/zeros", 50 << 20), "unpacks to 52,428,800 bytes")
    yield Trick("zip bomb in the configuration", partial(_bomb, CONFIG, 30 << 20), "unpacks to")
    yield Trick("zip bomb in the weights", partial(_bomb, WEIGHTS, 50 << 20), "unpacks to")
    yield Trick("zip bomb of members within members", _overlapping, "overlap")
    yield Trick("zip bomb in a nested archive", _nested)
    yield Trick("size declared too small", partial(_declared, CONFIG, 100), "two different things")
    yield Trick("size declared too large", partial(_declared, CONFIG, 3 << 20), "two different things")
    yield Trick("sizes that disagree, stored", partial(_declared, WEIGHTS, 1 << 20, stored=True), "two different")
    yield Trick("size of exabytes by zip64", _zip64, "unpacks to")
    yield Trick("member beyond the end", partial(_entry, _NAME_AT - 4, struct.pack("<I", 0xFFFFFF)), "damaged archive")
    for name, words in {
        "../../escaped.txt": "leads out",
        "/tmp/escaped.txt": "leads out",
        "C:/escaped.txt": "leads out",
        "assets\\..\\escaped.txt": "leads out",
    }.items():
        yield Trick(f"member named {name!r}", partial(_extra, name), words)
    yield Trick("NUL in a name", _nul, "leads out")
    yield Trick("line break in a name", partial(_extra, "assets/a\nb"), "leads out")
    yield Trick("two members of one name", _twice, "two members for one name")
    yield Trick("names that differ by case", partial(_extra, "Config.json"), "two members for one name")
    yield Trick("other name in the local header", partial(_local, _LOCAL_NAME_AT, b"cOnfig.json"), "two different")
    yield Trick("other method in the local header", partial(_local, 8, struct.pack("<H", 8)), "two different")
    yield Trick("encrypted member", _encrypted, "needs a password")
    yield Trick("symbolic link", partial(_special, stat.S_IFLNK), "no file but a link")
    yield Trick("device", partial(_special, stat.S_IFCHR), "no file but a link")
    yield Trick("packed by LZMA", _lzma, "method 14")
    yield Trick("archive in the comment", _comment, "comment")
    yield Trick("archive behind another", _behind, "before its first member")
    yield Trick("archive with many members", _many, "20,003 members")
    yield Trick("archive that is HDF5 too", _archive_before_hdf5, "HDF5 file and a zip archive", ".h5")
    yield Trick("HDF5 that is an archive too", _hdf5_before_archive, "HDF5 file and a zip archive")
    yield Trick("weights cut short", partial(write_archive, changed={WEIGHTS: members()[WEIGHTS][:-99]}), "cut short")


def _bomb(name: str, num_bytes: int, path: Path) -> None:
    start = members().get(name, b"")[:1000]
    write_archive(path, {name: start + bytes(num_bytes - len(start))}, packed=(name,))


def _overlapping(path: Path) -> None:
    """Each member has the next one's header among its own data, so that the last data are unpacked by all."""
    write_archive(path)
    content = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        end = archive.start_dir
    names = [f"assets/{number}".encode() for number in range(50)]
    data = bytes(1 << 16)
    inner, entries = data, []
    for name in reversed(names):
        header = struct.pack(
            "<4s5H3I2H", _LOCAL, 20, 0, 0, 0, 33, zlib.crc32(inner), len(inner), len(inner), len(name), 0
        )
        inner = header + name + inner
    at = end
    for number, name in enumerate(names):
        local = inner[at - end :]
        crc, size = struct.unpack("<II", local[14:22])
        fields = (_ENTRY, 20, 20, 0, 0, 0, 33, crc, size, size, len(name), 0, 0, 0, 0, 0, at)
        entries.append(struct.pack("<4s6H3I5H2I", *fields) + name)
        at += _LOCAL_NAME_AT + len(names[number])
    directory = content[end:-22] + b"".join(entries)
    count = 3 + len(names)
    place = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, count, count, len(directory), end + len(inner), 0)
    path.write_bytes(content[:end] + inner + directory + place)


def _nested(path: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(30 << 20))
    write_archive(path, {"assets/inner.zip": inner.getvalue()})


def _declared(name: str, num_bytes: int, path: Path, *, stored: bool = False) -> None:
    """Another unpacked size, in the directory alone."""
    write_archive(path, packed=() if stored else (name,))
    _change(path, _entry_of(name), 24, struct.pack("<I", num_bytes))


def _zip64(path: Path) -> None:
    """In a member that is packed, which may unpack to more than it takes."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members().items():
            archive.writestr(name, content)
        info = zipfile.ZipInfo("assets/words.txt")
        info.compress_type = zipfile.ZIP_DEFLATED
        # A field of one's own, as long as the one that says the size in zip64.
        info.extra = struct.pack("<HHQ", 0xCAFE, 8, 1 << 62)
        archive.writestr(info, b"words" * 99)
    content = path.read_bytes()
    at = content.rindex(struct.pack("<HHQ", 0xCAFE, 8, 1 << 62))
    path.write_bytes(content[:at] + struct.pack("<H", 1) + content[at + 2 :])
    _change(path, _entry_of("assets/words.txt"), 24, b"\xff" * 4)


def _extra(name: str, path: Path) -> None:
    write_archive(path, {name: b"escaped"})


def _nul(path: Path) -> None:
    _extra("assets/words.txt", path)
    path.write_bytes(path.read_bytes().replace(b"assets/words.txt", b"assets/words\0txt"))


def _twice(path: Path) -> None:
    write_archive(path)
    content = members()[CONFIG].replace(b"digits", b"others")
    with zipfile.ZipFile(path, "a") as archive:
        archive.filelist.remove(archive.NameToInfo.pop(CONFIG))
        archive.writestr(CONFIG, content)
        archive.filelist.insert(0, zipfile.ZipFile(GOOD_ARCHIVE).getinfo(CONFIG))


def _encrypted(path: Path) -> None:
    _entry(8, struct.pack("<H", 1), path)
    _change(path, _local_of(CONFIG), 6, struct.pack("<H", 1))


def _special(kind: int, path: Path) -> None:
    write_archive(path)
    with zipfile.ZipFile(path, "a") as archive:
        info = zipfile.ZipInfo("assets/words.txt")
        info.external_attr = (kind | 0o777) << 16
        archive.writestr(info, "/etc/passwd")


def _lzma(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members().items():
            archive.writestr(name, content, zipfile.ZIP_LZMA if name == CONFIG else zipfile.ZIP_STORED)


def _comment(path: Path) -> None:
    with zipfile.ZipFile(GOOD_ARCHIVE) as archive:
        directory = GOOD_ARCHIVE.read_bytes()[archive.start_dir :]
    write_archive(path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.comment = directory[:-22]


def _behind(path: Path) -> None:
    path.write_bytes(GOOD_ARCHIVE.read_bytes() * 2)


def _many(path: Path) -> None:
    write_archive(path, {f"assets/{number}": b"" for number in range(20_000)})


def _archive_before_hdf5(path: Path) -> None:
    """Python finds an archive in it by its end, HDF5 its own signature at 512."""
    small = io.BytesIO()
    with zipfile.ZipFile(small, "w") as archive:
        archive.writestr("a", b"")
    start = small.getvalue()
    path.write_bytes(start + bytes(512 - len(start)) + GOOD_HDF5.read_bytes() + GOOD_ARCHIVE.read_bytes())


def _hdf5_before_archive(path: Path) -> None:
    path.write_bytes(GOOD_HDF5.read_bytes() + GOOD_ARCHIVE.read_bytes())


# -- bytes of an archive ------------------------------------------------------------------------------------------


def _entry(offset: int, value: bytes, path: Path) -> None:
    write_archive(path)
    _change(path, _entry_of(CONFIG), offset, value)


def _local(offset: int, value: bytes, path: Path) -> None:
    write_archive(path)
    _change(path, _local_of(CONFIG), offset, value)


def _entry_of(name: str) -> Callable[[bytes], int]:
    """Where the directory's entry of a member begins."""
    return lambda content: content.rindex(name.encode()) - _NAME_AT


def _local_of(name: str) -> Callable[[bytes], int]:
    return lambda content: content.index(name.encode()) - _LOCAL_NAME_AT


def _change(path: Path, place: Callable[[bytes], int], offset: int, value: bytes) -> None:
    content = bytearray(path.read_bytes())
    start = place(bytes(content)) + offset
    content[start : start + len(value)] = value
    path.write_bytes(content)
