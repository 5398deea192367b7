"""What the engine does to write files other than `.keras`, and to take trained weights back."""

from __future__ import annotations

from pathlib import Path

from editor.keras_model.at_rest import AtRest
from editor.keras_model.h5_saving import OPTIMIZER_NOTE, take_snapshot, write_snapshot_to_h5
from editor.processes.document import Document
from editor.processes.messages import ModelSaved, SaveModel


def save_h5(document: Document, request: SaveModel, between_batches: AtRest) -> ModelSaved:
    """Copies the weights between two batches, and writes and proves the file while training goes on."""
    snapshot, revision = between_batches(lambda: (take_snapshot(document.index, request.freeze_map), document.revision))
    forgotten = write_snapshot_to_h5(
        snapshot, Path(request.path), custom_objects=document.custom_objects, custom_code=document.custom_code
    )
    return ModelSaved(
        request_id=request.request_id,
        path=request.path,
        revision=revision,
        forgotten=forgotten,
        notes=(OPTIMIZER_NOTE,) if document.index.model.compiled else (),
    )
