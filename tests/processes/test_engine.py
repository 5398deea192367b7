from __future__ import annotations

import os
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import keras
import numpy as np
import psutil
import pytest

from editor.errors import EngineError
from editor.files.keras_archive import read_freeze_map
from editor.files.options import OpenOptions
from editor.keras_model.walk import walk_model
from editor.layers.tree import LayerTree
from editor.processes.messages import (
    BatchEnded,
    Checkpointed,
    CheckSettings,
    CloseDocument,
    EngineReady,
    EpochEnded,
    GradientsTraced,
    ModelOpened,
    ModelSaved,
    OpenFailed,
    OpenModel,
    RequestFailed,
    RestoreRevision,
    RevisionRestored,
    RunEnded,
    RunStarted,
    SaveModel,
    SettingsChecked,
    StartRun,
    StopRun,
    TraceGradients,
)
from editor.runs.revisions import read_revision, write_revision
from editor.runs.workspace import WEIGHTS_FOLDER
from editor.training.settings import TrainSettings
from tests import models
from tests.processes.engine_driver import WAIT_SECONDS, EngineDriver

ROOT = Path(__file__).parent.parent.parent
CASES = ROOT / "tests" / "cases"
FOR_EVER = 1_000_000


@pytest.fixture(scope="module")
def engine():
    driver = EngineDriver()
    yield driver
    driver.close()
    assert driver.ends.empty()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("engine ")]


