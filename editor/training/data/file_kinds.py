"""What kind of data a file holds: its content decides, then its name."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Literal

from editor.errors import DataError

FileKind = Literal["table", "arrays"]

TABLE_ENDINGS = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz", ".parquet", ".pq")
ARRAY_ENDINGS = (".npz", ".npy", ".h5", ".hdf5")
JSON_ENDINGS = (".json", ".jsonl", ".ndjson")
PARQUET, HDF5, GZIP, ZIP, NPY = b"PAR1", b"\x89HDF\r\n\x1a\n", b"\x1f\x8b", b"PK\x03\x04", b"\x93NUMPY"

_NUM_BYTES = 4096
_TEXT_MARKS = (b"\xff\xfe", b"\xfe\xff")
"""UTF-16, whose text holds zeros."""
_AS_TABLE = "Save it as CSV there, and choose that file."
_UNPACK = "Unpack it, and choose the file or folder with the data."
_FOLDER = "Choose a folder with a subfolder of images for each class."
_OTHER_KINDS = {
    b"\xd0\xcf\x11\xe0": ("an Excel workbook", _AS_TABLE),
    b"%PDF": ("a PDF document", "Save the table in it as CSV, and choose that file."),
    b"SQLite format 3": ("a database", "Write the table as CSV, and choose that file."),
    b"ARROW1": ("an Arrow file (Feather)", "Write the table as Parquet or CSV, and choose that file."),
    b"MATLAB 5.0": ("a MATLAB file", "Write its arrays with numpy.savez, and choose that file."),
    b"\x80\x04\x95": ("a Python pickle, which may run anything", "Write arrays with numpy.savez, or a table as CSV."),
    b"\x89PNG": ("a single image", _FOLDER),
    b"\xff\xd8\xff": ("a single image", _FOLDER),
    b"GIF8": ("a single image", _FOLDER),
    b"II*\0": ("a single image", _FOLDER),
    b"MM\0*": ("a single image", _FOLDER),
    b"7z\xbc\xaf": ("a packed archive", _UNPACK),
    b"\xfd7zXZ": ("a packed archive", _UNPACK),
    b"BZh": ("a packed archive", _UNPACK),
    b"Rar!": ("a packed archive", _UNPACK),
}
"""What people choose and is not read, by its first bytes: what it is, and what to do."""


def begins_with(path: Path, mark: bytes) -> bool:
    """Whether a file begins with some bytes."""
    return _beginning(path).startswith(mark)


def kind_of(path: Path) -> FileKind:
    """What a file is read as.

    Raises:
        DataError: It is not there, or of a kind that is not read.
    """
    _check_is_file(path)
    name, start = path.name.lower(), _beginning(path)
    for mark, (kind, cure) in _OTHER_KINDS.items():
        if start.startswith(mark):
            raise _other_kind(path, kind, cure)
    if start.startswith(ZIP):
        return _kind_of_zip(path)
    if start.startswith((PARQUET, GZIP)):
        return "table"
    if start.startswith((HDF5, NPY)) or name.endswith(ARRAY_ENDINGS):
        return "arrays"
    if name.endswith(TABLE_ENDINGS):
        return "table"
    if name.endswith(JSON_ENDINGS) or start.lstrip()[:2] in (b'{"', b"[{"):
        raise _other_kind(path, "JSON", "Save the table in it as CSV, and choose that file.")
    if name.endswith(".py"):
        raise _other_kind(path, "Python code", f"Name the function in it that gives the data: {path}:NAME.")
    if b"\0" in start and not start.startswith(_TEXT_MARKS):
        raise _other_kind(path, "of an unknown kind", "Save the data as CSV, Parquet, .npz, .npy or .h5.")
    return "table"


def check_kind_of(path: Path, needed: FileKind) -> None:
    """Holds a file to a kind.

    Raises:
        DataError: It is not there, or of another kind.
    """
    if kind_of(path) != needed:
        words = {"table": "a table", "arrays": "a file of arrays"}
        other = words["arrays" if needed == "table" else "table"]
        raise DataError(
            f"{path.name} is {other}, but {words[needed]} is needed here, as the training data are.",
            hint="Choose data of the same kind as the training data.",
        )


def _kind_of_zip(path: Path) -> FileKind:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, NotImplementedError):
        names = []
    if any(name.endswith(".npy") for name in names) or path.name.lower().endswith(ARRAY_ENDINGS):
        return "arrays"
    if any(name.startswith("xl/") for name in names):
        raise _other_kind(path, "an Excel workbook", _AS_TABLE)
    if "content.xml" in names:
        raise _other_kind(path, "a spreadsheet of LibreOffice or OpenOffice", _AS_TABLE)
    if "model.weights.h5" in names:
        raise _other_kind(path, "a Keras model", "Choose the data to train it on.")
    raise _other_kind(path, "a packed archive", _UNPACK)


def _other_kind(path: Path, kind: str, cure: str) -> DataError:
    return DataError(f"{path.name} is {kind}, which is not read as data.", hint=cure)


def _check_is_file(path: Path) -> None:
    if path.is_dir():
        raise DataError(f"{path} is a folder, but a file is needed here.", hint="Choose the file in it.")
    if path.exists() and not path.is_file():
        raise DataError(f"{path} is no file that can be read again and again.", hint="Choose a file on disk.")
    if not path.exists():
        raise DataError(
            f"There is no file {path}.", hint="Choose a table, a file of arrays, a folder of images, or sample:digits."
        )


def _beginning(path: Path) -> bytes:
    """Nothing where it cannot be read: who reads it says why."""
    try:
        with path.open("rb") as file:
            return file.read(_NUM_BYTES)
    except OSError:
        return b""
