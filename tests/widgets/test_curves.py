from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from editor.processes.run_messages import BatchEnded, EpochEnded, RunStarted
from widgets.training.axis_steps import roomy_range, round_step, tick_text, tick_values, value_range, value_text
from widgets.training.curves import MetricCurves, PointBuffer, RunCurves, Smoother
from widgets.training.nearest import nearest_point

finite = st.floats(allow_nan=False, allow_infinity=False, width=32)


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


def batch(epoch: int, number: int, run_id: int = 1, **metrics: float) -> BatchEnded:
    return BatchEnded(run_id=run_id, epoch=epoch, batch=number, metrics=metrics, revision=1)


def epoch_end(epoch: int, run_id: int = 1, **metrics: float) -> EpochEnded:
    return EpochEnded(run_id=run_id, epoch=epoch, metrics=metrics)


@given(st.lists(finite, max_size=2000))
def test_that_a_buffer_gives_back_what_was_appended(values):
    buffer = PointBuffer()
    for position, value in enumerate(values):
        buffer.append(position, value)
    assert len(buffer) == len(values)
    assert buffer.x.tolist() == list(range(len(values)))
    assert buffer.y.tolist() == values


@given(st.lists(st.floats(), min_size=1, max_size=50))
def test_that_a_buffer_holds_nan_where_a_value_is_not_finite(values):
    buffer = PointBuffer()
    for position, value in enumerate(values):
        buffer.append(position, value)
    assert np.isnan(buffer.y).tolist() == [not math.isfinite(value) for value in values]


def test_that_a_view_of_a_buffer_stays_when_more_points_come():
    buffer = PointBuffer()
    buffer.append(0, 1.0)
    before = buffer.y
    for position in range(1, 1000):
        buffer.append(position, 2.0)
    assert before.tolist() == [1.0]


@given(st.floats(min_value=-1e6, max_value=1e6), st.integers(min_value=1, max_value=50))
def test_that_smoothing_leaves_a_constant_as_it_is(value, times):
    smoother = Smoother()
    for _ in range(times):
        assert smoother.add(value) == pytest.approx(value)


@given(st.lists(finite, min_size=1, max_size=100))
def test_that_a_smoothed_value_lies_between_the_values(values):
    smoother = Smoother()
    smooth = [smoother.add(value) for value in values][-1]
    margin = 1e-6 * max(1.0, *(abs(value) for value in values))
    assert min(values) - margin <= smooth <= max(values) + margin


def test_that_smoothing_goes_on_after_a_value_that_is_not_finite():
    smoother = Smoother()
    smoother.add(1.0)
    assert math.isnan(smoother.add(math.inf))
    assert smoother.add(1.0) == pytest.approx(1.0)


def test_that_a_batch_stands_at_the_share_of_the_epoch_that_is_done():
    curves = RunCurves(started())
    curves.add_batch(batch(0, 0, loss=1.0, accuracy=0.1))
    curves.add_batch(batch(1, 1, loss=0.5, accuracy=0.2))
    assert curves["loss"].raw.x.tolist() == [0.25, 1.5]
    assert curves["accuracy"].raw.y.tolist() == [0.1, 0.2]


def test_that_an_epochs_end_brings_both_lines_to_the_epoch():
    curves = RunCurves(started())
    curves.add_batch(batch(0, 1, loss=1.0))
    curves.add_epoch(epoch_end(0, loss=0.9, val_loss=0.8))
    assert curves["loss"].raw.x.tolist() == [0.5, 1.0]
    assert curves["loss"].validation.x.tolist() == [1.0]
    assert (curves["loss"].train_value, curves["loss"].validation_value) == (0.9, 0.8)


def test_that_the_last_batch_and_the_epochs_end_are_one_point():
    curves = RunCurves(started())
    curves.add_batch(batch(0, 3, loss=1.0))
    curves.add_epoch(epoch_end(0, loss=1.0))
    assert len(curves["loss"].raw) == 1


def test_that_events_of_another_run_are_dropped():
    curves = RunCurves(started())
    curves.add_batch(batch(0, 0, run_id=2, loss=1.0))
    curves.add_epoch(epoch_end(0, run_id=2, loss=1.0))
    assert len(curves["loss"].raw) == 0
    assert curves.version == 0