@pytest.fixture
def own_engine():
    """An engine that the test may end."""
    driver = EngineDriver()
    yield driver
    driver.close()


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The models and the data that the tests use."""
    folder = tmp_path_factory.mktemp("files")
    for builder in (models.bare_normalization, models.small_cnn, models.after_layers):
        models.seeded(builder).save(folder / f"{builder.__name__}.keras")
    x = models.sample_inputs(models.bare_normalization(), 16)
    np.savez(folder / "data.npz", x=x, y=np.arange(16) % 3)
    np.savez(folder / "images.npz", x=np.ones((8, 8, 8, 3), "float32"), y=np.arange(8) % 3)
    return folder


@pytest.fixture
def workspace(tmp_path):
    (tmp_path / "workspace" / WEIGHTS_FOLDER).mkdir(parents=True)
    return tmp_path / "workspace"


class Opened:
    """A document in an engine, as the window has it."""

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


@pytest.fixture
def document(engine, files):
    document = Opened(engine, files / "bare_normalization.keras")
    yield document
    document.close()


def weights_of(path):
    return [variable.numpy().tobytes() for variable in keras.saving.load_model(path, compile=False).weights]


def variables_in(revision_file):
    return [value.tobytes() for value in read_revision(Path(revision_file)).variables]


# -- documents ------------------------------------------------------------------------------------------------


def test_that_the_engine_says_when_its_imports_are_done(own_engine):
    ready = own_engine.wait_for(EngineReady)
    assert ready.keras_version == keras.__version__
    assert ready.device in ("CPU", "GPU")


def test_that_a_model_opens_as_it_is_walked_in_this_process(engine, files):
    document = Opened(engine, files / "bare_normalization.keras")
    here = walk_model(keras.saving.load_model(files / "bare_normalization.keras")).root
    assert document.event.root == here
    assert document.event.input_shapes == ((None, 6),)
    assert (document.event.revision, document.event.freeze_map) == (0, None)
    document.close()


def test_that_several_documents_are_open_and_a_closed_one_is_gone(engine, files):
    first = Opened(engine, files / "bare_normalization.keras")
    second = Opened(engine, files / "after_layers.keras", custom_code=str(ROOT / "tests" / "models.py"))
    first.close()
    settings = TrainSettings(data=str(files / "data.npz"))
    request = CheckSettings(request_id=engine.next_number(), document_id=first.document_id, settings=settings)
    assert "no longer open" in engine.ask(request, RequestFailed).problem.summary
    request = CheckSettings(request_id=engine.next_number(), document_id=second.document_id, settings=settings)
    assert engine.ask(request, SettingsChecked).request_id == request.request_id
    second.close()


def test_that_custom_code_opens_a_model(engine, files):
    failed = engine.open(files / "small_cnn.keras")
    assert isinstance(failed, OpenFailed)
    assert "SmallCNN" in failed.problem.summary
    Opened(engine, files / "small_cnn.keras", custom_code=str(CASES / "small_cnn.py")).close()


@pytest.mark.parametrize("name", ["nowhere.keras", "model.txt", "broken.keras"])
def test_that_what_cannot_be_opened_is_an_event(engine, tmp_path, name):
    (tmp_path / "broken.keras").write_bytes(b"PK\x03\x04 and no more")
    failed = engine.open(tmp_path / name)
    assert isinstance(failed, OpenFailed)
    assert failed.problem.summary
    assert failed.problem.hint


def test_that_custom_code_that_ends_the_interpreter_is_an_event(engine, files, tmp_path):
    (tmp_path / "leaving.py").write_text("raise SystemExit(0)")
    failed = engine.open(files / "small_cnn.keras", custom_code=str(tmp_path / "leaving.py"))
    assert isinstance(failed, OpenFailed)
    assert "leaving.py" in failed.problem.summary


def test_that_what_the_engine_prints_reaches_the_log(engine, files, tmp_path):
    (tmp_path / "talking.py").write_text("print('hello from the code')")
    Opened(engine, files / "bare_normalization.keras", custom_code=str(tmp_path / "talking.py")).close()
    failed = engine.open(tmp_path / "nowhere.keras")
    assert isinstance(failed, OpenFailed)
    assert "hello from the code" in engine.log


# -- settings -------------------------------------------------------------------------------------------------


def test_that_settings_are_checked_by_field(engine, document, files):
    def checked(**settings):
        request = CheckSettings(
            request_id=engine.next_number(),
            document_id=document.document_id,
            settings=TrainSettings(**{"data": str(files / "data.npz")} | settings),
        )
        return engine.ask(request, SettingsChecked).report

    assert checked().problems == {}
    assert checked().loss == "sparse_categorical_crossentropy"
    assert list(checked(epochs=0).problems) == ["epochs"]
    assert list(checked(data="sample:digits").problems) == ["data"]
    assert list(checked(data="/nowhere.npz").problems) == ["data"]


# -- gradients ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def stopped_file(tmp_path_factory):
    """A deep model in which no gradient reaches `cut`."""
    inputs = keras.Input((6,))
    values = keras.ops.stop_gradient(keras.layers.Dense(6, name="cut")(inputs))
    for _ in range(100):
        values = keras.layers.Dense(6)(values)
    path = tmp_path_factory.mktemp("stopped") / "stopped.keras"
    keras.Model(inputs, keras.layers.Dense(3, activation="softmax", name="head")(values)).save(path)
    return path


def paths_of(document, weight_ids):
    return {node.path for node in document.tree.walk_weights() if node.record.weight_id in weight_ids}


def test_that_the_weights_without_gradient_are_told_and_nobody_waits_for_it(engine, stopped_file, files):
    document = Opened(engine, stopped_file)
    request_id = document.trace()
    settings = TrainSettings(data=str(files / "data.npz"))
    engine.send(CheckSettings(request_id=engine.next_number(), document_id=document.document_id, settings=settings))
    events = []
    traced = engine.wait_for(GradientsTraced, collect=events)
    assert [type(event) for event in events] == [SettingsChecked, GradientsTraced]
    assert (traced.request_id, traced.document_id) == (request_id, document.document_id)
    assert paths_of(document, traced.unreached) == {"cut:kernel", "cut:bias"}


def test_that_a_trace_and_a_run_do_not_disturb_each_other(engine, stopped_file, files, workspace):
    document = Opened(engine, stopped_file)
    document.trace()
    run_id = document.start(files / "data.npz", workspace, epochs=FOR_EVER)
    assert engine.wait_for(GradientsTraced).unreached
    engine.wait_for(BatchEnded)
    document.trace()
    assert paths_of(document, engine.wait_for(GradientsTraced).unreached) == {"cut:kernel", "cut:bias"}
    engine.wait_for(BatchEnded)
    engine.send(StopRun(run_id=run_id))
    assert engine.wait_for(RunEnded).outcome == "stopped"


def test_that_the_gradients_of_a_closed_document_are_refused(engine, files):
    document = Opened(engine, files / "bare_normalization.keras")
    document.close()
    document.trace()
    assert "no longer open" in engine.wait_for(RequestFailed).problem.summary


# -- runs -----------------------------------------------------------------------------------------------------


def test_that_a_run_tells_all_its_steps_in_order(engine, document, files, workspace):
    document.freeze("dense")
    events = []
    run_id = document.start(files / "data.npz", workspace, epochs=3, validation_split=0.25)
    ended = engine.wait_for(RunEnded, collect=events)
    assert {event.run_id for event in events} == {run_id}
    (started,) = [event for event in events if isinstance(event, RunStarted)]
    assert (started.num_epochs, started.num_batches, started.has_validation) == (3, 2, True)
    epochs = [event for event in events if isinstance(event, EpochEnded)]
    assert [event.epoch for event in epochs] == [0, 1, 2]
    assert set(epochs[0].metrics) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    revisions = [event.revision for event in events if isinstance(event, BatchEnded)]
    assert revisions == sorted(set(revisions))
    assert revisions[-1] == ended.revision == 6
    assert ended.outcome == "finished"
    assert ended.proof.is_kept
    assert ended.proof.frozen_unchanged == ended.proof.frozen_total == 2
    assert set(ended.seconds) == {"data", "compile", "training"}
    assert Path(started.revision_file).is_file()
    assert Path(ended.revision_file).is_file()


def test_that_revisions_go_on_growing_from_run_to_run(engine, document, files, workspace):
    first = document.train(files / "data.npz", workspace)
    second = document.train(files / "data.npz", workspace)
    assert (first.revision, second.revision) == (2, 4)
    assert variables_in(first.revision_file) != variables_in(second.revision_file)


def test_that_a_stop_ends_the_run_and_keeps_the_weights(engine, document, files, workspace):
    run_id = document.start(files / "data.npz", workspace, epochs=FOR_EVER)
    batch = engine.wait_for(BatchEnded)
    engine.send(StopRun(run_id=run_id))
    ended = engine.wait_for(RunEnded)
    assert ended.outcome == "stopped"
    assert ended.revision >= batch.revision
    assert Path(ended.revision_file).is_file()
    assert ended.proof.is_kept


def test_that_a_second_run_is_refused_while_one_is_under_way(engine, document, files, workspace):
    first = document.start(files / "data.npz", workspace, epochs=FOR_EVER)
    engine.wait_for(BatchEnded)
    second = document.start(files / "data.npz", workspace)
    refused = engine.wait_for(RunEnded)
    assert (refused.run_id, refused.outcome) == (second, "failed")
    assert "under way" in refused.problem.summary
    engine.send(StopRun(run_id=first))
    assert engine.wait_for(RunEnded).outcome == "stopped"


def test_that_a_run_that_cannot_start_ends_as_failed(engine, document, files, workspace):
    document.freeze(*[child.path for child in document.tree.root.children if child.weights_below])
    document.start(files / "data.npz", workspace)
    ended = engine.wait_for(RunEnded)
    assert ended.outcome == "failed"
    assert "Nothing is trainable" in ended.problem.summary
    assert ended.revision == 0


def test_that_a_run_that_fails_inside_says_so_and_the_next_one_works(engine, files, tmp_path, workspace):
    (tmp_path / "trap.py").write_text(
        "import keras\n\nclass Trap(keras.layers.Layer):\n"
        "    def call(self, inputs, training=False):\n"
        "        if training:\n            raise RuntimeError('the trap closed')\n"
        "        return inputs\n"
    )
    trap = type("Trap", (keras.layers.Layer,), {"call": lambda _self, inputs: inputs})
    head = keras.layers.Dense(3, activation="softmax")
    keras.Sequential([keras.Input((6,)), head, trap()]).save(tmp_path / "trap.keras")
    document = Opened(engine, tmp_path / "trap.keras", custom_code=str(tmp_path / "trap.py"))
    document.start(files / "data.npz", workspace)
    ended = engine.wait_for(RunEnded)
    assert ended.outcome == "failed"
    assert "the trap closed" in ended.problem.summary
    assert "Traceback" in ended.problem.details
    document.close()
    sound = Opened(engine, files / "bare_normalization.keras")
    (workspace.parent / "other" / WEIGHTS_FOLDER).mkdir(parents=True)
    assert sound.train(files / "data.npz", workspace.parent / "other").outcome == "finished"
    sound.close()


def test_that_a_layer_that_ends_the_interpreter_ends_the_run_only(engine, tmp_path, files, workspace):
    (tmp_path / "leaver.py").write_text(
        "import sys\nimport keras\n\nclass Leaver(keras.layers.Layer):\n"
        "    def call(self, inputs, training=False):\n"
        "        if training:\n            sys.exit(3)\n"
        "        return inputs\n"
    )
    leaver = type("Leaver", (keras.layers.Layer,), {"call": lambda _self, inputs: inputs})
    head = keras.layers.Dense(3, activation="softmax")
    keras.Sequential([keras.Input((6,)), head, leaver()]).save(tmp_path / "leaver.keras")
    document = Opened(engine, tmp_path / "leaver.keras", custom_code=str(tmp_path / "leaver.py"))
    document.start(files / "data.npz", workspace)
    ended = engine.wait_for(RunEnded)
    assert ended.outcome == "failed"
    assert "Training failed" in ended.problem.summary
    assert isinstance(document.save(tmp_path / "saved.keras"), ModelSaved)
    document.close()


def test_that_custom_code_that_never_ends_keeps_no_other_model_out(own_engine, files, tmp_path):
    (tmp_path / "endless.py").write_text("import threading\nthreading.Event().wait()\n")
    hanging = own_engine.next_number()
    path, code = str(files / "small_cnn.keras"), str(tmp_path / "endless.py")
    own_engine.send(OpenModel(document_id=hanging, path=path, options=OpenOptions(custom_code=code)))
    own_engine.send(CloseDocument(document_id=hanging))
    assert isinstance(own_engine.open(files / "bare_normalization.keras"), ModelOpened)


def test_that_strided_convolutions_of_real_models_train(engine, tmp_path, workspace):
    """Their gradient ended the process: TensorFlow's oneDNN wrote outside its memory."""
    document = Opened(engine, ROOT / "tests" / "data" / "models" / "fer" / "emotion_model.hdf5")
    faces = np.random.default_rng(1).uniform(size=(12, 64, 64, 1)).astype("float32")
    np.savez(tmp_path / "faces.npz", x=faces, y=np.arange(12) % 7)
    before = len(engine.log)
    assert document.train(tmp_path / "faces.npz", workspace, batch_size=6).outcome == "finished"
    assert not [line for line in engine.log[before:] if "structure of `inputs`" in line]
    document.close()


