"""A document in a real window, with no engine behind it."""

from __future__ import annotations

from pathlib import Path

from editor.files.options import OpenOptions
from editor.layers.records import LayerRecord
from editor.processes.messages import ModelOpened
from editor.runs.workspace import DocumentInfo, Workspace
from widgets.document import Document


def opened_document(root: LayerRecord, folder: Path) -> Document:
    """The document of a model that was just opened; to be left by whoever asked for it."""
    model = folder / "model.keras"
    model.touch()
    opened = ModelOpened(document_id=1, root=root, model_name="model")
    return Document(opened, model, OpenOptions(), Workspace.create(folder / "workspaces", DocumentInfo.of(model)))
