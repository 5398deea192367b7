"""A revision: all variables of a model and of its optimizer at one moment, bit for bit, in one file."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import msgspec
import numpy as np
import numpy.typing as npt

from editor.errors import FileError
from editor.files.atomic import write_atomically

Array = npt.NDArray[Any]

_META_KEY = "meta"
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    msgspec.MsgspecError,
    OSError,
    EOFError,
    KeyError,
    ValueError,
    TypeError,
    OverflowError,
    RuntimeError,  # NotImplementedError too, for a flipped compression method
    MemoryError,
)
"""What NumPy and the zip library raise over a damaged file."""


class RevisionMeta(msgspec.Struct, frozen=True, kw_only=True):
    """Where a revision comes from.

    Attributes:
        revision: Its number; it grows with every change of weights.
        run_id: The run that made it; None for the weights of the file.
        epoch: The epoch under way or done, 0 upwards; None without a run.
        outcome: How the run ended; None while it goes on, and without a run.
        variable_paths: Keras's path of each variable, for the log; may be empty.
        compile_config: How the model was compiled, as JSON; None where it was not.
        optimizer_roles: What each of the optimizer's variables is: its name in the optimizer, and the id of the weight
            whose slot it is, None for what belongs to no weight.
        optimizer_weights: The ids of the weights that the optimizer is for, in its order.
        iterations: Steps that the optimizer has made; None where there is no optimizer.
        learned: Paths of the layers that were trained before the model was opened; None where nobody looked.
    """

    revision: int
    run_id: int | None = None
    epoch: int | None = None
    outcome: str | None = None
    variable_paths: tuple[str, ...] = ()
    compile_config: str | None = None
    optimizer_roles: tuple[tuple[str, int | None], ...] = ()
    optimizer_weights: tuple[int, ...] = ()
    iterations: int | None = None
    learned: tuple[str, ...] | None = None


@dataclass(frozen=True, eq=False)
class Revision:
    """What `read_revision` gives back.

    Attributes:
        variables: The value of each of `model.variables`, in their order.
        optimizer: The value of each of the optimizer's variables; empty where there is none.
    """

    variables: tuple[Array, ...]
    optimizer: tuple[Array, ...]
    meta: RevisionMeta


class _Stored(msgspec.Struct, frozen=True):
    """The JSON in the file: how many arrays there are, and the dtype of those that NumPy does not know by itself."""

    num_variables: int
    num_optimizer: int
    meta: RevisionMeta
    foreign_dtypes: dict[str, str] = {}


def write_revision(path: Path, variables: Sequence[Array], optimizer: Sequence[Array], meta: RevisionMeta) -> None:
    """Writes a revision as an uncompressed `.npz`, whole or not at all.

    Values of foreign dtypes (bfloat16, float8) are stored as unsigned integers of the same bits.

    Raises:
        FileError: The file cannot be written.
    """
    arrays = _named(variables, optimizer)
    foreign = {name: str(array.dtype) for name, array in arrays.items() if _is_foreign(array.dtype)}
    stored = _Stored(len(variables), len(optimizer), meta, foreign)
    members = {name: array.view(_bits_of(array.dtype)) if name in foreign else array for name, array in arrays.items()}
    members[_META_KEY] = np.frombuffer(msgspec.json.encode(stored), np.uint8)
    with write_atomically(path) as temporary, temporary.open("wb") as stream:
        _save(stream, members)


def _save(stream: IO[bytes], members: dict[str, Array]) -> None:
    objects = [name for name, array in members.items() if array.dtype.hasobject]
    if objects:
        raise TypeError(f"{', '.join(objects)} hold Python objects, which are not written")
    np.savez(stream, **members)  # type: ignore[arg-type]  # NumPy types the keywords as allow_pickle's too


def read_revision(path: Path) -> Revision:
    """Reads a revision; nothing in the file is run.

    Raises:
        FileError: The file is missing or damaged.
    """
    try:
        _check_sums(path)
        with np.load(path, allow_pickle=False) as members:
            stored = msgspec.json.decode(members[_META_KEY].tobytes(), type=_Stored)
            return Revision(
                tuple(_array(members, stored, f"v{at}") for at in range(stored.num_variables)),
                tuple(_array(members, stored, f"o{at}") for at in range(stored.num_optimizer)),
                stored.meta,
            )
    except FileNotFoundError as error:
        raise FileError(f"The kept weights {path} are gone.", hint="Open the saved model instead.") from error
    except _DAMAGED as error:
        raise FileError(
            f"The kept weights {path.name} cannot be read.",
            hint="The file is damaged; use an earlier one, or open the saved model.",
            details=f"{path}: {type(error).__name__}: {error}",
        ) from error


def _check_sums(path: Path) -> None:
    """Compares the checksum of every member, so that sizes and shapes in them can be believed afterwards."""
    with zipfile.ZipFile(path) as archive:
        if any(info.compress_type != zipfile.ZIP_STORED for info in archive.infolist()):
            raise zipfile.BadZipFile("a member is compressed")
        broken = archive.testzip()
        if broken is not None:
            raise zipfile.BadZipFile(f"the checksum of {broken} differs")


def _named(variables: Sequence[Array], optimizer: Sequence[Array]) -> dict[str, Array]:
    named = {f"v{at}": np.asarray(array) for at, array in enumerate(variables)}
    return named | {f"o{at}": np.asarray(array) for at, array in enumerate(optimizer)}


def _array(members: Any, stored: _Stored, name: str) -> Array:
    array: Array = members[name]
    foreign = stored.foreign_dtypes.get(name)
    return array if foreign is None else array.view(_foreign_dtype(foreign))


def _is_foreign(dtype: np.dtype[Any]) -> bool:
    """Whether a dtype was registered by another package (`isbuiltin` 2), which `.npy` would store as raw void."""
    return dtype.isbuiltin == 2


def _bits_of(dtype: np.dtype[Any]) -> np.dtype[Any]:
    return np.dtype(f"u{dtype.itemsize}")


def _foreign_dtype(name: str) -> np.dtype[Any]:
    # Comes with Keras. Only needed where Keras has made such values, never in the window.
    import ml_dtypes

    return np.dtype(getattr(ml_dtypes, name, name))