def test_that_checkpoints_are_written_during_a_run(engine, document, files, workspace):
    events = []
    run_id = document.start(files / "data.npz", workspace, epochs=FOR_EVER, checkpoint_seconds=0.0)
    for _ in range(4):
        checkpoint = engine.wait_for(Checkpointed, collect=events)
    assert Path(checkpoint.path).is_file()
    assert read_revision(Path(checkpoint.path)).meta.run_id == run_id
    engine.send(StopRun(run_id=run_id))
    engine.wait_for(RunEnded)


# -- saving ---------------------------------------------------------------------------------------------------


def test_that_a_save_is_announced_with_what_plain_keras_forgets(engine, document, tmp_path):
    document.freeze("dense", "head:bias")
    saved = document.save(tmp_path / "saved.keras")
    assert isinstance(saved, ModelSaved)
    assert saved.forgotten == ("head:bias",)
    assert saved.revision == 0
    again = Opened(engine, tmp_path / "saved.keras")
    assert again.event.freeze_map == document.tree.freeze_map()
    again.close()


def test_that_maps_of_names_that_moved_on_fit_a_reopened_model(engine, files, tmp_path):
    """A second opening in one process gives other automatic names (fact F9)."""
    code = {"custom_code": str(ROOT / "tests" / "models.py")}
    first = Opened(engine, files / "after_layers.keras", **code)
    name = first.tree.find("zoom").children[1].name
    first.freeze(f"zoom/{name}", "_private:bias")
    assert isinstance(first.save(tmp_path / "saved.keras"), ModelSaved)
    second = Opened(engine, tmp_path / "saved.keras", **code)
    change, report = second.tree.plan_map(second.event.freeze_map)
    second.tree.apply(change)
    assert report.unmatched == report.uncovered == ()
    frozen = [node for node in second.tree.walk_weights() if node.record.is_statistics is False]
    frozen = [node for node in frozen if not second.tree.is_trainable(node.record)]
    assert [node.record.weight_id for node in frozen] == [
        node.record.weight_id
        for node in first.tree.walk_weights()
        if not node.record.is_statistics and not first.tree.is_trainable(node.record)
    ]
    first.close()
    second.close()


