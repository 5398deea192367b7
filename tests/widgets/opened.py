"""A document in a real window, with no engine behind it."""

from __future__ import annotations

from pathlib import Path

from editor.files.facts import FileFacts, Preview
from editor.files.options import OpenOptions
from editor.layers.records import LayerRecord
from editor.processes.messages import ModelOpened
from editor.runs.workspace import DocumentInfo, Workspace
from widgets.document import Document


def opened_document(root: LayerRecord, folder: Path) -> Document:
    """The document of a model that was just opened; to be left by whoever asked for it."""
    document = previewed_document(root, folder)
    document.go_live(ModelOpened(document_id=document.document_id, root=root, model_name="model"))
    return document


def previewed_document(root: LayerRecord, folder: Path) -> Document:
    """The document of a model that stands on its preview; to be left by whoever asked for it."""
    model = folder / "model.keras"
    model.touch()
    workspace = Workspace.create(folder / "workspaces", DocumentInfo.of(model))
    return Document(preview_of(root, model), model, OpenOptions(), workspace)


def preview_of(root: LayerRecord, path: Path) -> Preview:
    """What a file might tell of these layers."""
    facts = FileFacts(
        path=str(path),
        format="keras",
        keras_version="3.15.1",
        num_bytes=0,
        has_model_config=True,
        has_freeze_map=False,
    )
    return Preview(facts=facts, root=root, model_name="model")
