"""What the engine does to edit a model's structure, and to go back to an earlier one."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from editor.errors import EditorError, ModelError
from editor.keras_model.surgery import edit_structure, load_structure, reinitialise
from editor.layers.nodes import LayerNode
from editor.layers.structure import AddLayers, Reinitialise, RenameLayer, ReplaceHead
from editor.layers.tree import LayerTree
from editor.processes.document import Document
from editor.processes.edit_messages import EditModel, ModelEdited
from editor.processes.messages import RestoreRevision, RevisionRestored
from editor.processes.writing import keep_weights
from editor.runs.revisions import read_revision
from editor.runs.workspace import newest_structure_in, structure_path
from editor.training.compiling import model_facts
from editor.training.snapshot import restore


def edit_model(document: Document, request: EditModel) -> ModelEdited:
    """Makes an edit of a model that is not being trained; a failure leaves it as it was."""
    match request.edit:
        case Reinitialise():
            return _reinitialise(document, request, request.edit)
        case _:
            return _edit_structure(document, request, request.edit)


def _reinitialise(document: Document, request: EditModel, edit: Reinitialise) -> ModelEdited:
    workspace = Path(request.workspace)
    tree = LayerTree(document.index.root)
    nodes = [tree.find(path) for path in edit.paths]
    layers = [document.index.layers[node.record.layer_id] for node in nodes if isinstance(node, LayerNode)]
    fresh = {path for node in nodes if isinstance(node, LayerNode) for path in _paths_in(tree, node)}
    before, before_file, learned = document.revision, keep_weights(document, workspace), document.learned
    try:
        notes = reinitialise(document.index, layers, seed=edit.seed, custom_objects=document.custom_objects)
        document.note_change()
        document.learned = tuple(path for path in learned if path not in fresh)
        revision_file = keep_weights(document, workspace)
    except EditorError:
        document.revision = restore(document.index, read_revision(before_file), document.custom_objects)
        document.learned = learned
        raise
    return ModelEdited(
        request_id=request.request_id,
        root=None,
        model_name=document.index.model.name,
        before=before,
        before_file=str(before_file),
        revision=document.revision,
        revision_file=str(revision_file),
        before_structure=document.structure,
        structure=document.structure,
        notes=notes,
        has_optimizer=bool(document.index.model.compiled),
    )


def _paths_in(tree: LayerTree, node: LayerNode) -> set[str]:
    """Paths of a layer and of all in it, at each of their places."""
    inside = {record.layer_id for record in node.layers_below}
    return {layer.path for layer in tree.walk_layers() if layer.record.layer_id in inside}


def _edit_structure(document: Document, request: EditModel, edit: ReplaceHead | AddLayers | RenameLayer) -> ModelEdited:
    workspace = Path(request.workspace)
    old, before, before_structure = document.index, document.revision, document.structure
    learned = document.learned
    structure = max(newest_structure_in(workspace), before_structure) + 1
    after = structure_path(workspace, structure)
    before_file = keep_weights(document, workspace)
    try:
        changed = edit_structure(
            document.index, edit, structure_path(workspace, before_structure), after, document.custom_objects
        )
        document.index, document.structure = changed.index, structure
        document.learned = tuple(changed.kept[path] for path in learned if path in changed.kept)
        document.note_change()
        revision_file = keep_weights(document, workspace)
    except EditorError:
        document.index, document.revision, document.structure = old, before, before_structure
        document.learned = learned
        with suppress(OSError):
            after.unlink()
        raise
    return ModelEdited(
        request_id=request.request_id,
        root=changed.index.root,
        model_name=changed.index.model.name,
        input_shapes=model_facts(changed.index).input_shapes,
        before=before,
        before_file=str(before_file),
        revision=document.revision,
        revision_file=str(revision_file),
        before_structure=before_structure,
        structure=structure,
        kept=changed.kept,
        notes=changed.notes,
        has_optimizer=bool(changed.index.model.compiled),
    )


def restore_revision(document: Document, request: RestoreRevision) -> RevisionRestored:
    """Puts the weights of a revision back, and before them the structure that they are of."""
    file = Path(request.path)
    revision = read_revision(file)
    was = document.index, document.structure
    if request.structure is not None and request.structure != document.structure:
        take_structure(document, file, request.structure)
    try:
        document.revision = restore(document.index, revision, document.custom_objects)
    except EditorError:
        document.index, document.structure = was
        raise
    document.note_learned(revision)
    return RevisionRestored(request_id=request.request_id, revision=document.revision)


def take_structure(document: Document, weights: Path, structure: int) -> None:
    """Makes a structure that is kept beside a file of weights the document's; the weights are to be put onto it."""
    path = structure_path(weights.parent.parent, structure)
    document.index, document.structure = load_structure(path, document.custom_objects), structure


def check_structure_as_opened(document: Document) -> None:
    """Refuses what is told by its difference from the opened file, where the layers are others.

    Raises:
        ModelError: They are.
    """
    if document.structure != document.opened_structure:
        raise ModelError(
            "The model has other layers than the file that was opened, so its trained weights alone fit nothing.",
            hint="Save the whole model, or export the weights for Keras.",
        )
