"""Edits of a model's structure and weights that are no training: a new head, layers on top, fresh weights, a name."""

from __future__ import annotations

import msgspec

from editor.layers.records import LayerRecord, Shape
from editor.layers.structure import StructureEdit
from editor.processes.message import Message


class EditModel(Message, frozen=True, kw_only=True):
    """Make an edit; answered by `ModelEdited` or `RequestFailed`. Refused during a run.

    Attributes:
        workspace: The document's workspace folder, where revisions and structures go.
    """

    request_id: int
    document_id: int
    edit: StructureEdit
    workspace: str


class ModelEdited(Message, frozen=True, kw_only=True):
    """The model is edited: a step that `RestoreRevision` undoes.

    Attributes:
        root: The model as it was walked afterwards; None where the edit changed weights alone.
        model_name: Keras's name of it.
        input_shapes: As in `ModelOpened`.
        before: Revision of the weights before; `before_file` its file.
        revision: Of the weights now; `revision_file` its file.
        before_structure: Number of the structure before: 0 for that of the file as it was opened.
        structure: Number of the structure now; the same as before where the edit changed weights alone.
        kept: The path of each layer that was there before, by its path then; each at its first place.
        notes: What a person should know, a sentence each.
        has_optimizer: Whether the model is compiled.
    """

    request_id: int
    root: LayerRecord | None
    model_name: str
    before: int
    before_file: str
    revision: int
    revision_file: str
    input_shapes: tuple[Shape, ...] = ()
    before_structure: int = 0
    structure: int = 0
    kept: dict[str, str] = msgspec.field(default_factory=dict)
    notes: tuple[str, ...] = ()
    has_optimizer: bool = False
