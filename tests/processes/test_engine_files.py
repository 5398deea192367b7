"""What the engine writes beside `.keras` files, and what it takes back."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from editor.files.keras_archive import read_freeze_map
from editor.files.saved_model.place import file_state
from editor.processes.messages import (
    ApplyTrainedWeights,
    ExportModel,
    ModelExported,
    ModelSaved,
    RequestFailed,
    TrainedWeightsApplied,
)
from editor.processes.run_messages import BatchEnded, RunEnded, RunStarted, StopRun
from editor.runs.workspace import WEIGHTS_FOLDER
from tests import models
from tests.integration import plain_keras
from tests.processes.opened import CASES, FOR_EVER, Opened


def test_that_another_file_than_the_one_that_was_looked_at_is_not_opened(engine, files):
    path = files / "bare_normalization.keras"
    seen = file_state(path)
    Opened(engine, path, seen=seen).close()
    refused = engine.open(path, seen=seen._replace(size=seen.size + 1))
    assert "was changed by another program" in refused.problem.summary


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


# -- exports --------------------------------------------------------------------------------------------------


def export(document, path, kind, **rest):
    request = ExportModel(
        request_id=document.engine.next_number(),
        document_id=document.document_id,
        path=str(path),
        kind=kind,
        freeze_map=document.tree.freeze_map(),
        **rest,
    )
    return document.engine.ask(request, (ModelExported, RequestFailed))


def apply(document, path, workspace):
    request = ApplyTrainedWeights(
        request_id=document.engine.next_number(),
        document_id=document.document_id,
        path=str(path),
        workspace=str(workspace),
    )
    return document.engine.ask(request, (TrainedWeightsApplied, RequestFailed))


def values_in(document, folder, name):
    """The bytes of every weight of the live model, by way of a verified save."""
    path = folder / f"{name}.keras"
    assert isinstance(document.save(path), ModelSaved)
    return plain_keras.weights(path)


def test_that_each_kind_of_export_is_written_and_told(document, tmp_path):
    document.freeze("dense")
    for name, kind in (("it.weights.h5", "weights"), ("served", "saved-model"), ("it.trained.h5", "trained-weights")):
        done = export(document, tmp_path / name, kind)
        assert isinstance(done, ModelExported), done
        assert done.notes
        assert (tmp_path / name).exists()
    refused = export(document, tmp_path / "served", "saved-model")
    assert "there already" in refused.problem.summary
    assert isinstance(export(document, tmp_path / "served", "saved-model", replace=True), ModelExported)


@pytest.mark.parametrize(
    ("name", "kind"), [("it.weights.h5", "weights"), ("served", "saved-model"), ("it.trained.h5", "trained-weights")]
)
def test_that_an_export_in_mid_run_leaves_the_run_alone(engine, document, files, tmp_path, workspace, name, kind):
    document.freeze("dense")
    run_id = document.start(files / "data.npz", workspace, epochs=FOR_EVER)
    engine.wait_for(RunStarted)
    document.freeze("head")
    done = export(document, tmp_path / name, kind)
    assert isinstance(done, ModelExported), done
    engine.wait_for(BatchEnded)
    engine.send(StopRun(run_id=run_id))
    ended = engine.wait_for(RunEnded)
    assert ended.outcome == "stopped"
    assert ended.proof.is_kept
    assert "head" in ended.proof.changed_layers
    assert "dense" not in ended.proof.changed_layers


def test_that_original_and_trained_weights_are_the_trained_model_and_it_can_be_undone(
    engine, document, files, tmp_path, workspace
):
    document.train(files / "data.npz", workspace)
    document.freeze("dense", "bn")
    document.train(files / "data.npz", workspace)
    exported = export(document, tmp_path / "it.trained.h5", "trained-weights")
    assert isinstance(exported, ModelExported), exported
    trained = values_in(document, tmp_path, "trained")

    other_workspace = tmp_path / "other"
    (other_workspace / WEIGHTS_FOLDER).mkdir(parents=True)
    other = Opened(engine, files / "bare_normalization.keras")
    original = values_in(other, tmp_path, "original")
    applied = apply(other, tmp_path / "it.trained.h5", other_workspace)
    assert isinstance(applied, TrainedWeightsApplied), applied
    assert (applied.before, applied.revision) == (0, 1)
    assert applied.freeze_map.layers == document.tree.freeze_map().layers
    assert values_in(other, tmp_path, "applied") == trained != original

    assert other.restore(applied.before_file).revision == 0
    assert values_in(other, tmp_path, "undone") == original
    assert other.restore(applied.revision_file).revision == 1
    assert values_in(other, tmp_path, "redone") == trained
    other.close()


def test_that_applied_weights_keep_the_compile_settings_and_begin_a_new_optimizer(
    engine, document, files, tmp_path, workspace
):
    document.train(files / "data.npz", workspace)
    exported = export(document, tmp_path / "it.trained.h5", "trained-weights")
    assert isinstance(exported, ModelExported), exported
    applied = apply(document, tmp_path / "it.trained.h5", workspace)
    assert isinstance(applied, TrainedWeightsApplied), applied
    assert "optimizer starts anew" in applied.notes[0]
    document.save(tmp_path / "applied.keras")
    reloaded = keras.saving.load_model(tmp_path / "applied.keras")
    assert reloaded.compiled
    assert int(reloaded.optimizer.iterations) == 0
    assert document.restore(applied.before_file).revision == applied.before
    document.save(tmp_path / "undone.keras")
    assert int(keras.saving.load_model(tmp_path / "undone.keras").optimizer.iterations) > 0


def test_that_weights_that_do_not_fit_change_nothing(engine, document, files, tmp_path, workspace):
    export(document, tmp_path / "it.trained.h5", "trained-weights")
    other = Opened(engine, files / "composites.keras", custom_code=models.__file__)
    refused = apply(other, tmp_path / "it.trained.h5", workspace)
    assert isinstance(refused, RequestFailed)
    assert "dense:kernel" in refused.problem.details
    missing = apply(document, tmp_path / "nowhere.h5", workspace)
    assert isinstance(missing, RequestFailed)
    other.close()


def test_that_nothing_is_applied_to_a_run(engine, document, files, tmp_path, workspace):
    export(document, tmp_path / "it.trained.h5", "trained-weights")
    run_id = document.start(files / "data.npz", workspace, epochs=FOR_EVER)
    engine.wait_for(RunStarted)
    refused = apply(document, tmp_path / "it.trained.h5", workspace)
    assert isinstance(refused, RequestFailed)
    assert "being trained" in refused.problem.summary
    engine.send(StopRun(run_id=run_id))
    engine.wait_for(RunEnded)


def test_that_an_export_after_a_restart_still_knows_what_was_opened(engine, document, files, tmp_path, workspace):
    """The weights come from the workspace then, and the file's own are what they are held against."""
    ended = document.train(files / "data.npz", workspace)
    again = Opened(engine, files / "bare_normalization.keras", weights=ended.revision_file)
    again.freeze("")
    done = export(again, tmp_path / "it.trained.h5", "trained-weights")
    assert isinstance(done, ModelExported), done
    assert done.notes == ("12 of 12 weights are in the file.",)
    again.close()