def test_that_the_least_loss_and_the_greatest_accuracy_are_the_best():
    curves = RunCurves(started())
    for epoch, (loss, accuracy) in enumerate([(0.9, 0.5), (0.4, 0.8), (0.6, 0.7)]):
        curves.add_epoch(epoch_end(epoch, val_loss=loss, val_accuracy=accuracy))
    assert (curves["loss"].best.x, curves["loss"].best.y) == (2.0, 0.4)
    assert (curves["accuracy"].best.x, curves["accuracy"].best.y) == (2.0, 0.8)


def test_that_a_validation_value_that_is_not_finite_is_never_the_best():
    curves = RunCurves(started())
    curves.add_epoch(epoch_end(0, val_loss=math.nan))
    assert curves["loss"].best is None
    curves.add_epoch(epoch_end(1, val_loss=0.5))
    curves.add_epoch(epoch_end(2, val_loss=-math.inf))
    assert curves["loss"].best.y == 0.5


def test_that_the_nearest_point_is_found_on_the_nearer_line():
    curves = MetricCurves("loss")
    for position in range(1, 101):
        curves.add_training(position / 10, 1.0)
    curves.add_validation(5.0, 2.0)
    near = {"units_per_pixel": (0.1, 0.01)}
    train = nearest_point(curves, 3.02, 1.05, **near)
    assert (train.x, train.is_validation) == (3.0, False)
    assert train.text == "epoch 3 · train 1.000"
    validation = nearest_point(curves, 5.1, 1.9, **near)
    assert (validation.x, validation.is_validation) == (5.0, True)
    assert nearest_point(curves, 5.0, 30.0, **near) is None


def test_that_no_point_is_near_where_there_are_none():
    assert nearest_point(MetricCurves("loss"), 1.0, 1.0, units_per_pixel=(0.1, 0.1)) is None


def test_that_the_value_axis_holds_all_that_is_finite():
    curves = MetricCurves("loss")
    for position, value in enumerate([1.0, math.nan, 0.2, math.inf], start=1):
        curves.add_training(position, value)
    low, high = value_range(curves)
    assert low <= 0.0
    assert 1.0 <= high < 1.2


@given(finite, finite)
def test_that_a_range_is_never_empty(first, second):
    low, high = sorted((first, second))
    bottom, top = roomy_range(low, high)
    assert bottom < top
    assert bottom <= low
    assert high <= top


def test_that_a_range_is_not_empty_for_one_value_and_for_zero():
    assert roomy_range(0.0, 0.0) == (-0.5, 0.5)
    assert roomy_range(5.0, 5.0) == (4.5, 5.5)


@given(st.floats(min_value=1e-6, max_value=1e6), st.integers(min_value=1, max_value=10))
def test_that_ticks_are_few_and_inside_the_range(span, num_steps):
    step = round_step(span, num_steps)
    ticks = tick_values(0.0, span, step)
    assert 1 <= len(ticks) <= num_steps + 2
    assert all(0 <= tick <= span * 1.0001 for tick in ticks)


def test_that_epochs_have_whole_ticks():
    assert tick_values(0, 12.18, round_step(12.18, 6, is_whole=True)) == [0, 2, 4, 6, 8, 10, 12]


def test_that_ticks_have_as_many_decimals_as_their_step():
    assert [tick_text(value, 0.25) for value in (0.0, 0.25, 1.0)] == ["0", "0.25", "1.00"]
    assert tick_text(2000.0, 500.0) == "2,000"
    assert tick_text(3e-7, 1e-7) == "3e-07"


def test_that_values_are_read_with_three_digits():
    assert [value_text(value) for value in (0.0581, 0.0, 0.00012, 123456.0, math.nan)] == [
        "0.058",
        "0.000",
        "0.00012",
        "1.23e+05",
        "not a number",
    ]


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
    np.testing.assert_allclose(curves["loss"].raw.y, [8, 6, 3, 1, 1, 1])
    np.testing.assert_allclose(curves["auc"].raw.y, [8, 7, 5, 1, 1, 1])
    assert curves["loss"].train_value == 1.0
