"""Files that make the libraries under a reader hang or eat, as damaged files do."""

from __future__ import annotations

import json
import struct
import zipfile
from pathlib import Path

import h5py

from editor.files.zip_members import CONFIG_MEMBER
from tests.files.samples import KERAS_FILE


def write_hanging_hdf5(path: Path) -> Path:
    """An HDF5 file over which the HDF5 library runs in a circle for good, holding the interpreter's lock (fact F24).

    The first object of the global heap, where `model_config` is, claims a size that, rounded up with its header,
    becomes 0: the library steps from the object to itself. HDF5 File Format Specification 3.0, section III.E.
    """
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps({"class_name": "Sequential"})
    content = bytearray(path.read_bytes())
    size_at = content.index(b"GCOL") + 16 + 8
    content[size_at : size_at + 8] = struct.pack("<q", -16)
    path.write_bytes(content)
    return path


def write_memory_eater(path: Path) -> Path:
    """A small archive whose configuration is 2 MB of JSON that takes some 50 MB as Python objects."""
    with zipfile.ZipFile(KERAS_FILE) as sound, zipfile.ZipFile(path, "w") as archive:
        for name in sound.namelist():
            content = sound.read(name)
            archive.writestr(name, b"[" + b"[]," * 800_000 + b"[]]" if name == CONFIG_MEMBER else content)
    return path
