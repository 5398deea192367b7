"""Requests to the engine and its events: typed, validated, plain data (msgspec, MessagePack).

A *document* is the model being edited; its id is given by the window, so that an answer that comes too late is
known by it. Every event of a run carries the `run_id`; a receiver drops any other.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from editor.errors import Problem
from editor.files.facts import Repair
from editor.files.options import Application, OpenOptions
from editor.files.saved_model.place import FileState
from editor.layers.freeze_map import FreezeMap
from editor.layers.records import LayerRecord, Shape
from editor.processes.data_messages import DataEvent, DataRequest
from editor.processes.edit_messages import EditModel, ModelEdited
from editor.processes.message import Message
from editor.processes.run_messages import RunEvent, RunRequest
from editor.training.settings import SettingsReport, TrainSettings

ExportKind = Literal["weights", "saved-model", "trained-weights"]


# -- requests -------------------------------------------------------------------------------------------------


class OpenModel(Message, frozen=True, kw_only=True):
    """Load a model file; answered by `ModelOpened` or `OpenFailed`.

    Attributes:
        document_id: The new document's id.
        path: The model file.
        seen: Its state when a person saw what is in it; another file is refused. None: any.
        options: What was given and allowed for it.
        weights: A revision file of the workspace folder, put over the file's own weights; None uses the file's.
        revision: The number of the file's own weights: 0 for a file just opened, else as `ModelSaved` said.
        newest_revision: The greatest number that the document's weights have had.
        structure: Number of the structure that `weights` are of. Where it is another one than the file's, the model is
            taken from the workspace folder of `weights`.
        saved_structure: Number of the structure in the file: 0 for a file just opened.
    """

    document_id: int
    path: str
    seen: FileState | None = None
    options: OpenOptions = OpenOptions()
    weights: str | None = None
    revision: int = 0
    newest_revision: int = 0
    structure: int = 0
    saved_structure: int = 0


class MakeModel(Message, frozen=True, kw_only=True):
    """Build one of `keras.applications` and write it to a file; answered by `ModelMade` or `RequestFailed`.

    Attributes:
        application: What to build.
        path: The `.keras` file to write; its folder is there.
        weights: A file of weights that a reader has found sound, to be put onto it; None takes the application's.
    """

    request_id: int
    application: Application
    path: str
    weights: str | None = None


class CloseDocument(Message, frozen=True, kw_only=True):
    """Forget a document; also the cancel of an `OpenModel` that is under way. Not answered."""

    document_id: int


class CheckSettings(Message, frozen=True, kw_only=True):
    """Hold settings against the data and the model; answered by `SettingsChecked`."""

    request_id: int
    document_id: int
    settings: TrainSettings


class SaveModel(Message, frozen=True, kw_only=True):
    """Write the model with the given flags, verified; answered by `ModelSaved` or `RequestFailed`."""

    request_id: int
    document_id: int
    path: str
    freeze_map: FreezeMap


class ExportModel(Message, frozen=True, kw_only=True):
    """Write something else than a whole model, verified; answered by `ModelExported` or `RequestFailed`.

    During a run the weights are taken between two batches.

    Attributes:
        path: Ends in `.weights.h5` for `weights`, in `.h5` for `trained-weights`; a folder for `saved-model`.
        kind: The weights for Keras; a folder for serving; or the trained weights alone, to be put back onto the
            original by `ApplyTrainedWeights`.
        freeze_map: Goes into the file of trained weights, else into `NAME.freeze.json` beside what is written.
        replace: Whether an existing SavedModel folder may be replaced; files always are.
    """

    request_id: int
    document_id: int
    path: str
    kind: ExportKind
    freeze_map: FreezeMap
    replace: bool = False


class ApplyTrainedWeights(Message, frozen=True, kw_only=True):
    """Put a file of trained weights onto the model; answered by `TrainedWeightsApplied` or `RequestFailed`.

    All weights or none: one that does not fit is named in the problem. Refused during a run.

    Attributes:
        path: A file that a reader has looked through (`ProbeFile` with `trained-weights`).
        workspace: The document's workspace folder, where revisions go.
    """

    request_id: int
    document_id: int
    path: str
    workspace: str


class RestoreRevision(Message, frozen=True, kw_only=True):
    """Put the weights of a revision file back; answered by `RevisionRestored` or `RequestFailed`.

    Attributes:
        path: The file, in the document's workspace folder.
        structure: Number of the structure that the weights are of, which comes back too; None leaves that of now.
    """

    request_id: int
    document_id: int
    path: str
    structure: int | None = None


class TraceGradients(Message, frozen=True, kw_only=True):
    """Find the weights that get no gradient; answered by `GradientsTraced` or `RequestFailed`.

    It takes seconds and keeps no other request waiting but a `StartRun` of the same document. The answer holds as long
    as the model has the same layers: neither flags nor weights matter.
    """

    request_id: int
    document_id: int


class Quit(Message, frozen=True, kw_only=True):
    """End the process."""


Request = (
    OpenModel
    | MakeModel
    | CloseDocument
    | CheckSettings
    | RunRequest
    | SaveModel
    | ExportModel
    | ApplyTrainedWeights
    | RestoreRevision
    | EditModel
    | TraceGradients
    | DataRequest
    | Quit
)

# -- events ---------------------------------------------------------------------------------------------------


class EngineReady(Message, frozen=True, kw_only=True):
    """The imports are done; requests are answered from now on.

    Attributes:
        device: Such as `CPU` or `GPU`.
    """

    keras_version: str
    tensorflow_version: str
    device: str


class ModelOpened(Message, frozen=True, kw_only=True):
    """A document is open in the engine.

    Attributes:
        root: The model as it was walked, with the flags that Keras itself read.
        model_name: Keras's name of the model.
        input_shapes: One shape for each input; empty where the model does not tell.
        freeze_map: The map in the file; None where it has none. It wins over the flags in `root`.
        revision: Of the weights, as `RunEnded`; 0 for the file's own.
        notes: What a person should know about the opening, a sentence each.
        remarks: What is good to know and nothing to worry about, a sentence each.
        has_optimizer: Whether the model came with an optimizer, whose state a `.keras` file can keep.
        repairs: What was changed in memory to load it.
    """

    document_id: int
    root: LayerRecord
    model_name: str
    input_shapes: tuple[Shape, ...] = ()
    freeze_map: FreezeMap | None = None
    revision: int = 0
    notes: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    has_optimizer: bool = False
    repairs: tuple[Repair, ...] = ()


class OpenFailed(Message, frozen=True, kw_only=True):
    """The file could not be opened; what was open stays."""

    document_id: int
    problem: Problem


class ModelMade(Message, frozen=True, kw_only=True):
    """The answer to `MakeModel`: the file is in its place.

    Attributes:
        notes: What a person should know about its weights, a sentence each.
    """

    request_id: int
    path: str
    notes: tuple[str, ...] = ()


class SettingsChecked(Message, frozen=True, kw_only=True):
    """The answer to `CheckSettings`."""

    request_id: int
    report: SettingsReport


class ModelSaved(Message, frozen=True, kw_only=True):
    """The file is verified and in its place.

    Attributes:
        revision: Of the weights in the file.
        forgotten: Paths of the weights that plain Keras will not restore as frozen.
        notes: What a person should know about the file, a sentence each.
    """

    request_id: int
    path: str
    revision: int
    forgotten: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class ModelExported(Message, frozen=True, kw_only=True):
    """The file or folder is verified and in its place.

    Attributes:
        notes: What a person should know about it, a sentence each.
    """

    request_id: int
    path: str
    notes: tuple[str, ...] = ()


class TrainedWeightsApplied(Message, frozen=True, kw_only=True):
    """The model has the weights of a file now; a step like a run, which `RestoreRevision` undoes.

    Attributes:
        before: Revision of the weights before.
        before_file: Its file in the workspace folder.
        revision: Of the weights now.
        revision_file: Its file.
        freeze_map: The map in the file, with the paths of this model; to be applied by the window.
        notes: What a person should know, a sentence each.
    """

    request_id: int
    before: int
    before_file: str
    revision: int
    revision_file: str
    freeze_map: FreezeMap
    notes: tuple[str, ...] = ()


class RevisionRestored(Message, frozen=True, kw_only=True):
    """The weights of an earlier revision are back."""

    request_id: int
    revision: int


class GradientsTraced(Message, frozen=True, kw_only=True):
    """The answer to `TraceGradients`.

    Attributes:
        unreached: The `weight_id`s that get no gradient from any output; None if the model cannot be traced.
    """

    request_id: int
    document_id: int
    unreached: tuple[int, ...] | None


class RequestFailed(Message, frozen=True, kw_only=True):
    """A request with a `request_id` failed; nothing changed."""

    request_id: int
    problem: Problem


Event = (
    EngineReady
    | ModelOpened
    | OpenFailed
    | ModelMade
    | SettingsChecked
    | RunEvent
    | ModelSaved
    | ModelExported
    | TrainedWeightsApplied
    | RevisionRestored
    | ModelEdited
    | GradientsTraced
    | DataEvent
    | RequestFailed
)

encode = msgspec.msgpack.Encoder().encode
decode_request = msgspec.msgpack.Decoder(Request).decode
decode_event = msgspec.msgpack.Decoder(Event).decode
