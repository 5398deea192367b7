from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from editor.errors import FileError
from editor.layers.freeze_map import FreezeMap, LayerFlags
from editor.runs import history
from editor.runs.history import (
    BATCHES_FILE,
    LINES_FILE,
    RUN_FILE,
    EndLine,
    EpochLine,
    MarkLine,
    PhaseLine,
    RunFacts,
    history_root,
    model_folder,
    prune,
    read_run,
    run_folders,
)
from editor.runs.recorder import RunRecorder

DOCUMENT = "/home/me/models/cat or dog.keras"
MAP = FreezeMap(layers={"dense": LayerFlags(store="layers/dense", class_name="Dense")})


def facts(**rest):
    given = {"document": DOCUMENT, "started_at": "2026-11-22T20:00:00+00:00", "settings": {"epochs": 2}, "seed": 3}
    numbers = {"num_epochs": 2, "num_batches": 4, "metric_names": ("loss", "accuracy"), "has_validation": True}
    return RunFacts(**given, **numbers, monitor="val_loss", **rest)


def recorded(root, num_batches=8, *, end=True):
    recorder = RunRecorder.create(root, facts())
    recorder.add(PhaseLine(epoch=0, seconds=0.0, freeze_map=MAP))
    for step in range(num_batches):
        recorder.add_batch(step, step / 10, [1 / (step + 1), float("nan")])
    recorder.add(EpochLine(epoch=0, seconds=0.4, learning_rate=0.1, metrics={"loss": 0.5, "val_loss": float("nan")}))
    recorder.add(MarkLine(epoch=0, batch=4, seconds=0.4, mark="paused", text="paused"))
    if end:
        recorder.add(EndLine(outcome="finished", kept="best", reason="val_loss got no better for 2 epochs."))
    recorder.close()
    return recorder.folder


def test_that_a_record_is_read_back(tmp_path):
    record = read_run(recorded(tmp_path))
    assert record.facts == facts()
    assert record.phases[0].freeze_map == MAP
    assert record.epochs[0].metrics == {"loss": 0.5, "val_loss": None}
    assert (record.marks[0].mark, record.end.outcome, record.end.kept) == ("paused", "finished", "best")
    batches = record.batches()
    assert batches["step"].tolist() == list(range(8))
    assert batches["seconds"].tolist() == pytest.approx([step / 10 for step in range(8)])
    assert batches["metrics"][:, 0].tolist() == pytest.approx([1 / (step + 1) for step in range(8)])
    assert np.isnan(batches["metrics"][:, 1]).all()


@pytest.mark.parametrize("num_lost", [2, 7, 15])
def test_that_what_a_killed_process_has_left_is_read_up_to_its_end(tmp_path, num_lost):
    folder = recorded(tmp_path, end=False)
    for name in (BATCHES_FILE, LINES_FILE):
        stored = (folder / name).read_bytes()
        (folder / name).write_bytes(stored[:-num_lost])
    record = read_run(folder)
    assert record.end is None
    assert record.phases[0].freeze_map == MAP
    assert len(record.epochs) == 1
    assert record.marks == ()
    assert record.batches()["step"].tolist() == list(range(7))


def test_that_a_killed_process_has_written_what_it_was_told(tmp_path):
    code = (
        "import os, signal\nfrom pathlib import Path\nfrom tests.runs.test_history import *\n"
        "recorder = RunRecorder.create(Path(os.environ['PLACE']), facts())\n"
        "recorder.add_batch(0, 0.5, [1.0, 2.0])\nrecorder.add(PhaseLine(epoch=0, seconds=0.0, freeze_map=MAP))\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], env={**os.environ, "PLACE": str(tmp_path)}, check=False)
    assert ended.returncode != 0
    (folder,) = run_folders(tmp_path, DOCUMENT)
    record = read_run(folder)
    assert len(record.phases) == 1
    assert record.batches()["metrics"].tolist() == [[1.0, 2.0]]


def test_that_half_a_million_batches_take_a_few_megabytes(tmp_path):
    recorder = RunRecorder.create(tmp_path, facts())
    for step in range(1000):
        recorder.add_batch(step, 1.0, [0.5, 0.5])
    recorder.close()
    assert (recorder.folder / BATCHES_FILE).stat().st_size * 500 <= 8_000_000


def test_that_a_damaged_record_is_said_and_the_others_are_read(tmp_path):
    damaged, sound = recorded(tmp_path), recorded(tmp_path)
    (damaged / RUN_FILE).write_bytes(b"{")
    with pytest.raises(FileError, match=damaged.name):
        read_run(damaged)
    (sound / LINES_FILE).write_bytes(b"\xff\xfe\n" + (sound / LINES_FILE).read_bytes())
    assert read_run(sound).end


def test_that_a_full_disk_ends_the_record_and_not_the_run(tmp_path):
    recorder = RunRecorder.create(tmp_path, facts())
    with open("/dev/full", "wb", buffering=0) as full:  # noqa: PTH123 - a device
        recorder.close()
        recorder._lines = recorder._batches = full
        recorder.add_batch(0, 0.0, [0.0, 0.0])
        recorder.add(EndLine(outcome="finished", kept="last"))
    assert read_run(recorder.folder).end is None


def test_that_a_record_that_cannot_be_made_is_an_expected_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError, match="record of the run cannot be written"):
        RunRecorder.create(tmp_path / "file", facts())


def test_that_the_oldest_records_go(tmp_path, monkeypatch):
    monkeypatch.setattr(history, "MOST_OF_A_MODEL", 3)
    monkeypatch.setattr(history, "MOST_IN_ALL", 4)
    model, other = model_folder(tmp_path, DOCUMENT), model_folder(tmp_path, "/elsewhere/other.keras")
    for at in range(5):
        (model / f"2026112{at}-000000-0000000{at}").mkdir(parents=True)
        (other / f"2026102{at}-000000-0000000{at}").mkdir(parents=True)
    (model / "notes").mkdir()
    (tmp_path / "holiday-photos").mkdir()
    prune(tmp_path)
    assert [folder.name[:8] for folder in run_folders(tmp_path, DOCUMENT)] == ["20261124", "20261123", "20261122"]
    assert [folder.name[:8] for folder in run_folders(tmp_path, "/elsewhere/other.keras")] == ["20261024"]
    assert (model / "notes").is_dir()
    assert (tmp_path / "holiday-photos").is_dir()


def test_that_models_of_one_name_have_records_of_their_own(tmp_path):
    assert model_folder(tmp_path, "/a/model.keras") != model_folder(tmp_path, "/b/model.keras")
    assert model_folder(tmp_path, "/a/m…:*?/x.keras").parent == tmp_path


def test_that_the_records_are_where_the_user_says(monkeypatch, tmp_path):
    monkeypatch.setenv("FROSTLINE_RUNS", str(tmp_path))
    assert history_root() == tmp_path
    monkeypatch.delenv("FROSTLINE_RUNS")
    assert history_root().name == "runs"