def test_that_a_save_that_fails_leaves_the_file(engine, document, tmp_path):
    path = tmp_path / "old.weights.h5"
    path.write_bytes(b"what was there")
    failed = document.save(path)
    assert isinstance(failed, RequestFailed)
    assert "old.keras" in failed.problem.hint
    assert path.read_bytes() == b"what was there"
    assert isinstance(document.save(tmp_path / "nowhere" / "new.keras"), RequestFailed)


def test_that_a_save_in_mid_run_writes_its_own_map_and_the_run_goes_on(engine, document, files, tmp_path, workspace):
    document.freeze("dense")
    run_id = document.start(files / "data.npz", workspace, epochs=FOR_EVER)
    engine.wait_for(BatchEnded)
    document.tree.apply(document.tree.plan([document.tree.find("dense")], trainable=True))
    document.freeze("head", "middle:bias")
    saved = document.save(tmp_path / "saved.keras")
    assert isinstance(saved, ModelSaved)
    later = engine.wait_for(BatchEnded, when=lambda batch: batch.revision > saved.revision)
    assert later.run_id == run_id
    engine.send(StopRun(run_id=run_id))
    ended = engine.wait_for(RunEnded)
    assert ended.proof.is_kept
    assert ended.proof.frozen_total == 2  # of `dense`, as the run began
    assert {"head", "middle"} <= set(ended.proof.changed_layers)
    assert read_freeze_map(tmp_path / "saved.keras") == document.tree.freeze_map()
    # With slots for what trains in the file, and not for what trains in the run (fact F13).
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert keras.saving.load_model(tmp_path / "saved.keras").compiled


