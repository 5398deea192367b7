from __future__ import annotations

import warnings

import keras
import numpy as np
import psutil
import pytest

from editor.files.keras_archive import read_freeze_map
from editor.processes.messages import ModelSaved, RequestFailed
from editor.processes.run_messages import BatchEnded, RunEnded, RunStarted, StopRun
from editor.runs.workspace import WEIGHTS_FOLDER
from tests import models
from tests.processes.engine_driver import EngineDriver
from tests.processes.opened import FOR_EVER, ROOT, Opened, variables_in, weights_of

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
