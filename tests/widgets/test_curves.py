from __future__ import annotations

import math

import numpy as np
import pytest

from editor.processes.run_messages import BatchEnded, EpochEnded, RunMarked, RunStarted
from widgets.training.curves import RunCurves
from widgets.training.plot_settings import PlotSettings, Resolution, XAxis
from widgets.training.readings import position_text, readings, snapped
from widgets.training.run_marks import labels, phases
from widgets.training.shown_runs import ShownRuns


def started(**changes: object) -> RunStarted:
    fields = {
        "run_id": 1,
        "num_epochs": 3,
        "num_batches": 4,
        "metric_names": ("loss", "accuracy"),
        "has_validation": True,
        "seed": 0,
        "revision_file": "",
    }
    return RunStarted(**(fields | changes))


def batch(epoch: int, number: int, run_id: int = 1, *, seconds: float = 0.0, **metrics: float) -> BatchEnded:
    return BatchEnded(run_id=run_id, epoch=epoch, batch=number, metrics=metrics, revision=1, seconds=seconds)


def epoch_end(epoch: int, run_id: int = 1, *, seconds: float = 0.0, **metrics: float) -> EpochEnded:
    return EpochEnded(run_id=run_id, epoch=epoch, metrics=metrics, seconds=seconds)


def mark(kind: str, epoch: int, batch: int = 0, text: str = "", run_id: int = 1) -> RunMarked:
    return RunMarked(run_id=run_id, epoch=epoch, batch=batch, kind=kind, text=text)


def filled(run_id: int = 1, num_epochs: int = 2) -> RunCurves:
    curves = RunCurves(started(run_id=run_id))
    for epoch in range(num_epochs):
        for number in range(4):
            seconds = 4 * epoch + number + 1
            curves.add_batch(batch(epoch, number, run_id, loss=4.0, accuracy=0.5, seconds=seconds))
        ends = {"loss": 4.0, "val_loss": 3.0, "accuracy": 0.5, "val_accuracy": 0.4}
        curves.add_epoch(epoch_end(epoch, run_id, seconds=4 * epoch + 4, **ends))
    return curves


def test_that_a_batch_stands_at_the_share_of_the_epoch_that_is_done():
    curves = RunCurves(started())
    curves.add_batch(batch(0, 0, loss=1.0, accuracy=0.1))
    curves.add_batch(batch(1, 1, loss=0.5, accuracy=0.2))
    assert curves.batches.along(XAxis.EPOCHS).tolist() == [0.25, 1.5]
    assert curves.batches.along(XAxis.BATCHES).tolist() == [1.0, 6.0]
    assert curves["accuracy"].batches.raw.y.tolist() == [0.1, 0.2]


def test_that_an_epochs_end_brings_both_lines_to_the_epoch():
    curves = RunCurves(started())
    curves.add_batch(batch(0, 1, loss=1.0))
    curves.add_epoch(epoch_end(0, loss=0.9, val_loss=0.8))
    assert curves.batches.along(XAxis.EPOCHS).tolist() == [0.5, 1.0]
    assert curves["loss"].batches.raw.y.tolist() == pytest.approx([1.0, 0.8])
    assert curves.epochs.along(XAxis.EPOCHS).tolist() == [1.0]
    assert curves["loss"].epochs.raw.y.tolist() == [0.9]
    assert (curves["loss"].train_value, curves["loss"].validation_value) == (0.9, 0.8)


def test_that_the_last_batch_and_the_epochs_end_are_one_point():
    curves = RunCurves(started())
    curves.add_batch(batch(0, 3, loss=1.0))
    curves.add_epoch(epoch_end(0, loss=1.0))
    assert len(curves["loss"].batches) == 1


def test_that_events_of_another_run_are_dropped():
    curves = RunCurves(started())
    curves.add_batch(batch(0, 0, run_id=2, loss=1.0))
    curves.add_epoch(epoch_end(0, run_id=2, loss=1.0))
    assert len(curves["loss"].batches) == 0
    assert curves.version == 0


def test_that_the_least_loss_and_the_greatest_accuracy_are_the_best():
    curves = RunCurves(started())
    for epoch, (loss, accuracy) in enumerate([(0.9, 0.5), (0.4, 0.8), (0.6, 0.7)]):
        curves.add_epoch(epoch_end(epoch, val_loss=loss, val_accuracy=accuracy))
    assert (curves["loss"].best.index, curves["loss"].best.value) == (1, 0.4)
    assert (curves["accuracy"].best.index, curves["accuracy"].best.value) == (1, 0.8)


def test_that_a_validation_value_that_is_not_finite_is_never_the_best():
    curves = RunCurves(started())
    curves.add_epoch(epoch_end(0, val_loss=math.nan))
    assert curves["loss"].best is None
    curves.add_epoch(epoch_end(1, val_loss=0.5))
    curves.add_epoch(epoch_end(2, val_loss=-math.inf))
    assert curves["loss"].best.value == 0.5