def test_that_a_save_in_mid_run_does_not_change_its_course(engine, files, tmp_path, workspace):
    ends = []
    for is_saving in (False, True):
        document = Opened(engine, files / "bare_normalization.keras")
        folder = workspace.parent / str(is_saving)
        (folder / WEIGHTS_FOLDER).mkdir(parents=True)
        document.start(files / "data.npz", folder, epochs=40, batch_size=2)
        if is_saving:
            engine.wait_for(BatchEnded)
            document.freeze("head")
            assert isinstance(document.save(tmp_path / "saved.keras"), ModelSaved)
        ends.append(engine.wait_for(RunEnded))
        document.close()
    assert variables_in(ends[0].revision_file) == variables_in(ends[1].revision_file)


def slots_of(path):
    """The optimizer's variables in a file as plain Keras reloads it, by name."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = keras.saving.load_model(path)
    assert model.compiled
    return {variable.path.partition("/")[2]: variable.numpy().tobytes() for variable in model.optimizer.variables}


def test_that_the_optimizer_is_saved_with_the_slots_of_what_trains(engine, document, files, tmp_path, workspace):
    document.freeze("dense")
    document.train(files / "data.npz", workspace)
    assert document.save(tmp_path / "same.keras").notes == ()
    document.freeze("middle")
    assert document.save(tmp_path / "other.keras").notes == ()
    same, other = slots_of(tmp_path / "same.keras"), slots_of(tmp_path / "other.keras")
    assert {name for name in same if name not in other} == {
        f"middle_{weight}_{slot}" for weight in ("kernel", "bias") for slot in ("momentum", "velocity")
    }
    assert other.items() <= same.items()
    assert weights_of(tmp_path / "same.keras") == weights_of(tmp_path / "other.keras")


@pytest.fixture
def compiled_file(tmp_path, files):
    """A file that plain Keras compiled, trained and saved."""
    model = models.seeded(models.bare_normalization)
    model.compile(keras.optimizers.SGD(0.05, momentum=0.8), "sparse_categorical_crossentropy")
    with np.load(files / "data.npz") as data:
        model.fit(data["x"], data["y"], batch_size=4, verbose=0)
    model.save(tmp_path / "compiled.keras")
    return tmp_path / "compiled.keras"


def test_that_a_file_that_is_only_opened_and_saved_keeps_its_optimizer(engine, compiled_file, tmp_path):
    document = Opened(engine, compiled_file)
    assert document.event.notes == ()
    document.save(tmp_path / "saved.keras")
    assert slots_of(tmp_path / "saved.keras") == slots_of(compiled_file)
    document.close()


def test_that_a_run_goes_on_with_the_optimizer_of_the_file(engine, compiled_file, files, tmp_path, workspace):
    document = Opened(engine, compiled_file)
    document.start(files / "data.npz", workspace, optimizer="sgd", learning_rate=0.01)
    assert engine.wait_for(RunStarted).notes == ("The optimizer goes on from step 4.",)
    engine.wait_for(RunEnded)
    document.save(tmp_path / "saved.keras")
    reloaded = keras.saving.load_model(tmp_path / "saved.keras")
    assert reloaded.optimizer.iterations.numpy() == 4 + 2
    assert reloaded.optimizer.momentum == 0.8
    assert reloaded.optimizer.learning_rate.numpy() == np.float32(0.01)
    document.close()


def test_that_an_undo_brings_the_optimizer_back_with_the_weights(engine, compiled_file, files, tmp_path, workspace):
    document = Opened(engine, compiled_file)
    document.freeze("middle")
    document.save(tmp_path / "before.keras")
    document.start(files / "data.npz", workspace, optimizer="adam")
    started = engine.wait_for(RunStarted)
    ended = engine.wait_for(RunEnded)
    document.save(tmp_path / "after.keras")
    document.restore(started.revision_file)
    document.save(tmp_path / "undone.keras")
    assert slots_of(tmp_path / "undone.keras") == slots_of(tmp_path / "before.keras")
    document.restore(ended.revision_file)
    document.save(tmp_path / "redone.keras")
    assert slots_of(tmp_path / "redone.keras") == slots_of(tmp_path / "after.keras")
    document.close()


def test_that_another_engine_goes_on_with_the_optimizer_of_a_revision(own_engine, files, tmp_path, workspace):
    def finish(document):
        document.freeze("middle")
        document.train(files / "data.npz", workspace, seed=6)
        document.save(tmp_path / "saved.keras")
        return slots_of(tmp_path / "saved.keras"), weights_of(tmp_path / "saved.keras")

    document = Opened(own_engine, files / "bare_normalization.keras")
    document.freeze("dense")
    ended = document.train(files / "data.npz", workspace)
    document.tree.apply(document.tree.plan([document.tree.root], trainable=True))
    expected = finish(document)
    psutil.Process(own_engine.client.pid).kill()
    after = EngineDriver()
    try:
        assert finish(Opened(after, files / "bare_normalization.keras", weights=ended.revision_file)) == expected
    finally:
        after.close()


def test_that_a_run_that_fails_before_its_first_batch_leaves_the_optimizer(engine, files, tmp_path, workspace):
    (tmp_path / "moody.py").write_text(
        "from pathlib import Path\nimport keras\n\nclass Moody(keras.layers.Layer):\n"
        "    def call(self, inputs, training=False):\n"
        "        if training and (Path(__file__).parent / 'worse').exists():\n"
        "            raise RuntimeError('in a bad mood')\n"
        "        return inputs\n"
    )
    moody = type("Moody", (keras.layers.Layer,), {"call": lambda _self, inputs: inputs})
    head = keras.layers.Dense(3, activation="softmax")
    keras.Sequential([keras.Input((6,)), head, moody()]).save(tmp_path / "moody.keras")
    document = Opened(engine, tmp_path / "moody.keras", custom_code=str(tmp_path / "moody.py"))
    after = document.train(files / "data.npz", workspace)
    (tmp_path / "worse").touch()
    document.start(files / "data.npz", workspace, optimizer="sgd")
    assert engine.wait_for(RunEnded).revision_file == after.revision_file
    (tmp_path / "worse").unlink()
    document.start(files / "data.npz", workspace)
    assert engine.wait_for(RunStarted).notes == ("The optimizer goes on from step 2.",)
    engine.wait_for(RunEnded)
    document.close()


def test_that_compile_settings_that_need_code_are_told_on_opening(engine, files, tmp_path):
    def strange(y_true, y_pred):
        return keras.ops.mean(keras.ops.abs(y_true - y_pred))

    model = models.seeded(models.bare_normalization)
    model.compile("adam", strange)
    model.save(tmp_path / "strange.keras")
    document = Opened(engine, tmp_path / "strange.keras")
    (note,) = document.event.notes
    assert "loss 'strange'" in note
    document.close()


# -- revisions ------------------------------------------------------------------------------------------------


def test_that_a_revision_is_restored_bit_for_bit(engine, document, files, tmp_path, workspace):
    document.start(files / "data.npz", workspace)
    started = engine.wait_for(RunStarted)
    ended = engine.wait_for(RunEnded)
    restored = document.restore(started.revision_file)
    assert isinstance(restored, RevisionRestored)
    assert restored.revision == 0
    document.save(tmp_path / "undone.keras")
    assert weights_of(tmp_path / "undone.keras") == weights_of(files / "bare_normalization.keras")
    document.restore(ended.revision_file)
    saved = document.save(tmp_path / "redone.keras")
    assert saved.revision == ended.revision
    assert weights_of(tmp_path / "redone.keras") != weights_of(tmp_path / "undone.keras")


def test_that_a_run_after_an_undo_gets_new_numbers(engine, document, files, workspace):
    document.start(files / "data.npz", workspace)
    started = engine.wait_for(RunStarted)
    first = engine.wait_for(RunEnded)
    document.restore(started.revision_file)
    again = document.train(files / "data.npz", workspace, seed=99)
    assert again.revision > first.revision
    assert variables_in(again.revision_file) != variables_in(first.revision_file)


def test_that_momentum_of_an_undone_run_is_not_saved(engine, document, files, tmp_path, workspace):
    document.start(files / "data.npz", workspace)
    started = engine.wait_for(RunStarted)
    engine.wait_for(RunEnded)
    document.restore(started.revision_file)
    document.save(tmp_path / "undone.keras")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not keras.saving.load_model(tmp_path / "undone.keras").compiled


def test_that_nothing_is_restored_into_a_run(engine, document, files, workspace):
    run_id = document.start(files / "data.npz", workspace, epochs=FOR_EVER)
    started = engine.wait_for(RunStarted)
    engine.wait_for(BatchEnded)
    assert isinstance(document.restore(started.revision_file), RequestFailed)
    engine.send(StopRun(run_id=run_id))
    assert engine.wait_for(RunEnded).proof.is_kept


def test_that_a_revision_of_another_model_or_a_damaged_one_is_refused(engine, document, tmp_path):
    (tmp_path / "damaged.npz").write_bytes(b"PK\x03\x04")
    assert isinstance(document.restore(tmp_path / "damaged.npz"), RequestFailed)
    assert isinstance(document.restore(tmp_path / "nowhere.npz"), RequestFailed)


# -- the ends of the process ----------------------------------------------------------------------------------


def wait_until_gone(*processes):
    gone, alive = psutil.wait_procs(processes, timeout=WAIT_SECONDS)
    assert alive == []
    return gone


def test_that_a_killed_engine_is_told_and_a_new_one_goes_on_from_the_checkpoint(own_engine, files, tmp_path, workspace):
    document = Opened(own_engine, files / "bare_normalization.keras")
    document.freeze("dense")
    document.start(files / "data.npz", workspace, epochs=FOR_EVER, checkpoint_seconds=0.0)
    checkpoint = own_engine.wait_for(Checkpointed, when=lambda event: event.revision > 2)
    psutil.Process(own_engine.client.pid).kill()
    assert own_engine.ends.get(timeout=WAIT_SECONDS) == -9
    with pytest.raises(EngineError, match="has ended"):
        while True:  # the system may take a first message for a pipe that nobody reads any more
            own_engine.send(CloseDocument(document_id=0))
    newest = max((workspace / WEIGHTS_FOLDER).glob("revision-*.npz"))
    revision = int(newest.stem.removeprefix("revision-"))
    assert revision >= checkpoint.revision
    after = EngineDriver()
    try:
        again = Opened(after, files / "bare_normalization.keras", weights=str(newest), newest_revision=revision + 5)
        assert again.event.revision == revision
        again.save(tmp_path / "saved.keras")
        assert weights_of(tmp_path / "saved.keras") == [
            value.tobytes()
            for value, variable in zip(
                read_revision(newest).variables,
                keras.saving.load_model(files / "bare_normalization.keras").variables,
                strict=True,
            )
            if "seed_generator" not in variable.path
        ]
        assert again.train(files / "data.npz", workspace).revision == revision + 7
        again.close()
        wrong = tmp_path / "wrong.npz"
        stored = read_revision(newest)
        write_revision(wrong, stored.variables[1:], [], stored.meta)
        failed = after.open(files / "bare_normalization.keras", weights=str(wrong))
        assert isinstance(failed, OpenFailed)
        assert "another model" in failed.problem.summary
    finally:
        after.close()


def test_that_closing_in_mid_run_leaves_no_process_and_calls_nothing_back(files, workspace):
    engine = EngineDriver()
    document = Opened(engine, files / "bare_normalization.keras")
    document.start(files / "data.npz", workspace, epochs=FOR_EVER)
    engine.wait_for(BatchEnded)
    process = psutil.Process(engine.client.pid)
    engine.close()
    wait_until_gone(process)
    assert engine.ends.empty()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("engine ") and not thread.daemon]


def test_that_closing_while_the_engine_imports_leaves_no_process():
    engine = EngineDriver()
    process = psutil.Process(engine.client.pid)
    engine.send(OpenModel(document_id=1, path="nowhere.keras"))
    engine.close()
    wait_until_gone(process)
    assert engine.ends.empty()


@pytest.mark.parametrize("state", ["importing", "train"])
def test_that_an_engine_ends_with_its_killed_parent(state, files, workspace):
    arguments = [files / "bare_normalization.keras", files / "data.npz", workspace] if state == "train" else []
    parent = subprocess.Popen(
        [sys.executable, "-m", "tests.processes.engine_parent", state, *map(str, arguments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    with parent:
        process = psutil.Process(int(parent.stdout.readline()))
        children = psutil.Process(parent.pid).children(recursive=True)
        assert process in children
        parent.kill()
    wait_until_gone(*children)
