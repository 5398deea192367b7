"""What the engine writes beside `.keras` files, and what it takes back."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from editor.files.keras_archive import read_freeze_map
from editor.processes.messages import ModelSaved, RequestFailed, RunEnded, RunStarted, StopRun
from editor.runs.workspace import WEIGHTS_FOLDER
from tests import models
from tests.processes.engine_driver import EngineDriver
from tests.processes.test_engine import CASES, FOR_EVER, Opened


@pytest.fixture(scope="module")
def engine():
    driver = EngineDriver()
    yield driver
    driver.close()


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    for builder in (models.bare_normalization, models.small_cnn, models.composites):
        models.seeded(builder).save(folder / f"{builder.__name__}.keras")
    x = models.sample_inputs(models.bare_normalization(), 16)
    np.savez(folder / "data.npz", x=x, y=np.arange(16) % 3)
    return folder


@pytest.fixture
def workspace(tmp_path):
    (tmp_path / "workspace" / WEIGHTS_FOLDER).mkdir(parents=True)
    return tmp_path / "workspace"


@pytest.fixture
def document(engine, files):
    document = Opened(engine, files / "bare_normalization.keras")
    yield document
    document.close()


# -- .h5 ------------------------------------------------------------------------------------------------------


def test_that_a_trained_model_is_saved_to_h5_and_the_optimizer_is_told_to_be_missing(
    document, files, tmp_path, workspace
):
    document.freeze("middle:kernel")
    document.train(files / "data.npz", workspace)
    saved = document.save(tmp_path / "saved.h5")
    assert isinstance(saved, ModelSaved), saved
    assert saved.forgotten == ("middle:kernel",)
    assert "optimizer" in saved.notes[0]
    document.save(tmp_path / "saved.keras")
    plain = [keras.saving.load_model(tmp_path / name, compile=False) for name in ("saved.h5", "saved.keras")]
    np.testing.assert_array_equal(*map(models.outputs_of, plain))
    assert read_freeze_map(tmp_path / "saved.h5") == document.tree.freeze_map()


def test_that_custom_code_goes_along_into_the_process_that_proves_a_file(engine, files, tmp_path):
    document = Opened(engine, files / "composites.keras", custom_code=models.__file__)
    document.freeze("composite/_hidden", "mha/query_dense:bias")
    saved = document.save(tmp_path / "saved.h5")
    assert isinstance(saved, ModelSaved), saved
    document.close()


def test_that_a_model_that_h5_cannot_hold_is_refused_and_goes_to_keras(engine, files, tmp_path):
    document = Opened(engine, files / "small_cnn.keras", custom_code=str(CASES / "small_cnn.py"))
    refused = document.save(tmp_path / "saved.h5")
    assert isinstance(refused, RequestFailed)
    assert ".keras" in refused.problem.hint
    assert list(tmp_path.iterdir()) == []
    assert isinstance(document.save(tmp_path / "saved.keras"), ModelSaved)
    document.close()


def test_that_an_h5_save_in_mid_run_leaves_the_run_alone(engine, document, files, tmp_path, workspace):
    run_id = document.start(files / "data.npz", workspace, epochs=FOR_EVER)
    engine.wait_for(RunStarted)
    document.freeze("dense", "head:bias")
    saved = document.save(tmp_path / "saved.h5")
    assert isinstance(saved, ModelSaved), saved
    engine.send(StopRun(run_id=run_id))
    ended = engine.wait_for(RunEnded)
    assert ended.outcome == "stopped"
    # What was frozen for the file only was trained on.
    assert "dense" in ended.proof.changed_layers
    assert ended.revision > saved.revision
