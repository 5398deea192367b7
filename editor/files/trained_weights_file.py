"""The file of trained weights alone: a small HDF5 file, keyed by path, with the freeze map inside.

Layout: a dataset `weights/PATH` for each weight (`weights/base/conv:kernel`), with the attributes `path`, `store`,
`class`, `position` (index among the layer's own weights) and `dtype`. At the root the attributes are
`frostline_trained_weights` (version of the layout), `frostline_freeze_map`, and `frostline_other_weights`: the digests
of all weights that are not in the file, so that a model can be known to be the one that it was made from.

Nothing in a file is trusted: no link is followed, and a dataset must be plain, with its bytes in this very file. A
damaged one may still hang the HDF5 library (fact F24): a reader is to look through it first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import msgspec
import numpy as np
import numpy.typing as npt

from editor.errors import FileError
from editor.files.hdf5_superblock import superblock_offset
from editor.files.probe_hdf5 import DAMAGED_HDF5, MAP_ATTRIBUTE, TRAINED_WEIGHTS_ATTRIBUTE, check_end
from editor.layers.freeze_map import FreezeMap

VERSION = 1

_WEIGHTS_GROUP = "weights"
_OTHERS_ATTRIBUTE = "frostline_other_weights"
_PLAIN_KINDS = "biufc"


class WeightKey(msgspec.Struct, frozen=True):
    """The names of a weight.

    Attributes:
        path: Such as `base/conv:kernel`.
        store: The group of its layer in Keras's weights file; may be empty.
        class_name: Of its layer.
        position: Index among the weights that the layer itself owns.
    """

    path: str
    store: str
    class_name: str
    position: int


@dataclass(frozen=True, eq=False)
class TrainedWeights:
    """What such a file holds.

    Attributes:
        weights: The weights with their values.
        others: All other weights of the model, with the digest of the value that each had.
    """

    freeze_map: FreezeMap
    weights: Sequence[tuple[WeightKey, npt.NDArray[Any]]]
    others: Sequence[tuple[WeightKey, str]]


def write_trained_weights(path: Path, trained: TrainedWeights) -> None:
    """Writes into a temporary file that nobody reads yet.

    Raises:
        FileError: Two names are in each other's way.
    """
    with h5py.File(path, "w") as file:
        file.attrs[TRAINED_WEIGHTS_ATTRIBUTE] = VERSION
        file.attrs[MAP_ATTRIBUTE] = trained.freeze_map.to_json().decode()
        file.attrs[_OTHERS_ATTRIBUTE] = msgspec.json.encode(trained.others).decode()
        group = file.create_group(_WEIGHTS_GROUP)
        for key, values in trained.weights:
            try:
                dataset = group.create_dataset(_dataset_name(key.path), data=_storable(values))
            except (ValueError, OSError) as error:
                if isinstance(error, OSError) and error.errno:
                    raise  # a full disk
                raise FileError(
                    f"The weight {key.path!r} cannot be written: {error}.",
                    hint="Rename the layer, or save the whole model.",
                ) from error
            dataset.attrs.update({"path": key.path, "store": key.store, "class": key.class_name})
            dataset.attrs.update({"position": key.position, "dtype": str(values.dtype)})


def read_trained_weights(path: Path) -> TrainedWeights:
    """Reads a file that a reader has looked through.

    Raises:
        FileError: It is missing, damaged, or holds something else.
        FreezeMapError: What stands in the map's place is no map.
    """
    with _opened(path) as file:
        return TrainedWeights(_map_in(file), tuple(_weights_in(file)), _others_in(file))


def look_through(path: Path) -> None:
    """Reads every byte that `read_trained_weights` would, and keeps none. For the reader.

    Raises:
        FileError: As `read_trained_weights`.
        FreezeMapError: As `read_trained_weights`.
    """
    with _opened(path) as file:
        _map_in(file)
        _others_in(file)
        for _ in _weights_in(file):
            pass


@contextmanager
def _opened(path: Path) -> Iterator[h5py.File]:
    try:
        with path.open("rb") as stream:
            num_bytes = path.stat().st_size
            offset = superblock_offset(stream, num_bytes)
            if offset is None:
                raise _no_such_file(path)
            check_end(path.name, stream, offset, num_bytes)
        with h5py.File(path, "r") as file:
            _check_version(path, file.attrs.get(TRAINED_WEIGHTS_ATTRIBUTE))
            yield file
    except FileNotFoundError as error:
        raise FileError(f"There is no file {path}.", hint="Check its name and folder.") from error
    except (*DAMAGED_HDF5, msgspec.MsgspecError, AttributeError) as error:
        raise FileError(
            f"The trained weights in {path.name} cannot be read: the file is damaged.",
            hint="Copy it again, or export it again.",
            details=f"{type(error).__name__}: {error}",
        ) from error


def _check_version(path: Path, version: Any) -> None:
    if version is None:
        raise _no_such_file(path)
    if int(version) > VERSION:
        raise FileError(
            f"{path.name} has layout {int(version)} of trained weights; this version reads up to {VERSION}.",
            hint="Open it with a newer version of Frostline.",
        )


def _no_such_file(path: Path) -> FileError:
    return FileError(
        f"{path.name} holds no trained weights.", hint="Choose a file that Frostline exported as trained weights."
    )


def _map_in(file: h5py.File) -> FreezeMap:
    return FreezeMap.from_json(file.attrs[MAP_ATTRIBUTE])


def _others_in(file: h5py.File) -> tuple[tuple[WeightKey, str], ...]:
    return msgspec.json.decode(file.attrs[_OTHERS_ATTRIBUTE], type=tuple[tuple[WeightKey, str], ...])


def _weights_in(file: h5py.File) -> Iterator[tuple[WeightKey, npt.NDArray[Any]]]:
    is_here = isinstance(file.get(_WEIGHTS_GROUP, getlink=True), h5py.HardLink)
    if not is_here:
        raise KeyError(_WEIGHTS_GROUP)
    datasets: list[h5py.Dataset] = []
    # This walk follows hard links only, each object once.
    file[_WEIGHTS_GROUP].visititems(lambda _, item: datasets.append(item) if isinstance(item, h5py.Dataset) else None)
    for dataset in datasets:
        _check_plain(dataset)
        own = dataset.attrs
        key = WeightKey(str(own["path"]), str(own["store"]), str(own["class"]), int(own["position"]))
        yield key, _with_dtype(np.asarray(dataset[()]), str(own["dtype"]))


def _check_plain(dataset: h5py.Dataset) -> None:
    """Bytes of this file, as many as the shape says: nothing that unpacks to more, and nothing from elsewhere."""
    settings = dataset.id.get_create_plist()
    is_inside = settings.get_layout() in (h5py.h5d.COMPACT, h5py.h5d.CONTIGUOUS) and not settings.get_external_count()
    is_whole = dataset.id.get_storage_size() == dataset.size * dataset.dtype.itemsize
    if not (is_inside and is_whole and dataset.dtype.kind in _PLAIN_KINDS and not settings.get_nfilters()):
        raise ValueError(f"{dataset.name} is not stored plainly")


def _dataset_name(path: str) -> str:
    """HDF5 takes a name `.` for the group itself."""
    return "/".join(name if name.strip(".") else name.replace(".", "%2E") for name in path.split("/"))


def _storable(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Values of a dtype that HDF5 does not know (bfloat16, float8) as unsigned integers of the same bits."""
    return values.view(f"u{values.dtype.itemsize}") if values.dtype.isbuiltin == 2 else values


def _with_dtype(values: npt.NDArray[Any], dtype: str) -> npt.NDArray[Any]:
    if str(values.dtype) == dtype:
        return values
    # Comes with Keras. Only needed where Keras has made such values.
    import ml_dtypes

    return values.view(np.dtype(getattr(ml_dtypes, dtype)))
