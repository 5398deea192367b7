"""Looks at an HDF5 file: complete, with an architecture or weights alone, of which Keras version."""

from __future__ import annotations

from pathlib import Path
from typing import IO

import h5py

from editor.errors import FileError
from editor.files.architecture_guard import check_architecture
from editor.files.facts import FileFacts
from editor.files.hdf5_guard import check_hdf5
from editor.files.hdf5_outline import GroupOutline
from editor.files.hdf5_superblock import declared_end
from editor.files.look import Look
from editor.files.safe_json import parse_json_object
from editor.files.stored_weights import group_by_name, is_by_key, text_of

MAP_ATTRIBUTE = "frostline_freeze_map"
TRAINED_WEIGHTS_ATTRIBUTE = "frostline_trained_weights"

DAMAGED_HDF5 = (OSError, RuntimeError, ValueError, KeyError, TypeError, OverflowError)
"""What h5py raises over damaged files, by the place where the damage is."""

_READ = ("model_config", "keras_version")
_NUM_NAMED, _LONGEST_NAME = 5, 40
_DAMAGED_HINT = "Copy or download it again."


def look_at_hdf5(path: Path, stream: IO[bytes], offset: int, num_bytes: int) -> Look:
    """The facts of an HDF5 file, its architecture, and its outline.

    Args:
        path: The file.
        stream: The same file, open.
        offset: Where the HDF5 signature stands.
        num_bytes: Size of the file.

    Raises:
        FileError: The file is cut short, damaged, holds trained weights, or is no Keras model.
    """
    check_end(path.name, stream, offset, num_bytes)
    try:
        with h5py.File(path, "r") as file:
            outline = check_hdf5(file, path.name, num_bytes)
            names = set(file.attrs) | set(file)
            attributes = {name: text_of(file.attrs[name]) for name in _READ if name in file.attrs}
            has_weights = "model_config" not in attributes and _has_weights(file, names)
    except DAMAGED_HDF5 as error:
        raise FileError(
            f"{path.name} is a damaged HDF5 file.", hint=_DAMAGED_HINT, details=f"{type(error).__name__}: {error}"
        ) from error
    config = {}
    if "model_config" in attributes:
        config = parse_json_object(attributes["model_config"], f"The architecture in {path.name}")
        check_architecture(config, path.name)
    elif not has_weights:
        raise _without_model(path.name, names, outline)
    facts = FileFacts(
        path=str(path),
        format="weights" if has_weights else "h5",
        keras_version=attributes.get("keras_version"),
        num_bytes=num_bytes,
        has_model_config=not has_weights,
        has_freeze_map=MAP_ATTRIBUTE in names,
    )
    return Look(facts, config, weights=outline)


def check_end(name: str, stream: IO[bytes], offset: int, num_bytes: int) -> None:
    """Holds the size of an HDF5 file against the end that its superblock declares.

    Raises:
        FileError: The file is cut short.
    """
    end = declared_end(stream, offset)
    if end is None:
        raise FileError(f"{name} is a damaged HDF5 file: its first record cannot be read.", hint=_DAMAGED_HINT)
    if end > num_bytes:
        raise FileError(f"{name} is cut short: the HDF5 data have {num_bytes:,} of {end:,} bytes.", hint=_DAMAGED_HINT)


def _has_weights(file: h5py.File, names: set[str]) -> bool:
    """Whether a file without an architecture holds weights that Keras wrote."""
    return TRAINED_WEIGHTS_ATTRIBUTE not in names and (group_by_name(file) is not None or is_by_key(file))


def _without_model(name: str, names: set[str], outline: GroupOutline) -> FileError:
    if TRAINED_WEIGHTS_ATTRIBUTE in names:
        return FileError(
            f"{name} holds trained weights without the rest of their model.",
            hint="Open the model that they were trained from, then apply them to it.",
        )
    hint = "Choose a file that model.save() wrote."
    inside = {None: outline} | outline.groups
    arrays = [b"/".join(filter(None, (group, array))) for group, found in inside.items() for array in found.datasets]
    if not arrays:
        return FileError(f"{name} is an HDF5 file, but no Keras model.", hint=hint)
    told = [array.decode("utf-8", "replace")[:_LONGEST_NAME] for array in arrays[:_NUM_NAMED]]
    more = ["…"] if len(arrays) > _NUM_NAMED else []
    return FileError(
        f"{name} holds arrays ({', '.join([*told, *more])}), and no Keras model.",
        hint=f"To train on them, choose it in Data… (Ctrl+D), or by --data. To open a model, c{hint[1:]}",
    )
