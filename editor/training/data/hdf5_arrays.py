"""The datasets of an `.h5` file by name; nothing in it may lead elsewhere."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np

from editor.errors import DataError
from editor.files.hdf5_guard import check_hdf5
from editor.training.data.array_files import Header, told
from editor.training.data.parts import Array


class Hdf5File:
    """The arrays of an `.h5`; one in a group is called by both names with `_` between, as `train_x`."""

    way_to_write = "Write datasets x and y with h5py: file.create_dataset('x', data=samples)."

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self._path = path
        self._places: dict[str, str] = {}
        self.headers: dict[str, Header] = {}
        with told(path.name, "an .h5 file"), h5py.File(path, "r") as file:
            check_hdf5(file, path.name, path.stat().st_size)
            file.visititems(self._note)

    def read(self, name: str) -> Array:
        """An array."""
        with told(self.name, "an .h5 file"), h5py.File(self._path, "r") as file:
            dataset = file[self._places[name]]
            is_text = h5py.check_string_dtype(dataset.dtype) is not None
            values = dataset.asstr()[()] if is_text else dataset[()]
        array: Array = np.asarray(values, dtype=str) if is_text else np.asarray(values)
        if array.dtype.kind not in "biufUS":
            raise DataError(
                f"{name} in {self.name} holds values of type {array.dtype}; numbers are needed.",
                hint=f"Save {name} as numbers: {name}.astype('float32').",
            )
        return array

    def _note(self, place: str, item: object) -> None:
        if isinstance(item, h5py.Dataset) and item.shape is not None:
            name = place.replace("/", "_")
            self._places[name] = place
            self.headers[name] = Header(item.shape, item.dtype)
