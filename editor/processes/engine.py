"""The engine: answers requests about open documents, and trains one of them on a thread of its own."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

import keras
import tensorflow as tf

from editor.errors import EditorError, ModelError, Problem
from editor.files.atomic import write_atomically
from editor.files.keras_archive import usable_freeze_map
from editor.files.saved_model.place import unchanged
from editor.keras_model.compile_settings import restore_from_file
from editor.keras_model.error_text import first_sentence
from editor.keras_model.flags import rebased
from editor.keras_model.gradients import unreached_weights
from editor.keras_model.h5_saving import is_h5
from editor.keras_model.opening import open_model
from editor.keras_model.saving import WrittenModel, check_target, verify_model, write_model
from editor.keras_model.values import weight_digests
from editor.keras_model.walk import walk_model
from editor.layers.tree import LayerTree
from editor.processes.active_run import ActiveRun
from editor.processes.data_answers import DataAnswers
from editor.processes.data_messages import DescribeData, GiveUpData, PrepareRun
from editor.processes.document import Document
from editor.processes.edit_messages import EditModel
from editor.processes.editing import check_structure_as_opened, edit_model, restore_revision, take_structure
from editor.processes.messages import (
    ApplyTrainedWeights,
    CheckSettings,
    CloseDocument,
    EngineReady,
    Event,
    ExportModel,
    GradientsTraced,
    MakeModel,
    ModelOpened,
    ModelSaved,
    OpenFailed,
    OpenModel,
    Request,
    RequestFailed,
    RestoreRevision,
    SaveModel,
    TraceGradients,
)
from editor.processes.run_messages import RunEnded, RunWish, StartRun
from editor.processes.writing import apply_weights, export_model, make_model, save_h5
from editor.runs.revisions import read_revision
from editor.training.compiling import model_facts
from editor.training.data.kept import KeptData
from editor.training.preflight.learned import learned_layers
from editor.training.snapshot import restore

T = TypeVar("T")


class Engine:
    """Serves requests one after the other on the thread that calls `handle`; a run has its own thread."""

    def __init__(self, send: Callable[[Event], None]) -> None:
        self._send = send
        self._documents: dict[int, Document] = {}
        self._loading: dict[int, threading.Thread] = {}
        self._given_up: set[int] = set()
        self._opening = threading.Lock()
        self._run: ActiveRun | None = None
        self._starting = threading.Lock()
        self._early_wishes: list[RunWish] = []
        self._data = KeptData()
        self._answers = DataAnswers(send, self._data, self._loaded_document, self._between_batches)

    def announce(self) -> None:
        """Says that the imports are done."""
        device = "GPU" if tf.config.list_physical_devices("GPU") else "CPU"
        self._send(EngineReady(keras_version=keras.__version__, tensorflow_version=tf.__version__, device=device))

    def ask_run(self, wish: RunWish) -> None:
        """Passes on what is asked of a run, now or when it starts. From any thread."""
        with self._starting:
            run = self._run
            if run is None or run.run_id != wish.run_id:
                self._early_wishes.append(wish)
                return
        run.ask(wish)

    def handle(self, request: Request) -> None:
        """Does what a request asks and sends the answer."""
        match request:
            case OpenModel():
                # A file's own code may take for ever, and nothing can interrupt it; other documents need not wait.
                name = f"open {request.document_id}"
                thread = threading.Thread(target=self._answer, args=(request,), name=name, daemon=True)
                self._loading[request.document_id] = thread
                thread.start()
            case MakeModel():
                # The largest take half a minute.
                name = f"make {request.request_id}"
                threading.Thread(target=self._answer, args=(request,), name=name, daemon=True).start()
            case TraceGradients():
                # It takes seconds, and nothing that a person waits for.
                name = f"trace {request.document_id}"
                threading.Thread(target=self._answer, args=(request,), name=name, daemon=True).start()
            case CheckSettings() | DescribeData() | PrepareRun():
                self._answers.begin(request)
            case GiveUpData():
                self._answers.give_up(request.request_id)
            case StartRun() | SaveModel() | ExportModel() | ApplyTrainedWeights() | RestoreRevision() | EditModel():
                self._wait_for_loading(request.document_id)
                self._answer(request)
            case _:
                self._answer(request)

    def _loaded_document(self, document_id: int) -> Document:
        self._wait_for_loading(document_id)
        return self._document(document_id)

    def _wait_for_loading(self, document_id: int) -> None:
        if loading := self._loading.get(document_id):
            loading.join()

    def _answer(self, request: Request) -> None:
        try:
            self._dispatch(request)
        except EditorError as error:
            self._refuse(request, error.problem)
        # The edge of the process: whatever Keras or a custom layer raised, sys.exit too, becomes an answer.
        except BaseException as error:  # noqa: BLE001
            summary = f"Something unexpected went wrong: {type(error).__name__}: {first_sentence(error)}"
            self._refuse(request, Problem(summary, "The log has the details.", traceback.format_exc()))

    def _dispatch(self, request: Request) -> None:  # noqa: C901 - one case for each request
        match request:
            case OpenModel():
                self._open(request)
            case MakeModel():
                self._send(make_model(request))
            case CloseDocument():
                self._close(request)
            case StartRun():
                self._start(request)
            case SaveModel():
                self._save(request)
            case ExportModel():
                document = self._document(request.document_id)
                if request.kind == "trained-weights":
                    check_structure_as_opened(document)
                # A folder for serving is traced, and its outputs are asked for.
                with document.calling:
                    self._send(export_model(document, request, partial(self._between_batches, document)))
            case ApplyTrainedWeights():
                self._send(apply_weights(self._resting_document(request.document_id), request))
            case RestoreRevision():
                document = self._resting_document(request.document_id)
                with document.calling:
                    self._send(restore_revision(document, request))
            case EditModel():
                document = self._resting_document(request.document_id)
                # The layers of the copy are called; and a trace of the model must not see it change.
                with document.calling:
                    self._send(edit_model(document, request))
            case TraceGradients():
                self._trace(request)

    def _refuse(self, request: Request, problem: Problem) -> None:
        match request:
            case OpenModel():
                self._send(OpenFailed(document_id=request.document_id, problem=problem))
            case StartRun():
                document = self._documents.get(request.document_id)
                revision = document.revision if document else 0
                self._send(RunEnded(run_id=request.run_id, outcome="failed", revision=revision, problem=problem))
            case (
                MakeModel()
                | SaveModel()
                | ExportModel()
                | ApplyTrainedWeights()
                | RestoreRevision()
                | EditModel()
                | TraceGradients()
            ):
                self._send(RequestFailed(request_id=request.request_id, problem=problem))

    def _document(self, document_id: int) -> Document:
        try:
            return self._documents[document_id]
        except KeyError:
            raise ModelError("This model is no longer open in the engine.", hint="Open it again.") from None

    def _open(self, request: OpenModel) -> None:
        path = Path(request.path)
        # It is read several times, and what a person has agreed to is of the file that was looked at.
        with unchanged(path, request.seen):
            loaded = open_model(path, request.options)
            index = walk_model(loaded.model)
            document = Document(
                index,
                loaded.custom_objects,
                request.revision,
                options=request.options,
                opened=weight_digests(index),
                path=str(path.absolute()),
                structure=request.saved_structure,
                opened_structure=request.saved_structure,
            )
            notes = loaded.notes
            freeze_map, remarks = usable_freeze_map(path)
            if request.structure != request.saved_structure and request.weights:
                freeze_map, remarks = None, ()
                take_structure(document, Path(request.weights), request.structure)
                index = document.index
            document.learned = learned_layers(index)
            if request.weights:
                revision = read_revision(Path(request.weights))
                document.revision = restore(index, revision, loaded.custom_objects)
                document.note_learned(revision)
            else:
                notes += restore_from_file(index, path, loaded.custom_objects)
            notes += remarks
        document.newest_revision = max(document.revision, request.newest_revision)
        if not self._keep(request.document_id, document):
            return
        self._send(
            ModelOpened(
                document_id=request.document_id,
                root=index.root,
                model_name=index.model.name,
                input_shapes=model_facts(index).input_shapes,
                freeze_map=rebased(LayerTree(index.root), freeze_map) if freeze_map else None,
                revision=document.revision,
                notes=notes,
                remarks=loaded.remarks,
                has_optimizer=bool(index.model.compiled),
                repairs=loaded.repairs,
            )
        )

    def _keep(self, document_id: int, document: Document) -> bool:
        """Holds a document that was loaded, unless it was given up meanwhile."""
        with self._opening:
            is_wanted = document_id not in self._given_up
            if is_wanted:
                self._documents[document_id] = document
        return is_wanted

    def _close(self, request: CloseDocument) -> None:
        self._loading.pop(request.document_id, None)
        self._data.forget()
        if self._run and self._run.document is self._documents.get(request.document_id):
            self._run.abandon()
        with self._opening:
            if self._documents.pop(request.document_id, None) is None:
                self._given_up.add(request.document_id)

    def _start(self, request: StartRun) -> None:
        document = self._document(request.document_id)
        if self._run and not self._run.is_over:
            raise ModelError("A run is under way already.", hint="Stop it first.")
        with document.calling:
            run = ActiveRun(request, document, self._send, self._data.prepare_for_run)
            with self._starting:
                # A start may have waited behind a save; what was asked of the run meanwhile did not.
                early, self._early_wishes = self._early_wishes, []
                self._run = run
            for wish in early:
                if wish.run_id == request.run_id:
                    run.ask(wish)
            run.start()

    def _save(self, request: SaveModel) -> None:
        document = self._document(request.document_id)
        target = Path(request.path)
        check_target(target)
        if is_h5(target):
            self._send(save_h5(document, request, partial(self._between_batches, document)))
            return
        with write_atomically(target) as path:
            written, revision = self._between_batches(document, lambda: self._write(document, request, path))
            verified = verify_model(written, document.custom_objects)
        self._send(
            ModelSaved(
                request_id=request.request_id,
                path=str(target),
                revision=revision,
                forgotten=verified.forgotten,
                notes=verified.notes,
            )
        )

    def _write(self, document: Document, request: SaveModel, path: Path) -> tuple[WrittenModel, int]:
        return write_model(document.index, request.freeze_map, path), document.revision

    def _resting_document(self, document_id: int) -> Document:
        document = self._document(document_id)
        if self._run and self._run.document is document and not self._run.is_over:
            raise ModelError("The model is being trained.", hint="Stop the run first.")
        return document

    def _trace(self, request: TraceGradients) -> None:
        self._wait_for_loading(request.document_id)
        document = self._document(request.document_id)
        with document.calling:
            unreached = self._between_batches(document, lambda: unreached_weights(document.index))
        self._send(GradientsTraced(request_id=request.request_id, document_id=request.document_id, unreached=unreached))

    def _between_batches(self, document: Document, job: Callable[[], T]) -> T:
        """Does a job while nothing changes the weights: here, or on the thread of the document's run."""
        if self._run and self._run.document is document:
            return self._run.between_batches(job)
        return job()
