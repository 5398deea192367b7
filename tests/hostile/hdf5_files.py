"""Hostile HDF5 files: models, and weights within an archive."""

from __future__ import annotations

import io
import shutil
import struct
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import h5py
import numpy as np

from tests.hostile.trick import GOOD_HDF5, WEIGHTS, Trick, members, write_archive
from tests.processes.damaged_files import write_hanging_hdf5

Change = Callable[[h5py.File], object]

_GROUP = "model_weights"


def tricks() -> Iterator[Trick]:
    for name, change, words in _CHANGES:
        yield Trick(name, partial(_changed, change), words, ".h5")
    for name, change, _words in _CHANGES[:5]:
        yield Trick(f"{name}, in an archive", partial(_changed_inside, change), f"{WEIGHTS} in ")
    yield Trick("values in one place", partial(_two_addresses, None), "one part of the file", ".h5")
    yield Trick("values beyond the end", partial(_two_addresses, 1 << 40), "damaged", ".h5")
    yield Trick("text in a heap nowhere", _wild_heap, "damaged HDF5", ".h5")
    yield Trick("one text, 3,000 times", _many_texts, "damaged HDF5 file", ".h5")
    yield Trick("wrong checksum", _wrong_checksum, "damaged HDF5", ".h5")
    yield Trick("HDF5 that hangs the library", write_hanging_hdf5, "could not be read within", ".h5")
    yield Trick("script before the HDF5 file", _user_block, "", ".h5")
    yield Trick("file without an end", _device, "is a device", ".h5")


def _changed(change: Change, path: Path) -> None:
    shutil.copyfile(GOOD_HDF5, path)
    with h5py.File(path, "r+") as file:
        change(file)


def _changed_inside(change: Change, path: Path) -> None:
    stream = io.BytesIO(members()[WEIGHTS])
    with h5py.File(stream, "r+") as file:
        change(file)
    write_archive(path, {WEIGHTS: stream.getvalue()})


# -- links and places ---------------------------------------------------------------------------------------------


def _external_link(file: h5py.File) -> None:
    file["elsewhere"] = h5py.ExternalLink("/etc/passwd", "/")


def _soft_loop(file: h5py.File) -> None:
    file["there"] = h5py.SoftLink("/back")
    file["back"] = h5py.SoftLink("/there")


def _circle(file: h5py.File) -> None:
    file.create_group("circle")["again"] = file["/"]


def _two_names(file: h5py.File) -> None:
    """A hundred levels that each lead twice to the next: 2 to the 100th paths."""
    group = file.create_group("many")
    for _ in range(50):
        below = group.create_group("left")
        group["right"] = below
        group = below


def _external_storage(file: h5py.File) -> None:
    file.create_dataset("elsewhere", (16,), "u1", external=[("/etc/passwd", 0, 16)])


