from __future__ import annotations

import shutil
from pathlib import Path

import keras
import numpy as np

from editor.keras_model.opening import open_model
from editor.keras_model.values import weight_digests
from editor.keras_model.walk import walk_model
from editor.layers.accounts import State
from editor.layers.kept import carry_flags, match_kept
from editor.layers.structure import Head, Reinitialise, RenameLayer, ReplaceHead
from editor.layers.tree import LayerTree
from editor.processes.data_messages import PrepareRun, RunPrepared
from editor.processes.edit_messages import EditModel, ModelEdited
from editor.processes.messages import (
    ExportModel,
    ModelExported,
    ModelSaved,
    RequestFailed,
    RestoreRevision,
    RevisionRestored,
)
from editor.processes.run_messages import RunEnded, RunStarted, StopRun
from editor.runs.workspace import structure_path
from editor.training.settings import TrainSettings
from tests.processes.opened import FOR_EVER, Opened

FER = "tests/data/models/fer/emotion_model.hdf5"
HEAD = ReplaceHead(path="bn", head=Head(units=5, pooling="none"), seed=1)


def edit(document, change, workspace):
    request = EditModel(
        request_id=document.engine.next_number(),
        document_id=document.document_id,
        edit=change,
        workspace=str(workspace),
    )
    answer = document.engine.ask(request, (ModelEdited, RequestFailed))
    if isinstance(answer, ModelEdited) and answer.root:
        document.tree = LayerTree(answer.root)
    return answer


def restore(document, file, structure):
    request = RestoreRevision(
        request_id=document.engine.next_number(), document_id=document.document_id, path=file, structure=structure
    )
    return document.engine.ask(request, (RevisionRestored, RequestFailed))


def saved_digests(document, path):
    answer = document.save(path)
    assert isinstance(answer, ModelSaved), answer
    return weight_digests(walk_model(keras.saving.load_model(path, compile=False)))


def test_that_a_new_head_trains_and_undo_gives_the_very_model_back(document, files, workspace, tmp_path):
    before_tree = document.tree
    before = saved_digests(document, tmp_path / "before.keras")
    edited = edit(document, HEAD, workspace)
    assert (edited.before_structure, edited.structure) == (0, 1)
    assert edited.kept["bn"] == "bn"
    assert structure_path(workspace, 0).is_file()
    after = saved_digests(document, tmp_path / "after.keras")
    ended = document.train(files / "data.npz", workspace)
    assert ended.proof.is_kept
    trained = saved_digests(document, tmp_path / "trained.keras")

    assert restore(document, edited.before_file, 0).revision == edited.before
    document.tree = before_tree
    assert saved_digests(document, tmp_path / "back.keras") == before
    assert restore(document, ended.revision_file, 1).revision == ended.revision
    document.tree = LayerTree(edited.root)
    assert saved_digests(document, tmp_path / "again.keras") == trained
    assert restore(document, edited.revision_file, 1).revision == edited.revision
    assert saved_digests(document, tmp_path / "once_more.keras") == after


def test_that_an_h5_file_of_the_real_fer_model_gets_ten_classes_and_keeps_its_flags(engine, workspace, tmp_path):
    source = shutil.copy(FER, tmp_path / "fer.hdf5")
    document = Opened(engine, source)
    before = document.tree
    before.apply(before.plan([before.find("conv2d_1"), before.find("batch_normalization_2")], trainable=False))
    edited = edit(document, ReplaceHead(path="add_4", head=Head(units=10), seed=1), workspace)
    carry_flags(before, document.tree, match_kept(before, document.tree, edited.kept))
    generator = np.random.default_rng(0)
    np.savez(tmp_path / "data.npz", x=generator.random((8, 64, 64, 1), "float32"), y=np.arange(8) % 10)
    ended = document.train(tmp_path / "data.npz", workspace)
    assert ended.proof.is_kept
    assert ended.proof.frozen_total == 3
    assert isinstance(document.save(tmp_path / "ten.h5"), ModelSaved)
    again = Opened(engine, tmp_path / "ten.h5")
    again.tree.apply(again.tree.plan_map(again.event.freeze_map)[0])
    assert again.tree.state(again.tree.find("conv2d_1")) is State.FROZEN
    assert again.tree.find("head_output:kernel").record.shape == (128, 10)
    assert restore(document, edited.before_file, 0).revision == 0
    document.tree = before
    assert isinstance(document.save(tmp_path / "seven.h5"), ModelSaved)
    was = weight_digests(walk_model(open_model(Path(source)).model))
    assert weight_digests(walk_model(open_model(tmp_path / "seven.h5").model)) == was
    document.close()
    again.close()


