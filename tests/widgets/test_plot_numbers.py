from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from widgets.training.axis_steps import (
    log_tick_text,
    log_tick_values,
    round_step,
    tick_text,
    tick_values,
    time_step,
    time_text,
    value_text,
)
from widgets.training.free_spot import FreeSpots
from widgets.training.peaks import Peaks
from widgets.training.plot_settings import XAxis
from widgets.training.point_buffer import PointBuffer
from widgets.training.smoothing import Smoother, SmoothLine
from widgets.training.value_range import roomy_range, shown_end, value_range

finite = st.floats(allow_nan=False, allow_infinity=False, width=32)


def buffer_of(values: object) -> PointBuffer:
    buffer = PointBuffer()
    for value in values:
        buffer.add(value)
    return buffer


@given(st.lists(finite, max_size=2000))
def test_that_a_buffer_gives_back_what_was_added(values):
    assert buffer_of(values).y.tolist() == values


@given(st.lists(st.floats(), min_size=1, max_size=50))
def test_that_a_buffer_holds_nan_where_a_value_is_not_finite(values):
    assert np.isnan(buffer_of(values).y).tolist() == [not math.isfinite(value) for value in values]


def test_that_a_view_of_a_buffer_stays_when_more_points_come():
    buffer = buffer_of([1.0])
    before = buffer.y
    for _ in range(1000):
        buffer.add(2.0)
    assert before.tolist() == [1.0]


# -- smoothing --------------------------------------------------------------------------------------------------


def by_the_formula(values: list[float], smoothing: float) -> list[float]:
    """The debiased exponential mean, one value after the other."""
    average = weight = 0.0
    found = []
    for value in values:
        if not math.isfinite(value):
            found.append(math.nan)
            continue
        average = smoothing * average + (1 - smoothing) * value
        weight = smoothing * weight + (1 - smoothing)
        found.append(average / weight)
    return found


@pytest.mark.parametrize("smoothing", [0.0, 0.3, 0.6, 0.9, 0.99, 0.999])
def test_that_smoothing_in_pieces_is_the_debiased_exponential_mean(smoothing):
    values = np.random.default_rng(1).normal(size=5000)
    values[[0, 77, 78, 4000]] = math.nan
    smoother = Smoother(smoothing)
    pieces = [smoother.extend(piece) for piece in np.split(values, [1, 2, 50, 51, 3000])]
    expected = by_the_formula(values.tolist(), smoothing)
    np.testing.assert_allclose(np.concatenate(pieces), expected, rtol=1e-9, atol=1e-12)


@given(st.lists(finite, min_size=1, max_size=100), st.floats(min_value=0.0, max_value=0.999))
def test_that_a_smoothed_value_lies_between_the_values(values, smoothing):
    smooth = Smoother(smoothing).extend(np.array(values))
    margin = 1e-6 * max(1.0, *(abs(value) for value in values))
    assert min(values) - margin <= smooth.min()
    assert smooth.max() <= max(values) + margin


def test_that_other_smoothing_starts_the_line_anew():
    source = buffer_of([1.0, 2.0, 4.0])
    line = SmoothLine(source)
    assert line.values(0.0) is source
    before = line.values(0.5).y.tolist()
    assert line.values(0.9).y.tolist() != before
    source.add(8.0)
    assert line.values(0.5).y.tolist()[:3] == before
    assert len(line.values(0.5)) == 4


# -- few points for many ----------------------------------------------------------------------------------------


def test_that_few_points_are_drawn_as_they_are():
    x, y = Peaks(buffer_of(range(100))).sampled(np.arange(100.0), 10, 60, 200)
    assert x.tolist() == y.tolist() == list(range(10, 60))


