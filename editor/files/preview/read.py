"""Finds out what a file is and has its layers read. To be called in the reader only, as it reads untrusted files."""

from __future__ import annotations

from pathlib import Path

from editor.files.facts import Preview
from editor.files.options import OpenOptions
from editor.files.preview.archive import preview_keras
from editor.files.preview.saved_model import preview_saved_model
from editor.files.probe import probe_file
from editor.files.saved_model.objects import saved_model_folder


def read_preview(path: Path, options: OpenOptions | None = None) -> Preview:
    """What a model file tells of its layers.

    Args:
        path: The file, or the folder of a SavedModel.
        options: Where the architecture of a file of weights comes from.

    Raises:
        FileError: The file is missing, unreadable, damaged, hostile, or no model; in one plain sentence.
    """
    if saved_model_folder(path):
        return preview_saved_model(path)
    facts = probe_file(path)
    return preview_keras(path, facts)