def test_that_trained_weights_alone_are_not_of_other_layers(document, workspace, tmp_path):
    edit(document, HEAD, workspace)
    request = ExportModel(
        request_id=document.engine.next_number(),
        document_id=document.document_id,
        path=str(tmp_path / "trained.h5"),
        kind="trained-weights",
        freeze_map=document.tree.freeze_map(),
    )
    assert "other layers" in document.engine.ask(request, (ModelExported, RequestFailed)).problem.summary


def test_that_a_refused_edit_changes_nothing(document, workspace, tmp_path):
    before = saved_digests(document, tmp_path / "before.keras")
    problem = edit(document, RenameLayer(path="bn", name="a/b"), workspace).problem
    assert "no /" in problem.summary
    assert not structure_path(workspace, 1).exists()
    assert saved_digests(document, tmp_path / "after.keras") == before


def test_that_fresh_weights_are_a_step_and_come_back(document, workspace, tmp_path):
    before = saved_digests(document, tmp_path / "before.keras")
    edited = edit(document, Reinitialise(paths=("middle",), seed=4), workspace)
    assert edited.root is None
    assert edited.structure == 0
    assert saved_digests(document, tmp_path / "fresh.keras") != before
    assert document.restore(edited.before_file).revision == edited.before
    assert saved_digests(document, tmp_path / "back.keras") == before


def test_that_nothing_is_edited_during_a_run(document, files, workspace):
    run_id = document.start(files / "data.npz", workspace, epochs=FOR_EVER)
    document.engine.wait_for(RunStarted)
    assert "being trained" in edit(document, HEAD, workspace).problem.summary
    document.engine.send(StopRun(run_id=run_id))
    document.engine.wait_for(RunEnded)


def test_that_another_engine_gets_the_edited_structure_with_its_weights(engine, document, files, workspace, tmp_path):
    edited = edit(document, HEAD, workspace)
    ended = document.train(files / "data.npz", workspace)
    trained = saved_digests(document, tmp_path / "trained.keras")
    copy = shutil.copy(files / "bare_normalization.keras", tmp_path / "source.keras")
    other = Opened(engine, copy, weights=ended.revision_file, structure=1, newest_revision=ended.revision)
    assert other.event.root == edited.root
    assert other.event.revision == ended.revision
    assert saved_digests(other, tmp_path / "other.keras") == trained
    assert restore(other, edited.before_file, 0).revision == 0
    other.close()


def test_that_edits_follow_each_other(document, workspace, tmp_path):
    edit(document, HEAD, workspace)
    edited = edit(document, RenameLayer(path="middle", name="neck"), workspace)
    assert (edited.before_structure, edited.structure) == (1, 2)
    document.save(tmp_path / "renamed.keras")
    model = keras.saving.load_model(tmp_path / "renamed.keras", compile=False)
    assert [layer.name for layer in model.layers][2:] == ["neck", "bn", "head_output"]


def high_rates(document, data):
    """What is said of the learning rate before a run at Adam's usual one."""
    request = PrepareRun(
        request_id=document.engine.next_number(),
        document_id=document.document_id,
        settings=TrainSettings(data=str(data), learning_rate=1e-3, validation_split=0),
        freeze_map=document.tree.freeze_map(),
    )
    return [each.title for each in document.engine.ask(request, RunPrepared).findings if each.code == "learning-rate"]


def test_that_a_new_head_has_not_learned_by_a_run_but_what_came_trained_has(document, files, workspace):
    data = files / "data.npz"
    assert high_rates(document, data) == ["The learning rate is high for what has learned already"]
    edited = edit(document, HEAD, workspace)
    document.freeze("dense", "middle", "bn")
    assert document.train(data, workspace).proof.is_kept
    assert high_rates(document, data) == []
    assert restore(document, edited.before_file, 0).revision == edited.before
    document.tree = LayerTree(document.event.root)
    assert high_rates(document, data)
