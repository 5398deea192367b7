"""The datasets of an `.h5` file by name, of a file that another process has looked through."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np

from editor.errors import DataError
from editor.training.data.array_files import NUMBERS, TEXT, Header, told
from editor.training.data.hdf5_check import check_apart
from editor.training.data.parts import Array
from editor.training.progress import note_bytes

_PIECE_BYTES = 1 << 24


class Hdf5File:
    """The arrays of an `.h5`; one in a group is called by both names with `_` between, as `train_x`."""

    way_to_write = "Write datasets x and y with h5py: file.create_dataset('x', data=samples)."

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self._path = path
        self._places: dict[str, str] = {}
        self.headers: dict[str, Header] = {}
        check_apart(path)
        with told(path.name, "an .h5 file"), h5py.File(path, "r") as file:
            if "model_config" in file.attrs or "layer_names" in file.attrs:
                raise DataError(
                    f"{path.name} is a Keras model, which is not read as data.", hint="Choose the data to train it on."
                )
            file.visititems(self._note)

    def read(self, name: str) -> Array:
        """An array."""
        with told(self.name, "an .h5 file"), h5py.File(self._path, "r") as file:
            dataset = file[self._places[name]]
            if h5py.check_string_dtype(dataset.dtype) is not None:
                return np.asarray(dataset.asstr()[()], dtype=str)
            if dataset.dtype.kind not in NUMBERS + TEXT:
                raise DataError(
                    f"{name} in {self.name} holds values of type {dataset.dtype}; numbers are needed.",
                    hint=f"Save {name} as numbers: {name}.astype('float32').",
                )
            return self._read_numbers(dataset)

    def _read_numbers(self, dataset: h5py.Dataset) -> Array:
        """Piece by piece, so that it can be given up; HDF5 unpacks whole chunks."""
        if not dataset.shape or not dataset.size:
            return np.asarray(dataset[()])
        array: Array = np.empty(dataset.shape, dataset.dtype)
        in_chunk = dataset.chunks[0] if dataset.chunks else 1
        num_rows = max(_PIECE_BYTES * len(array) // max(array.nbytes, 1) // in_chunk, 1) * in_chunk
        for start in range(0, len(array), num_rows):
            note_bytes("Reading", self.name, start * (array.nbytes // len(array)), array.nbytes)
            rows = np.s_[start : start + num_rows]
            dataset.read_direct(array, rows, rows)
        return array

    def _note(self, place: str, item: object) -> None:
        if isinstance(item, h5py.Dataset) and item.shape is not None:
            name = place.replace("/", "_")
            self._places[name] = place
            self.headers[name] = Header(item.shape, item.dtype)
