"""Looks at a SavedModel folder: complete, its objects sound, with Keras's description or without."""

from __future__ import annotations

import re
from pathlib import Path

from editor.errors import FileError, FreezeMapError
from editor.files.facts import FileFacts
from editor.files.freeze_json import map_path_for
from editor.files.saved_model.objects import SavedObjects, is_keras, read_objects
from editor.files.saved_model.place import METADATA_FILE, MODEL_FILE
from editor.files.saved_model.variables_index import read_index
from editor.layers.freeze_map import FreezeMap

_AGAIN = "Copy the whole folder again, or save the model again."
_SHARD = re.compile(r"variables\.data-(\d{5})-of-\d{5}")
_MAX_FILES = 10_000
_MAX_MAP_BYTES = 64 << 20


def probe_saved_model(folder: Path) -> FileFacts:
    """The facts of a SavedModel folder.

    Raises:
        FileError: A file of it is damaged, cut short, or missing.
        OSError: It cannot be read.
    """
    return facts_of(folder, read_objects(folder))


def facts_of(folder: Path, objects: SavedObjects) -> FileFacts:
    """The facts of a SavedModel folder whose objects were read.

    Raises:
        FileError: Its checkpoint is damaged, cut short, or missing.
        OSError: It cannot be read.
    """
    shards = _shards(folder)
    _check_variables(folder, objects, shards)
    return FileFacts(
        path=str(folder),
        format="saved-model",
        keras_version=objects.keras_version,
        num_bytes=sum(_size(folder / name) for name in (MODEL_FILE, METADATA_FILE)) + sum(shards.values()),
        has_model_config=is_keras(objects),
        has_freeze_map=map_path_for(folder).is_file(),
    )


def read_map_beside(folder: Path) -> FreezeMap | None:
    """The freeze map in `NAME.freeze.json` beside the folder; None where there is none.

    Raises:
        FileError: It cannot be read.
        FreezeMapError: It is no map, or one of a newer version.
    """
    path = map_path_for(folder.absolute())
    if not path.is_file():
        return None
    if _size(path) > _MAX_MAP_BYTES:
        raise FreezeMapError(f"{path.name} is too large for a freeze map.", hint="Move it away, or export it anew.")
    try:
        return FreezeMap.from_json(path.read_bytes())
    except OSError as error:
        raise FileError(f"{path.name} cannot be read: {error.strerror}.", hint="Check its permissions.") from error


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _shards(folder: Path) -> dict[int, int]:
    """Size of each file with values of variables, by its number."""
    found = {}
    for path in sorted((folder / "variables").glob("variables.data-*"))[:_MAX_FILES]:
        if match := _SHARD.fullmatch(path.name):
            found[int(match[1])] = _size(path)
    return found


def _check_variables(folder: Path, objects: SavedObjects, shards: dict[int, int]) -> None:
    stored = read_index(folder)
    for variable in stored:
        if variable.shard not in shards:
            raise FileError(
                f"{folder.name} is not a complete SavedModel: values of its variables are missing.", hint=_AGAIN
            )
        if variable.offset + variable.num_bytes > shards[variable.shard]:
            raise FileError(f"{folder.name} is cut short: values of its variables are missing.", hint=_AGAIN)
    if not stored and any(node.variable for node in objects.nodes):
        raise FileError(f"{folder.name} is not a complete SavedModel: its folder 'variables' is missing.", hint=_AGAIN)