def _virtual(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((16,), "f4")
    layout[:] = h5py.VirtualSource("/etc/passwd", "x", (16,))
    file.create_virtual_dataset("together", layout)


def _deep(file: h5py.File) -> None:
    group = file
    for _ in range(2_000):
        group = group.create_group("a")


def _many_links(file: h5py.File) -> None:
    group = file.create_group("many").id
    for number in range(51_000):
        h5py.h5g.create(group, str(number).encode())


# -- sizes --------------------------------------------------------------------------------------------------------


def _huge_shape(file: h5py.File) -> None:
    file.create_dataset("huge", (1 << 50,), "f4")


def _huge_chunked(file: h5py.File) -> None:
    file.create_dataset("huge", (1 << 40,), "f4", chunks=(1 << 10,), compression="gzip")


def _many_shapes(file: h5py.File) -> None:
    """Each is small enough, all of them are not."""
    group = file.create_group("shapes")
    for number in range(200):
        group.create_dataset(str(number), (1 << 18,), "f4")


def _bomb(file: h5py.File) -> None:
    file.create_dataset("bomb", data=np.zeros(30 << 20, "u1"), chunks=(1 << 20,), compression="gzip")


def _swelling_piece(file: h5py.File) -> None:
    """A piece of 1 KB by its shape unpacks to 64 MB."""
    dataset = file.create_dataset("bomb", (1 << 10,), "u1", chunks=(1 << 10,), compression="gzip")
    dataset.id.write_direct_chunk((0,), zlib.compress(bytes(16 << 20)))


def _huge_piece(file: h5py.File) -> None:
    dataset = file.create_dataset("piece", (1 << 30,), "u1", chunks=(1 << 30,), compression="gzip")
    dataset.id.write_direct_chunk((0,), zlib.compress(bytes(16 << 20)) * 800)


def _unknown_filter(file: h5py.File) -> None:
    settings = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    settings.set_chunk((16,))
    settings.set_filter(32015, h5py.h5z.FLAG_OPTIONAL)
    space = h5py.h5s.create_simple((16,))
    h5py.h5d.create(file.id, b"packed", h5py.h5t.NATIVE_FLOAT, space, settings)


# -- attributes and kinds -----------------------------------------------------------------------------------------


def _many_attributes(file: h5py.File) -> None:
    group = file.create_group("many")
    for number in range(1_100):
        group.attrs[str(number)] = number


def _huge_attribute(file: h5py.File) -> None:
    group = file.create_group("huge", track_order=True)
    group.attrs["zeros"] = np.zeros(33 << 20, "u1")


def _reference(file: h5py.File) -> None:
    file.attrs["there"] = file[_GROUP].ref


def _region(file: h5py.File) -> None:
    values = file.create_dataset("values", data=np.zeros(16))
    file.create_dataset("there", (1,), h5py.regionref_dtype)[0] = values.regionref[2:4]


def _named_type(file: h5py.File) -> None:
    file["kind"] = np.dtype("f8")


def _many_variable(file: h5py.File) -> None:
    file.create_dataset("lists", (20_000,), h5py.vlen_dtype("f4"))


_CHANGES: tuple[tuple[str, Change, str], ...] = (
    ("link to another file", _external_link, "link to another file"),
    ("soft links in a circle", _soft_loop, "link to another place"),
    ("group in itself", _circle, "in a circle"),
    ("values in another file", _external_storage, "in another file"),
    ("virtual dataset", _virtual, "from other datasets"),
    ("paths without number", _two_names, "by two names"),
    ("groups 2,000 deep", _deep, "more than 100 deep"),
    ("51,000 groups", _many_links, "more than 50,000"),
    ("shape of petabytes", _huge_shape, "declares 4,503,599,627,370,496 bytes"),
    ("shape of terabytes in pieces", _huge_chunked, "declares 4,398,046,511,104 bytes"),
    ("many shapes without values", _many_shapes, "bytes of values in a file of"),
    ("packed bomb", _bomb, "declares 31,457,280 bytes"),
    ("piece that swells", _swelling_piece, "unpacks to more than the 1,024 bytes"),
    ("piece of 1 GB", _huge_piece, "in pieces of 1,073,741,824 bytes"),
    ("filter of a plugin", _unknown_filter, "method 32015"),
    ("1,100 attributes", _many_attributes, "1,100 attributes"),
    ("attribute of 33 MB", _huge_attribute, "more than 32 MB"),
    ("reference to an object", _reference, "a reference"),
    ("reference to a region", _region, "a reference"),
    ("data type for weights", _named_type, "a data type"),
    ("lists without number", _many_variable, "variable length"),
)


# -- bytes --------------------------------------------------------------------------------------------------------


def _two_addresses(address: int | None, path: Path) -> None:
    """The values of one dataset lie where those of another do, or where nothing is."""
    shutil.copyfile(GOOD_HDF5, path)
    with h5py.File(path, "r+") as file:
        first = file.create_dataset("first", data=np.arange(30_000, dtype="f4"))
        second = file.create_dataset("second", data=np.arange(30_000, dtype="f4") + 1)
        # The user block is none: offsets are addresses.
        ours, theirs = first.id.get_offset(), second.id.get_offset()
    content = path.read_bytes()
    place = struct.pack("<QQ", ours, 120_000)
    assert content.count(place) == 1
    path.write_bytes(content.replace(place, struct.pack("<QQ", theirs if address is None else address, 120_000)))


def _wild_heap(path: Path) -> None:
    """The configuration is a text of variable length: here it lies at an address where no heap is."""
    shutil.copyfile(GOOD_HDF5, path)
    with h5py.File(path, "r+") as file:
        file.attrs["wild"] = "x" * 77
    content = path.read_bytes()
    at = content.index(struct.pack("<I", 77), content.index(b"wild\0")) + 4
    path.write_bytes(content[:at] + struct.pack("<Q", 1 << 40) + content[at + 8 :])


def _many_texts(path: Path) -> None:
    """A text of 1 MB, which each of 3,000 values of an attribute points to: 3 GB to read."""
    shutil.copyfile(GOOD_HDF5, path)
    num_bytes = 1_234_567
    with h5py.File(path, "r+") as file:
        file.attrs.create("texts", ["x" * num_bytes, *["y"] * 3_000], dtype=h5py.string_dtype())
    content = path.read_bytes()
    start = content.index(struct.pack("<I", num_bytes), content.index(b"texts\0"))
    pointer = content[start : start + 16]
    path.write_bytes(content[:start] + pointer * 3_000 + content[start + 16 * 3_000 :])


def _wrong_checksum(path: Path) -> None:
    with h5py.File(GOOD_HDF5) as good, h5py.File(path, "w", libver="latest") as file:
        good.copy(_GROUP, file)
        file.attrs.update(good.attrs)
    content = bytearray(path.read_bytes())
    at = content.index(b"OHDR") + 12
    content[at] ^= 1
    path.write_bytes(content)


def _user_block(path: Path) -> None:
    """Harmless: nobody runs it; HDF5 steps over it."""
    script = b"#!/bin/sh\ntouch executed\n"
    with h5py.File(GOOD_HDF5) as good, h5py.File(path, "w", userblock_size=512) as file:
        good.copy(_GROUP, file)
        file.attrs.update(good.attrs)
    content = path.read_bytes()
    path.write_bytes(script + content[len(script) :])


def _device(path: Path) -> None:
    path.symlink_to("/dev/zero")
