"""What a run tells before its first batch, and that it can be given up there."""

from __future__ import annotations

import os
from pathlib import Path

import keras
import pytest

from editor.processes.data_messages import DataDescribed, DescribeData
from editor.processes.run_messages import CancelRun, RunEnded, RunPreparing
from editor.training.settings import TrainSettings
from tests.processes.opened import Opened
from tests.training.image_files import write_classes


@pytest.fixture
def image_document(engine, tmp_path: Path) -> Opened:
    path = tmp_path / "images.keras"
    layers = [keras.Input((8, 8, 3)), keras.layers.Flatten(), keras.layers.Dense(2, activation="softmax")]
    keras.Sequential(layers).save(path)
    return Opened(engine, path)


def test_that_a_run_tells_how_far_its_images_are_read(engine, image_document, workspace, tmp_path: Path):
    folder = write_classes(tmp_path / "pictures")
    image_document.start(folder, workspace)
    # Steps that come within an instant are told once: which of them is a matter of time.
    event = engine.wait_for(RunPreparing)
    assert event.doing in ("Reading data", "Looking for changes", "Looking for images", "Reading images")
    assert 0 <= event.done <= 8
    assert engine.wait_for(RunEnded).outcome == "finished"


def test_that_a_run_is_cancelled_before_its_data_are_read(engine, image_document, workspace, tmp_path: Path):
    folder = write_classes(tmp_path / "pictures")
    run_id = image_document.start(folder, workspace)
    engine.send(CancelRun(run_id=run_id))
    ended = engine.wait_for(RunEnded)
    assert (ended.outcome, ended.revision, ended.problem) == ("cancelled", 0, None)
    assert image_document.train(folder, workspace).outcome == "finished"


def test_that_a_run_takes_the_data_that_were_looked_at_and_reads_those_that_changed(
    engine, image_document, workspace, tmp_path: Path
):
    folder = write_classes(tmp_path / "pictures")
    settings = TrainSettings(data=str(folder), validation_split=0)
    looked_at = DescribeData(request_id=engine.next_number(), document_id=image_document.document_id, settings=settings)
    engine.ask(looked_at, DataDescribed)
    # Whoever reads them now finds no picture; to all that a folder tells they are the same.
    for picture in folder.rglob("*.png"):
        status = picture.stat()
        picture.write_bytes(bytes(status.st_size))
        os.utime(picture, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert image_document.train(folder, workspace).outcome == "finished"
    os.utime(picture)
    image_document.start(folder, workspace)
    ended = engine.wait_for(RunEnded)
    assert "None of the 8 images in pictures can be read" in ended.problem.summary
