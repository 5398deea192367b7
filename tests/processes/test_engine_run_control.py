"""Runs that are held, changed, cancelled, and left, in a real engine."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

from editor.processes.messages import CloseDocument, ModelSaved, RevisionRestored
from editor.processes.run_messages import (
    BatchEnded,
    CancelRun,
    ChangeRun,
    Checkpointed,
    EpochEnded,
    PauseRun,
    ResumeRun,
    RunChangeRefused,
    RunEnded,
    RunMarked,
    RunStarted,
    StopRun,
)
from editor.runs.history import read_run
from editor.runs.workspace import revisions_in
from editor.training.settings import Proof
from tests.processes.opened import FOR_EVER, Opened, variables_in, weights_of


def is_marked(kind):
    return lambda event: event.kind == kind


def test_that_a_run_is_held_saved_and_resumed(engine, document, files, workspace, tmp_path):
    events = []
    run_id = document.start(files / "data.npz", workspace, epochs=FOR_EVER)
    engine.wait_for(BatchEnded, collect=events)
    engine.send(PauseRun(run_id=run_id))
    paused = engine.wait_for(RunMarked, collect=events, when=is_marked("paused"))
    saved = document.save(tmp_path / "held.keras")
    assert isinstance(saved, ModelSaved)
    assert saved.revision >= max(event.revision for event in events if isinstance(event, BatchEnded))
    engine.send(ResumeRun(run_id=run_id))
    resumed = engine.wait_for(RunMarked)
    assert (resumed.kind, resumed.epoch, resumed.batch) == ("resumed", paused.epoch, paused.batch)
    engine.wait_for(BatchEnded)
    engine.send(StopRun(run_id=run_id))
    assert engine.wait_for(RunEnded).outcome == "stopped"


def test_that_a_cancel_puts_everything_back(engine, document, files, workspace, tmp_path):
    first = document.train(files / "data.npz", workspace)
    document.save(tmp_path / "before.keras")
    events = []
    run_id = document.start(files / "data.npz", workspace, epochs=FOR_EVER, checkpoint_epochs=1, optimizer="sgd")
    engine.wait_for(Checkpointed, collect=events)
    engine.wait_for(EpochEnded, collect=events)
    engine.wait_for(Checkpointed, collect=events)
    engine.send(CancelRun(run_id=run_id))
    ended = engine.wait_for(RunEnded)
    assert (ended.outcome, ended.proof, ended.problem) == ("cancelled", None, None)
    assert (ended.revision, ended.revision_file) == (first.revision, first.revision_file)
    assert revisions_in(workspace)[-1] == Path(first.revision_file)
    assert not [path for path in revisions_in(workspace) if path > Path(first.revision_file)]
    document.save(tmp_path / "after.keras")
    assert weights_of(tmp_path / "after.keras") == weights_of(tmp_path / "before.keras")
    assert read_run(Path(ended.record)).end.outcome == "cancelled"
    again = document.train(files / "data.npz", workspace)
    assert again.revision > ended.revision


def test_that_rate_and_flags_change_in_mid_run(engine, document, files, workspace):
    flags = document.tree.freeze_map()
    changed = document.freeze("dense")
    document.tree.apply(document.tree.plan([document.tree.find("dense")], trainable=True))
    run_id = document.start(files / "data.npz", workspace, epochs=FOR_EVER)
    engine.wait_for(EpochEnded)
    engine.send(ChangeRun(run_id=run_id, learning_rate=0.5))
    assert engine.wait_for(RunMarked).text == "lr 0.5"
    engine.send(ChangeRun(run_id=run_id, freeze_map=changed))
    phase = engine.wait_for(RunMarked, when=is_marked("phase"))
    assert (phase.batch, phase.freeze_map) == (0, changed)
    assert engine.wait_for(EpochEnded, when=lambda event: event.epoch >= phase.epoch).learning_rate == 0.5
    nothing = document.freeze(*[child.path for child in document.tree.root.children if child.weights_below])
    engine.send(ChangeRun(run_id=run_id, freeze_map=nothing))
    assert "Nothing is trainable" in engine.wait_for(RunChangeRefused).problem.summary
    engine.send(StopRun(run_id=run_id))
    ended = engine.wait_for(RunEnded)
    assert ended.proof.is_kept
    record = read_run(Path(ended.record))
    assert [line.freeze_map for line in record.phases] == [flags, changed]
    assert [line.mark for line in record.marks] == ["learning-rate", "phase"]


def test_that_the_best_weights_are_kept_and_told(engine, document, files, workspace):
    run_id = document.start(files / "data.npz", workspace, epochs=FOR_EVER, validation_split=0.25, learning_rate=0.5)
    events = []
    engine.wait_for(EpochEnded, when=lambda event: event.epoch == 3, collect=events)
    engine.send(StopRun(run_id=run_id, keep="best"))
    ended = engine.wait_for(RunEnded, collect=events)
    values = {event.epoch: event.metrics["val_loss"] for event in events if isinstance(event, EpochEnded)}
    assert (ended.kept, ended.best.metric) == ("best", "val_loss")
    assert ended.best.value == min(values.values()) == values[ended.best.epoch]
    last = max(event.revision for event in events if isinstance(event, BatchEnded))
    marks = [event.kind for event in events if isinstance(event, RunMarked)]
    # The batches of an epoch that was broken off may not have been told.
    assert ended.revision >= last + marks.count("best-restored")


def test_that_the_record_of_a_run_has_all_that_was_told(engine, document, files, workspace):
    events = []
    document.start(files / "data.npz", workspace, epochs=3, validation_split=0.25, checkpoint_epochs=2)
    ended = engine.wait_for(RunEnded, collect=events)
    started = next(event for event in events if isinstance(event, RunStarted))
    record = read_run(Path(ended.record))
    assert (started.monitor, started.device) == ("val_loss", "CPU")
    assert record.facts.document == str(files / "bare_normalization.keras")
    assert record.facts.settings["epochs"] == 3
    assert set(record.facts.versions) == {"frostline", "keras", "tensorflow", "python"}
    told = [event for event in events if isinstance(event, BatchEnded)]
    batches = record.batches()
    assert batches["step"].tolist() == [event.epoch * started.num_batches + event.batch for event in told]
    assert batches["metrics"][:, 0].tolist() == [np.float32(event.metrics["loss"]) for event in told]
    assert [line.metrics for line in record.epochs] == [
        event.metrics for event in events if isinstance(event, EpochEnded)
    ]
    assert [(line.mark, line.epoch) for line in record.marks] == [("checkpoint", 1)]
    assert msgspec.convert(record.end.proof, Proof) == ended.proof
    seconds = [event.seconds for event in told]
    assert seconds == sorted(seconds)


@pytest.mark.parametrize("wish", ["stop", "cancel", "pause"])
def test_that_what_is_asked_before_a_run_has_begun_is_not_lost(wish, engine, document, files, workspace):
    """Its start may wait behind a save, and what is asked of a run overtakes that."""
    run_id = engine.next_number() + 1
    wishes = {"stop": StopRun, "cancel": CancelRun, "pause": PauseRun}
    engine.send(wishes[wish](run_id=run_id))
    assert document.start(files / "data.npz", workspace, epochs=FOR_EVER) == run_id
    if wish == "pause":
        engine.wait_for(RunMarked, when=is_marked("paused"))
        engine.send(StopRun(run_id=run_id))
    events = []
    ended = engine.wait_for(RunEnded, collect=events)
    assert ended.outcome == ("cancelled" if wish == "cancel" else "stopped")
    assert not [event for event in events if isinstance(event, BatchEnded)]


def test_that_closing_a_document_ends_its_run(engine, files, workspace):
    document = Opened(engine, files / "bare_normalization.keras")
    document.start(files / "data.npz", workspace, epochs=FOR_EVER)
    engine.wait_for(BatchEnded)
    engine.send(CloseDocument(document_id=document.document_id))
    ended = engine.wait_for(RunEnded)
    assert ended.outcome == "stopped"
    assert not Path(ended.revision_file).exists()
    other = Opened(engine, files / "bare_normalization.keras")
    assert other.train(files / "data.npz", workspace).outcome == "finished"
    other.close()


def test_that_a_held_run_is_cancelled_and_can_be_restored_from_before(engine, document, files, workspace):
    run_id = document.start(files / "data.npz", workspace, epochs=FOR_EVER)
    started = engine.wait_for(RunStarted)
    engine.send(PauseRun(run_id=run_id))
    engine.wait_for(RunMarked)
    engine.send(CancelRun(run_id=run_id))
    ended = engine.wait_for(RunEnded)
    assert (ended.outcome, ended.revision) == ("cancelled", 0)
    assert isinstance(document.restore(started.revision_file), RevisionRestored)
    assert variables_in(ended.revision_file) == variables_in(started.revision_file)