def test_that_the_raw_line_is_free_of_the_steps_of_keras_running_mean():
    started = RunStarted(
        run_id=1,
        num_epochs=2,
        num_batches=4,
        metric_names=("loss", "auc"),
        has_validation=False,
        seed=0,
        revision_file="",
    )
    curves = RunCurves(started)
    losses = np.array([8.0, 6.0, 4.0, 2.0, 1.0, 1.0, 1.0, 1.0])
    for epoch in range(2):
        for batch in (0, 1, 3):
            mean = float(losses[4 * epoch : 4 * epoch + batch + 1].mean())
            curves.add_batch(
                BatchEnded(run_id=1, epoch=epoch, batch=batch, metrics={"loss": mean, "auc": mean}, revision=1)
            )
    np.testing.assert_allclose(curves["loss"].batches.raw.y, [8, 6, 3, 1, 1, 1])
    np.testing.assert_allclose(curves["auc"].batches.raw.y, [8, 7, 5, 1, 1, 1])
    assert curves["loss"].train_value == 1.0


def test_that_without_validation_the_best_epoch_is_that_of_the_training():
    curves = RunCurves(started(has_validation=False))
    for epoch, loss in enumerate([0.9, 0.4, 0.6]):
        curves.add_epoch(epoch_end(epoch, loss=loss))
    assert curves["loss"].best.index == 1


def test_that_a_metric_that_does_not_come_leaves_a_gap():
    curves = RunCurves(started())
    curves.add_batch(batch(0, 0, loss=1.0, accuracy=0.5))
    curves.add_batch(batch(0, 1, loss=1.0))
    curves.add_batch(batch(0, 2, loss=1.0, accuracy=0.5))
    assert np.isnan(curves["accuracy"].batches.raw.y).tolist() == [False, True, False]
    assert curves["accuracy"].train_value == 0.5


def test_that_time_never_falls():
    curves = RunCurves(started())
    for number, seconds in enumerate([0.5, 0.4, 0.9]):
        curves.add_batch(batch(0, number, loss=1.0, seconds=seconds))
    assert curves.batches.along(XAxis.TIME).tolist() == [0.5, 0.5, 0.9]
    assert curves.end(XAxis.TIME) == 0.9


def test_that_marks_stand_where_they_happened():
    curves = RunCurves(started())
    curves.add_mark(mark("learning-rate", 1, 2, "lr 1e-4"))
    curves.add_mark(mark("nan", 1, run_id=2))
    assert [(each.epochs, each.batches, each.text) for each in curves.marks] == [(1.5, 6.0, "lr 1e-4")]


def test_that_marks_at_one_place_share_a_label_and_the_gravest_comes_first():
    curves = RunCurves(started())
    for each in (mark("paused", 0, 2), mark("resumed", 0, 2), mark("checkpoint", 1), mark("nan", 2, text="NaN loss")):
        curves.add_mark(each)
    found = labels(curves.marks, XAxis.EPOCHS)
    assert [label.text for label in found] == ["NaN loss", "paused", "checkpoint"]
    assert found[0].is_trouble


def test_that_phases_reach_from_mark_to_mark():
    curves = RunCurves(started())
    curves.add_mark(mark("phase", 1))
    curves.add_mark(mark("paused", 1, 2))
    curves.add_mark(mark("phase", 2))
    found = phases(curves.marks, XAxis.BATCHES)
    assert [(phase.start, phase.end) for phase in found] == [(4.0, 8.0), (8.0, None)]


def test_that_the_crosshair_reads_every_line_of_every_run_that_reaches_it():
    shown = ShownRuns(filled(2), (filled(1, num_epochs=1),))
    found = readings(shown, "loss", PlotSettings(), 0.8)
    assert [(each.run_id, each.text) for each in found] == [
        (2, "train 4.000"),
        (2, "validation 3.000"),
        (1, "train 4.000"),
        (1, "validation 3.000"),
    ]
    assert {each.run_id for each in readings(shown, "loss", PlotSettings(), 1.9)} == {2}


def test_that_the_crosshair_steps_from_point_to_point():
    shown = ShownRuns(filled())
    assert snapped(shown, PlotSettings(), 0.6) == 0.5
    assert snapped(shown, PlotSettings(), 0.6, 1) == 0.75
    assert snapped(shown, PlotSettings(), 0.6, 1000) == 2.0
    by_epoch = PlotSettings(resolution=Resolution.EPOCH, x_axis=XAxis.TIME)
    assert snapped(shown, by_epoch, 0.6) == 4.0


def test_that_positions_are_read_in_the_words_of_their_axis():
    assert position_text(3.42, XAxis.EPOCHS) == "epoch 3.42"
    assert position_text(3.0, XAxis.EPOCHS) == "epoch 3"
    assert position_text(1204.0, XAxis.BATCHES) == "batch 1,204"
    assert position_text(4.25, XAxis.TIME) == "4.2 s"
    assert position_text(130.0, XAxis.TIME) == "2:10"
