"""Training data: loads them as numpy arrays, and holds a part out for validation; without Keras."""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.lib.format as npy

from editor.errors import DataError
from editor.training.data.parts import Array
from editor.training.labels import describe_labels
from editor.training.words import SAMPLE_PREFIX
from resources import resource_path

NUMBERS = "biuf"
"""numpy's letters for booleans, whole numbers and floating-point numbers."""
TEXT = "US"

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


@dataclass(frozen=True, slots=True, eq=False)
class TrainData:
    """What a model is trained on.

    Attributes:
        x: Samples, `(num_samples, …)`.
        y: Labels or targets, `(num_samples, …)`.
        x_val: Samples that are validated on and never trained on; None where there are none.
        y_val: Their labels or targets.
    """

    x: Array
    y: Array
    x_val: Array | None = None
    y_val: Array | None = None

    @property
    def num_samples(self) -> int:
        """Samples to train on."""
        return len(self.x)

    @property
    def has_validation(self) -> bool:
        """Whether there is a validation part."""
        return self.x_val is not None

    def describe(self) -> str:
        """The data in one line, such as `1,797 samples of 8 × 8 × 1 · 10 classes`."""
        sizes = " × ".join(f"{size:,}" for size in self.x.shape[1:]) or "1 value"
        samples = "sample" if self.num_samples == 1 else "samples"
        parts = [f"{self.num_samples:,} {samples} of {sizes}", describe_labels(self.y)]
        if self.x_val is not None:
            parts.append(f"{len(self.x_val):,} more for validation")
        return " · ".join(parts)


def load_data(name: str) -> TrainData:
    """Loads `sample:digits`, or an `.npz` file with `x` and `y` and optionally `x_val` and `y_val`.

    Raises:
        DataError: There is no such sample or file, or the file holds no such data.
    """
    if name == f"{SAMPLE_PREFIX}digits":
        return _load_digits()
    if name.startswith(SAMPLE_PREFIX):
        raise DataError(f"There is no sample called {name.removeprefix(SAMPLE_PREFIX)!r}.", hint="Use sample:digits.")
    path = Path(name)
    arrays = _read_npz(path)
    _check_arrays(path, arrays)
    return TrainData(**arrays)


def hold_out(data: TrainData, validation_split: float, seed: int) -> TrainData:
    """Moves a share of the samples, drawn by `seed`, to the validation part; the others keep their order.

    Data that bring their own validation part stay as they are, and so do all data where the share is 0. Otherwise
    each side gets at least one sample.

    Raises:
        DataError: One sample cannot be shared.
    """
    if data.has_validation or validation_split == 0:
        return data
    total = data.num_samples
    if total == 1:
        raise DataError("One sample leaves nothing to validate on.", hint="Use a validation share of 0, or more data.")
    num_held = min(max(round(total * validation_split), 1), total - 1)
    order = np.random.default_rng(seed).permutation(total)
    held, kept = np.sort(order[:num_held]), np.sort(order[num_held:])
    return replace(data, x=data.x[kept], y=data.y[kept], x_val=data.x[held], y_val=data.y[held])


def _load_digits() -> TrainData:
    table = np.loadtxt(resource_path("demo", "digits.csv.gz"), delimiter=",", dtype=np.float32)
    images = table[:, :-1].reshape(-1, 8, 8, 1) / np.float32(16)
    return TrainData(images, table[:, -1].astype(np.int64))


def _read_npz(path: Path) -> dict[str, Array]:
    """The arrays of an `.npz` that have one of the four names."""
    if not path.is_file():
        raise DataError(f"There is no file {path}.", hint="Choose an .npz file with arrays x and y, or sample:digits.")
    if not zipfile.is_zipfile(path):
        raise DataError(
            f"{path.name} is not a complete .npz file.",
            hint="Write it with numpy.savez(NAME, x=..., y=...), or copy it again.",
        )
    try:
        with zipfile.ZipFile(path) as archive:
            stored = set(archive.namelist())
            return {
                name: _read_array(archive, name, path)
                for name in ("x", "y", "x_val", "y_val")
                if f"{name}.npy" in stored
            }
    except MemoryError as error:
        raise DataError(
            f"{path.name} does not fit into memory.", hint="Save fewer or smaller samples, for example as float32."
        ) from error
    except _DAMAGED as error:
        raise DataError(
            f"{path.name} cannot be read; it is damaged or not an .npz file.",
            hint="Write it again with numpy.savez(NAME, x=..., y=...).",
            details=f"{type(error).__name__}: {error}",
        ) from error


def _read_array(archive: zipfile.ZipFile, name: str, path: Path) -> Array:
    # The type is looked at before the values: numpy would have to unpickle objects, which can run anything.
    with archive.open(f"{name}.npy") as member:
        is_first_version = npy.read_magic(member) == (1, 0)
        read_header = npy.read_array_header_1_0 if is_first_version else npy.read_array_header_2_0
        dtype = read_header(member)[2]
    if dtype.kind not in NUMBERS + TEXT:
        held = "Python objects" if dtype.hasobject else f"values of type {dtype}"
        raise DataError(
            f"{name} in {path.name} holds {held}; numbers are needed.",
            hint=f"Make all samples of one shape and save numpy.asarray({name}, dtype='float32').",
        )
    with archive.open(f"{name}.npy") as member:
        array: Array = npy.read_array(member, allow_pickle=False)
    return array


def _check_arrays(path: Path, arrays: dict[str, Array]) -> None:
    for name in ("x", "y"):
        if name not in arrays:
            raise DataError(
                f"{path.name} has no array {name}.", hint="Write it with numpy.savez(NAME, x=samples, y=labels)."
            )
    given = [name for name in ("x_val", "y_val") if name in arrays]
    if len(given) == 1:
        absent = "y_val" if given == ["x_val"] else "x_val"
        raise DataError(
            f"{path.name} has {given[0]} but no {absent}.", hint=f"Add {absent}, or leave {given[0]} out as well."
        )
    for name, array in arrays.items():
        _check_values(path, name, array)
    for x_name, y_name in (("x", "y"), ("x_val", "y_val"))[: 1 + bool(given)]:
        if len(arrays[x_name]) != len(arrays[y_name]):
            raise DataError(
                f"{x_name} in {path.name} has {len(arrays[x_name]):,} samples, but {y_name} has "
                f"{len(arrays[y_name]):,}.",
                hint=f"Give one entry of {y_name} for each sample of {x_name}.",
            )


def _check_values(path: Path, name: str, array: Array) -> None:
    if array.size == 0 or array.ndim == 0:
        raise DataError(
            f"{name} in {path.name} holds no samples.", hint="The first axis counts the samples; save some."
        )
    if array.dtype.kind == "f" and (num_bad := array.size - int(np.isfinite(array).sum())):
        raise DataError(
            f"{name} in {path.name} holds {num_bad:,} {'value that is' if num_bad == 1 else 'values that are'} "
            "not finite (NaN or infinity).",
            hint="Drop those samples, or fill the gaps with numpy.nan_to_num.",
        )