@given(
    st.integers(min_value=1000, max_value=6000),
    st.integers(min_value=5, max_value=60),
    st.integers(min_value=0, max_value=900),
)
def test_that_of_many_points_few_are_drawn_and_no_peak_is_lost(num_points, num_pixels, first):
    values = np.random.default_rng(num_points).normal(size=num_points)
    values[num_points // 2] = math.nan
    x, y = Peaks(buffer_of(values)).sampled(np.arange(float(num_points)), first, num_points, num_pixels)
    assert len(x) == len(y) <= max(4 * num_pixels, 3 * num_pixels + (num_points - first) * 2 / num_pixels)
    assert (np.diff(x) >= 0).all()
    assert y[-1] == values[-1] or len(values) % 2 == 0
    assert np.nanmin(y) <= np.nanmin(values[first:])
    assert np.nanmax(y) >= np.nanmax(values[first:])


def test_that_peaks_follow_points_that_come_later():
    buffer = buffer_of(np.zeros(5000))
    peaks = Peaks(buffer)
    peaks.sampled(np.arange(5000.0), 0, 5000, 10)
    for number in range(4000):
        buffer.add(7.0 if number == 3000 else 0.0)
    x, y = peaks.sampled(np.arange(9000.0), 0, 9000, 10)
    assert y.max() == 7.0
    assert abs(x[y.argmax()] - 8000) <= 1024


# -- axes -------------------------------------------------------------------------------------------------------


def test_that_the_value_axis_holds_all_that_is_finite():
    low, high = value_range([np.array([1.0, math.nan, 0.2]), np.array([math.inf])])
    assert low <= 0.0
    assert 1.0 <= high < 1.2


def test_that_the_value_axis_may_leave_out_what_is_far_from_all_the_rest():
    values = np.append(np.linspace(2.3, 0.1, 200), 900.0)
    assert value_range([values])[1] > 900
    assert 2.3 <= value_range([values], ignores_outliers=True)[1] < 2.5


def test_that_the_beginning_of_a_falling_loss_is_no_outlier():
    values = 2.3 * np.exp(-np.linspace(0, 4, 300))
    assert value_range([values], ignores_outliers=True) == value_range([values])


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


def test_that_a_long_run_is_shown_as_far_as_it_has_come():
    assert shown_end(3, 500, XAxis.EPOCHS, 10) == pytest.approx(20.3)
    assert shown_end(25, 500, XAxis.EPOCHS, 10) == pytest.approx(40.6)
    assert shown_end(250, 5000, XAxis.BATCHES, 10) == pytest.approx(406)
    assert shown_end(61, 61, XAxis.TIME, 10) == pytest.approx(70 * 1.015)


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


def test_that_a_logarithmic_axis_has_few_ticks_that_people_count_in():
    def texts(low: float, high: float) -> list[str]:
        return [log_tick_text(tick) for tick in log_tick_values(low, high, 5)]

    assert texts(-3.0, 0.4) == ["0.001", "0.01", "0.1", "1"]
    assert texts(-1.1, 0.5) == ["0.1", "0.2", "0.5", "1", "2"]
    assert texts(math.log10(2), math.log10(3)) == ["2", "2.2", "2.4", "2.6", "2.8", "3"]
    assert len(log_tick_values(-12.0, 3.0, 5)) <= 6


@given(st.floats(min_value=-30, max_value=30), st.floats(min_value=0.001, max_value=40))
def test_that_logarithmic_ticks_are_inside_the_range(low, span):
    ticks = log_tick_values(low, low + span, 5)
    assert len(ticks) <= 9
    assert all(low - 1e-6 <= tick <= low + span + 1e-6 for tick in ticks)


def test_that_time_is_counted_in_the_steps_of_a_clock():
    ticks = tick_values(0, 120, time_step(120, 5))
    assert [time_text(tick, 30.0) for tick in ticks] == ["0:00", "0:30", "1:00", "1:30", "2:00"]
    assert time_step(7200, 6) == 1800
    assert time_text(0.5, 0.5) == "0.5 s"
    assert time_step(40 * 86_400.0, 6) == 7 * 86_400


# -- the label of the best point ----------------------------------------------------------------------------------


def test_that_a_label_stands_beside_its_point_and_on_no_line():
    spots = FreeSpots(400, 160)
    x = np.linspace(0, 400, 300)
    y = 80 + 40 * np.sin(x / 20)
    spots.add_line(x, y)
    at = spots.nearest((60, 14), (200, 80))
    assert at is not None
    under = (x >= at[0]) & (x <= at[0] + 60)
    assert not ((y[under] >= at[1]) & (y[under] <= at[1] + 14)).any()


def test_that_there_is_no_spot_where_all_is_full():
    spots = FreeSpots(100, 40)
    for row in range(0, 40, 4):
        spots.add_line(np.array([0.0, 100.0]), np.array([row + 1.0, row + 1.0]))
    assert spots.nearest((30, 12), (50, 20)) is None


def test_that_a_label_larger_than_the_plot_has_no_spot():
    assert FreeSpots(40, 20).nearest((60, 14), (20, 10)) is None


def test_that_a_label_stays_while_its_spot_is_free():
    spots = FreeSpots(400, 160)
    before = spots.nearest((60, 14), (200, 80))
    assert spots.nearest((60, 14), (205, 82), before) == before
