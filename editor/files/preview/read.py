"""Finds out what a file is and has its layers read. To be called in the reader only, as it reads untrusted files."""

from __future__ import annotations

from pathlib import Path

import msgspec

from editor.errors import FileError
from editor.files.facts import Preview
from editor.files.options import OpenOptions
from editor.files.outside_files import graph_obstacle
from editor.files.preview.architecture import preview_json
from editor.files.preview.archive import preview_keras
from editor.files.preview.hdf5 import preview_hdf5
from editor.files.preview.saved_model import preview_saved_model
from editor.files.preview.sizes import size_obstacle
from editor.files.preview.weights import preview_weights
from editor.files.probe import look_at, probe_file
from editor.files.saved_model.place import saved_model_folder


def read_preview(path: Path, options: OpenOptions | None = None) -> Preview:
    """What a model file tells of its layers; its content decides what it is, never its name.

    Args:
        path: The file, or the folder of a SavedModel.
        options: Where the architecture of a file of weights comes from.

    Raises:
        FileError: The file is missing, unreadable, damaged, hostile, or no model; in one plain sentence.
    """
    options = options or OpenOptions()
    preview = _preview_of(path, options)
    if preview.facts.format == "weights" and options.architecture:
        # The engine opens that file too.
        probe_file(Path(options.architecture))
    if not preview.obstacle and (obstacle := size_obstacle(preview.root) or graph_obstacle(preview.needs)):
        return msgspec.structs.replace(preview, obstacle=obstacle)
    return preview


def _preview_of(path: Path, options: OpenOptions) -> Preview:
    if saved_model_folder(path):
        # Its facts come with its objects, which are not to be read twice.
        return preview_saved_model(path)
    look = look_at(path)
    match look.facts.format:
        case "keras":
            return preview_keras(path, look)
        case "h5":
            return preview_hdf5(path, look)
        case "json":
            return preview_json(look)
        case "weights":
            return preview_weights(path, look, options)
        case _:
            raise FileError(f"{path.name} holds trained weights, not a model.", hint="Open the model that they are of.")
