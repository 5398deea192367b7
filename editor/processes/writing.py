"""What the engine does to write files other than `.keras`, and to take trained weights back."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from editor.errors import EditorError
from editor.files.trained_weights_file import read_trained_weights
from editor.keras_model.at_rest import AtRest
from editor.keras_model.compile_settings import renew_optimizer
from editor.keras_model.exports import export_saved_model, export_weights
from editor.keras_model.h5_saving import OPTIMIZER_NOTE, take_snapshot, write_snapshot_to_h5
from editor.keras_model.new_models import make
from editor.keras_model.trained_weights import apply_trained_weights, export_trained_weights
from editor.processes.document import Document
from editor.processes.messages import (
    ApplyTrainedWeights,
    ExportModel,
    MakeModel,
    ModelExported,
    ModelMade,
    ModelSaved,
    SaveModel,
    TrainedWeightsApplied,
)
from editor.runs.revisions import RevisionMeta, read_revision
from editor.runs.workspace import revision_path
from editor.training.preflight.learned import learned_layers
from editor.training.snapshot import restore, write_snapshot

_FRESH_OPTIMIZER = "The optimizer starts anew, as its momentum and step count were of the weights before."


def save_h5(document: Document, request: SaveModel, at_rest: AtRest) -> ModelSaved:
    """Copies the weights between two batches, and writes and proves the file while training goes on."""
    snapshot, revision = at_rest(lambda: (take_snapshot(document.index, request.freeze_map), document.revision))
    forgotten = write_snapshot_to_h5(
        snapshot, Path(request.path), custom_objects=document.custom_objects, options=document.options
    )
    return ModelSaved(
        request_id=request.request_id,
        path=request.path,
        revision=revision,
        forgotten=forgotten,
        notes=(OPTIMIZER_NOTE,) if document.index.model.compiled else (),
    )


def export_model(document: Document, request: ExportModel, at_rest: AtRest) -> ModelExported:
    """Writes what is asked for; only what reads the live weights is done between two batches."""
    match request.kind:
        case "weights":
            export = export_weights
        case "saved-model":
            export = partial(export_saved_model, replace=request.replace)
        case "trained-weights":
            export = partial(export_trained_weights, opened=document.opened)
    notes = export(document.index, request.freeze_map, Path(request.path), at_rest=at_rest)
    return ModelExported(request_id=request.request_id, path=request.path, notes=notes)


def apply_weights(document: Document, request: ApplyTrainedWeights) -> TrainedWeightsApplied:
    """Puts the weights of a file onto a model that is not being trained; a failure leaves them as they were."""
    trained = read_trained_weights(Path(request.path))
    before, before_file = document.revision, keep_weights(document, Path(request.workspace))
    freeze_map = apply_trained_weights(document.index, trained)
    document.note_change()
    document.learned = learned_layers(document.index)
    has_fresh_optimizer = renew_optimizer(document.index, document.custom_objects)
    try:
        revision_file = keep_weights(document, Path(request.workspace))
    except EditorError:
        document.revision = restore(document.index, read_revision(before_file), document.custom_objects)
        raise
    return TrainedWeightsApplied(
        request_id=request.request_id,
        before=before,
        before_file=str(before_file),
        revision=document.revision,
        revision_file=str(revision_file),
        freeze_map=freeze_map,
        notes=(_FRESH_OPTIMIZER,) if has_fresh_optimizer else (),
    )


def make_model(request: MakeModel) -> ModelMade:
    """Writes a new model to a file."""
    weights = Path(request.weights) if request.weights else None
    notes = make(request.application, Path(request.path), weights)
    return ModelMade(request_id=request.request_id, path=request.path, notes=notes)


def keep_weights(document: Document, workspace: Path) -> Path:
    """The file of the weights of now in the workspace folder; written if it is not there."""
    path = revision_path(workspace, document.revision)
    if not path.exists():
        write_snapshot(document.index, path, RevisionMeta(revision=document.revision, learned=document.learned))
    return path
