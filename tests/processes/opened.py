"""A document in an engine, as the window has it."""

from __future__ import annotations

from pathlib import Path

import keras

from editor.layers.tree import LayerTree
from editor.processes.messages import (
    CloseDocument,
    ModelOpened,
    ModelSaved,
    RequestFailed,
    RestoreRevision,
    RevisionRestored,
    SaveModel,
    TraceGradients,
)
from editor.processes.run_messages import RunEnded, StartRun
from editor.runs.revisions import read_revision
from editor.training.settings import TrainSettings

ROOT = Path(__file__).parents[2]
CASES = ROOT / "tests" / "cases"
FOR_EVER = 1_000_000


class Opened:
    """Asks the engine for what a document needs, one thing after the other."""

    def __init__(self, engine, path, **rest):
        self.engine = engine
        self.event = engine.open(path, **rest)
        assert isinstance(self.event, ModelOpened), self.event
        self.document_id = self.event.document_id
        self.tree = LayerTree(self.event.root)

    def freeze(self, *paths):
        self.tree.apply(self.tree.plan([self.tree.find(path) for path in paths], trainable=False))
        return self.tree.freeze_map()

    def start(self, data, workspace, *, checkpoint_seconds=120.0, **settings):
        run_id = self.engine.next_number()
        settings = {"epochs": 1, "batch_size": 8, "seed": 5, "validation_split": 0} | settings
        self.engine.send(
            StartRun(
                run_id=run_id,
                document_id=self.document_id,
                settings=TrainSettings(data=str(data), **settings),
                freeze_map=self.tree.freeze_map(),
                workspace=str(workspace),
                checkpoint_seconds=checkpoint_seconds,
            )
        )
        return run_id

    def train(self, data, workspace, **settings):
        self.start(data, workspace, **settings)
        ended = self.engine.wait_for(RunEnded)
        assert ended.problem is None, ended.problem
        return ended

    def save(self, path):
        request = SaveModel(
            request_id=self.engine.next_number(),
            document_id=self.document_id,
            path=str(path),
            freeze_map=self.tree.freeze_map(),
        )
        return self.engine.ask(request, (ModelSaved, RequestFailed))

    def restore(self, path):
        request = RestoreRevision(request_id=self.engine.next_number(), document_id=self.document_id, path=str(path))
        return self.engine.ask(request, (RevisionRestored, RequestFailed))

    def trace(self):
        request_id = self.engine.next_number()
        self.engine.send(TraceGradients(request_id=request_id, document_id=self.document_id))
        return request_id

    def close(self):
        self.engine.send(CloseDocument(document_id=self.document_id))


def weights_of(path):
    return [variable.numpy().tobytes() for variable in keras.saving.load_model(path, compile=False).weights]


def variables_in(revision_file):
    return [value.tobytes() for value in read_revision(Path(revision_file)).variables]
