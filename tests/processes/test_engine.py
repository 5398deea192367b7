from __future__ import annotations

import os
import subprocess
import sys
import threading

import keras
import psutil
import pytest

from editor.errors import EngineError
from editor.keras_model.walk import walk_model
from editor.processes.messages import (
    CheckSettings,
    CloseDocument,
    EngineReady,
    GradientsTraced,
    OpenFailed,
    OpenModel,
    RequestFailed,
    SettingsChecked,
)
from editor.processes.run_messages import BatchEnded, Checkpointed, RunEnded, StopRun
from editor.runs.revisions import read_revision, write_revision
from editor.runs.workspace import WEIGHTS_FOLDER
from editor.training.settings import TrainSettings
from tests.processes.engine_driver import WAIT_SECONDS, EngineDriver
from tests.processes.opened import CASES, FOR_EVER, ROOT, Opened, weights_of

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
