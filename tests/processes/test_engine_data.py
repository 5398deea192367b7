"""Data and what a run would do, asked of a real engine."""

from __future__ import annotations

import io

from PIL import Image

from editor.files.code_files import read_code_file
from editor.processes.data_messages import (
    DataDescribed,
    DataProgressed,
    DescribeData,
    GiveUpData,
    PrepareRun,
    RunPrepared,
)
from editor.processes.messages import RequestFailed
from editor.training.data_options import Augmentation, DataOptions
from editor.training.settings import TrainSettings
from tests.processes.opened import weights_of
from tests.training.image_files import BLUE, RED, write_classes

ENDLESS = """
import itertools
import tensorflow as tf

def load():
    signature = (tf.TensorSpec((2,)), tf.TensorSpec((), tf.int64))
    return tf.data.Dataset.from_generator(lambda: itertools.repeat(([0.0, 1.0], 1)), output_signature=signature)
"""


def describe(engine, document, data, **settings):
    request = DescribeData(
        request_id=engine.next_number(), document_id=document, settings=TrainSettings(data=str(data), **settings)
    )
    engine.send(request)
    return engine.wait_for(DataDescribed, when=lambda event: event.request_id == request.request_id)


def prepare(engine, document, data, *, collect=None, **settings):
    request = PrepareRun(
        request_id=engine.next_number(),
        document_id=document.document_id,
        settings=TrainSettings(data=str(data), **settings),
        freeze_map=document.tree.freeze_map(),
    )
    engine.send(request)
    return engine.wait_for(RunPrepared, collect=collect, when=lambda event: event.request_id == request.request_id)


def test_that_data_are_described_with_and_without_a_model(engine, document, files):
    for asked in (document.document_id, None):
        described = describe(engine, asked, files / "data.npz", validation_split=0.25)
        assert not described.problems
        assert (described.report.num_train, described.report.num_validation) == (12, 4)


def test_that_data_that_cannot_be_read_are_a_problem_of_their_field(engine, tmp_path):
    described = describe(engine, None, tmp_path / "absent.npz")
    assert described.report is None
    assert "absent.npz" in described.problems["data"]


def test_that_data_that_do_not_fit_the_model_are_shown_with_what_is_wrong(engine, document, files):
    described = describe(engine, document.document_id, files / "images.npz")
    assert described.report is not None
    assert "8 × 8 × 3" in described.report.text
    assert "data" in described.problems


def test_that_images_are_shown_as_the_model_will_receive_them(engine, tmp_path):
    augmentation = (Augmentation(layer="RandomInvert", config={"factor": [1.0, 1.0]}),)
    options = DataOptions(augmentation=augmentation)
    report = describe(engine, None, write_classes(tmp_path), data_options=options).report
    assert report.kind == "images"
    assert report.value_range == (20 / 255, 220 / 255)
    for sample in report.samples:
        color = BLUE if sample.label == "blue" else RED
        shown = Image.open(io.BytesIO(sample.picture)).getpixel((0, 0))
        assert shown == tuple(255 - value for value in color)


def test_that_only_the_newest_of_many_requests_has_to_be_answered(engine, files):
    numbers = [engine.next_number() for _ in range(20)]
    for number in numbers:
        settings = TrainSettings(data=str(files / "data.npz"), seed=number)
        engine.send(DescribeData(request_id=number, document_id=None, settings=settings))
    answered = []
    engine.wait_for(DataDescribed, collect=answered, when=lambda event: event.request_id == numbers[-1])
    assert not [event for event in answered if isinstance(event, RequestFailed)]


def test_that_reading_that_nobody_waits_for_is_given_up(engine, document, files, tmp_path):
    code = tmp_path / "endless.py"
    code.write_text(ENDLESS)
    endless = DescribeData(
        request_id=engine.next_number(),
        document_id=None,
        settings=TrainSettings(data=f"{code}:load", data_options=DataOptions(consent=read_code_file(code).digest)),
    )
    engine.send(endless)
    engine.wait_for(DataProgressed, when=lambda event: event.doing == "Counting the samples of endless.py:load")
    engine.send(GiveUpData(request_id=endless.request_id))
    # What is asked next waits until nothing is read any more.
    answered = []
    assert prepare(engine, document, files / "data.npz", collect=answered).estimate
    assert not [event for event in answered if isinstance(event, DataDescribed | RequestFailed)]


def test_that_a_run_is_looked_at_beforehand_and_the_model_stays_as_it_is(engine, document, files, tmp_path):
    document.save(tmp_path / "before.keras")
    document.freeze("dense")
    prepared = prepare(engine, document, files / "data.npz", batch_size=4, validation_split=0)
    assert prepared.estimate.num_frozen == 35
    assert "A batch of 4 went through" in prepared.estimate.tried
    found = {finding.code: finding for finding in prepared.findings}
    assert found["small-batch"].paths == ("bare", "bn")
    document.save(tmp_path / "after.keras")
    assert weights_of(tmp_path / "after.keras") == weights_of(tmp_path / "before.keras")


def test_that_a_model_that_is_gone_is_refused(engine):
    settings = TrainSettings(data="sample:digits")
    assert engine.ask(DescribeData(request_id=1, document_id=99999, settings=settings), RequestFailed)
