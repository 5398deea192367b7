"""Arrays on disk by name: `.npz`, `.npy` files that belong together, and `.h5`; numpy and h5py only."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import IO, Protocol

import numpy as np
import numpy.lib.format as npy

from editor.errors import DataError, FileError
from editor.training.data.file_kinds import HDF5, begins_with, check_kind_of
from editor.training.data.parts import Array
from editor.training.progress import note_bytes

NUMBERS = "biuf"
"""numpy's letters for booleans, whole numbers and floating-point numbers."""
TEXT = "US"
PART_WORDS = {"train": "", "val": "val", "valid": "val", "validation": "val", "dev": "val", "test": "test"}

_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    ValueError,
    SyntaxError,
    TypeError,
    OverflowError,
    EOFError,
    NotImplementedError,
    RuntimeError,
    OSError,
)
"""What zipfile and numpy raise on bytes that are not what they claim to be; a header is parsed as Python literals."""
_OWN_PREFIX = re.compile(
    r"^(?P<prefix>.*[_-])?(?:(?:train|val|valid|validation|test)[_-])?[xy](?:[_-](?:train|val|valid|validation|test))?$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Header:
    """An array that has not been read yet."""

    shape: tuple[int, ...]
    dtype: np.dtype[np.generic]

    @property
    def num_bytes(self) -> int:
        """What it takes in memory."""
        return prod(self.shape) * self.dtype.itemsize


class ArrayFile(Protocol):
    """Some arrays on disk.

    Attributes:
        name: What they are called in sentences.
        headers: Of every array, by name, in the order of the file.
        way_to_write: What a person can do to have the right arrays in it.
    """

    name: str
    headers: dict[str, Header]
    way_to_write: str

    def read(self, name: str) -> Array:
        """An array, or a memmap of it.

        Raises:
            DataError: It cannot be read, or holds neither numbers nor text.
        """


def open_arrays(path: Path) -> ArrayFile:
    """Opens a file of arrays, or the folder of several.

    Raises:
        DataError: There is no such file, or it holds no arrays.
    """
    if path.is_dir():
        return NpyFiles(path, "")
    check_kind_of(path, "arrays")
    if begins_with(path, HDF5) or path.suffix.lower() in (".h5", ".hdf5"):
        from editor.training.data.hdf5_arrays import Hdf5File

        return Hdf5File(path)
    if path.suffix.lower() == ".npy":
        found = _OWN_PREFIX.match(path.stem)
        return NpyFiles(path.parent, (found["prefix"] or "") if found else "")
    return NpzFile(path)


def is_array_folder(path: Path) -> bool:
    """Whether a folder holds `.npy` files."""
    return path.is_dir() and any(path.glob("*.npy"))


class NpzFile:
    """The arrays of an `.npz`."""

    way_to_write = "Write it with numpy.savez(NAME, x=samples, y=labels)."

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self._path = path
        if not zipfile.is_zipfile(path):
            raise DataError(
                f"{path.name} is not a complete .npz file.",
                hint="Write it with numpy.savez(NAME, x=..., y=...), or copy it again.",
            )
        self.headers: dict[str, Header] = {}
        with told(path.name, "an .npz file"), zipfile.ZipFile(path) as archive:
            for member in archive.namelist():
                if member.endswith(".npy"):
                    self.headers[member.removesuffix(".npy")] = _header_in(archive, member)

    def read(self, name: str) -> Array:
        """An array."""
        check_kind(self.name, name, self.headers[name].dtype)
        with told(self.name, "an .npz file"), zipfile.ZipFile(self._path) as file, file.open(f"{name}.npy") as member:
            total = file.getinfo(f"{name}.npy").file_size
            array: Array = npy.read_array(_Heard(member, self.name, total), allow_pickle=False)
        return array


class _Heard:
    """A file that tells how far it is read, and can be given up at each piece that numpy reads."""

    def __init__(self, file: IO[bytes], name: str, num_bytes: int) -> None:
        self._file = file
        self._name = name
        self._num_bytes = num_bytes

    def read(self, num_bytes: int = -1, /) -> bytes:
        note_bytes("Reading", self._name, self._file.tell(), self._num_bytes)
        return self._file.read(num_bytes)


class NpyFiles:
    """The `.npy` files of a folder whose names begin alike; they are mapped, not read."""

    way_to_write = "Save the samples as x.npy and the labels as y.npy, with numpy.save."

    def __init__(self, folder: Path, prefix: str) -> None:
        self.name = folder.name or str(folder)
        paths = [path for path in sorted(folder.glob("*.npy")) if path.stem.startswith(prefix)]
        self._paths = {path.stem.removeprefix(prefix): path for path in paths}
        self.headers: dict[str, Header] = {}
        for name, path in self._paths.items():
            with told(path.name, "an .npy file"), path.open("rb") as file:
                self.headers[name] = _header(file)

    def read(self, name: str) -> Array:
        """A memmap of an array."""
        path = self._paths[name]
        check_kind(self.name, name, self.headers[name].dtype)
        with told(path.name, "an .npy file"):
            array: Array = np.load(path, mmap_mode="r" if self.headers[name].shape else None, allow_pickle=False)
        return array


@contextmanager
def told(file_name: str, kind: str) -> Iterator[None]:
    """Says in our words what numpy, zipfile and h5py raise on what is not what it claims to be."""
    try:
        yield
    except MemoryError as error:
        raise DataError(
            f"{file_name} does not fit into memory.", hint="Save fewer or smaller samples, for example as float32."
        ) from error
    except FileError as error:
        raise DataError(error.summary, hint="Write the arrays again as plain datasets, such as x and y.") from error
    except _DAMAGED as error:
        raise DataError(
            f"{file_name} cannot be read; it is damaged or not {kind}.",
            hint="Write or copy it again.",
            details=f"{type(error).__name__}: {error}",
        ) from error


def check_kind(file_name: str, name: str, dtype: np.dtype[np.generic]) -> None:
    """Refuses what is neither numbers nor text: numpy would have to unpickle objects, which can run anything.

    Raises:
        DataError: The array holds something else.
    """
    if dtype.kind not in NUMBERS + TEXT:
        held = "Python objects" if dtype.hasobject else f"values of type {dtype}"
        raise DataError(
            f"{name} in {file_name} holds {held}; numbers are needed.",
            hint=f"Save {name} as an array of numbers: numpy.asarray({name}, dtype='float32').",
        )


def _header_in(archive: zipfile.ZipFile, member: str) -> Header:
    with archive.open(member) as file:
        return _header(file)


def _header(file: object) -> Header:
    is_first_version = npy.read_magic(file) == (1, 0)  # type: ignore[arg-type]
    read_header = npy.read_array_header_1_0 if is_first_version else npy.read_array_header_2_0
    shape, _, dtype = read_header(file)  # type: ignore[arg-type]
    return Header(shape, dtype)
