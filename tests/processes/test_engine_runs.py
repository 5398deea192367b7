from __future__ import annotations

import warnings
from pathlib import Path

import keras
import numpy as np

from editor.files.options import OpenOptions
from editor.processes.messages import CloseDocument, ModelOpened, ModelSaved, OpenModel, RequestFailed, RevisionRestored
from editor.processes.run_messages import BatchEnded, Checkpointed, EpochEnded, RunEnded, RunStarted, StopRun
from editor.runs.revisions import read_revision
from editor.runs.workspace import WEIGHTS_FOLDER
from tests.processes.opened import FOR_EVER, ROOT, Opened, variables_in, weights_of

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
