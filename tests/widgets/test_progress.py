from __future__ import annotations

import pytest
from msgspec.structs import replace
from PySide6.QtWidgets import QLabel, QProgressBar

from editor.errors import Problem
from editor.processes.run_messages import BatchEnded, EpochEnded, RunEnded, RunPreparing, RunStarted
from editor.training.settings import Proof
from widgets.training.progress import RunProgress
from widgets.training.run_state import RunState
from widgets.training.time_left import TimeLeft, batch_time_text, clock_text

# The offscreen platform has no window manager to tell its wishes to.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")

START = RunStarted(
    run_id=4, num_epochs=12, num_batches=92, metric_names=("loss",), has_validation=True, seed=0, revision_file=""
)
KEPT = Proof(frozen_unchanged=26, frozen_total=26, changed_layers=("head",))


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def progress(qtbot, clock):
    widget = RunProgress(clock=clock)
    qtbot.addWidget(widget)
    widget.resize(1200, 24)
    widget.show()
    return widget


def batch(epoch: int, number: int, run_id: int = 4) -> BatchEnded:
    return BatchEnded(run_id=run_id, epoch=epoch, batch=number, metrics={}, revision=1)


def text(widget: RunProgress) -> str:
    return widget.findChild(QLabel, "runProgressText").text()


def proof_text(widget: RunProgress) -> str:
    return widget.findChild(QLabel, "proofText").text()


def ended(outcome: str, **fields: object) -> RunEnded:
    return RunEnded(run_id=4, outcome=outcome, revision=1, **fields)


# -- time left ----------------------------------------------------------------------------------------------


def test_that_the_time_of_the_first_batch_is_not_taken_for_a_batchs_time(clock):
    left = TimeLeft(clock, num_epochs=1, num_batches=10)
    clock.now += 30
    left.batch_ended(0, 0)
    assert left.seconds_left is None
    clock.now += 1
    left.batch_ended(0, 1)
    assert left.seconds_per_batch == pytest.approx(1.0)
    assert left.seconds_left == pytest.approx(8.0)


def test_that_batches_between_two_events_are_counted(clock):
    left = TimeLeft(clock, num_epochs=2, num_batches=100)
    left.batch_ended(0, 0)
    clock.now += 5
    left.batch_ended(0, 10)
    assert left.seconds_per_batch == pytest.approx(0.5)
    assert left.seconds_left == pytest.approx(189 * 0.5)


def test_that_the_end_of_each_epoch_is_expected_to_take_its_time_again(clock):
    left = TimeLeft(clock, num_epochs=3, num_batches=2)
    left.batch_ended(0, 0)
    clock.now += 1
    left.batch_ended(0, 1)
    clock.now += 4
    left.epoch_ended(0)
    assert left.seconds_left == pytest.approx(4 * 1.0 + 2 * 4.0)


def test_that_time_counts_down_between_events_and_never_below_zero(clock):
    left = TimeLeft(clock, num_epochs=1, num_batches=3)
    left.batch_ended(0, 0)
    clock.now += 10
    left.batch_ended(0, 1)
    clock.now += 4
    assert left.seconds_left == pytest.approx(6.0)
    clock.now += 100
    assert left.seconds_left == 0.0


def test_that_an_event_that_repeats_a_batch_changes_nothing(clock):
    left = TimeLeft(clock, num_epochs=1, num_batches=3)
    left.batch_ended(0, 1)
    left.batch_ended(0, 1)
    left.batch_ended(0, 0)
    assert left.seconds_per_batch is None


@pytest.mark.parametrize(
    ("seconds", "expected"), [(0, "0:00"), (48.2, "0:48"), (59.7, "1:00"), (725, "12:05"), (3723, "1:02:03")]
)
def test_that_durations_read_like_a_clock(seconds, expected):
    assert clock_text(seconds) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.31, "0.31 s per batch"),
        (0.012, "12 ms per batch"),
        (0.0001, "under 1 ms per batch"),
        (12.4, "12 s per batch"),
    ],
)
def test_that_a_batchs_time_has_a_fitting_unit(seconds, expected):
    assert batch_time_text(seconds) == expected


# -- the widget ---------------------------------------------------------------------------------------------


def test_that_nothing_is_shown_before_a_run(progress):
    assert text(progress) == ""
    assert not progress.findChild(QProgressBar).isVisible()


def test_that_the_line_says_where_the_run_is_and_how_long_it_will_take(progress, clock):
    progress.begin(START)
    progress.add_batch(batch(10, 50))
    clock.now += 3.1
    progress.add_batch(batch(10, 60))
    assert text(progress) == "Epoch 11 of 12 · batch 61 of 92 · 0:38 left · 0.31 s per batch"
    bar = progress.findChild(QProgressBar)
    assert bar.isVisible()
    assert (bar.value(), bar.maximum()) == (10 * 92 + 61, 12 * 92)


def test_that_events_of_another_run_are_dropped(progress):
    progress.begin(START)
    before = text(progress)
    progress.add_batch(batch(3, 3, run_id=9))
    progress.add_epoch(EpochEnded(run_id=9, epoch=3, metrics={}))
    progress.end(RunEnded(run_id=9, outcome="finished", revision=1))
    assert text(progress) == before
    assert progress.findChild(QProgressBar).value() == 0


def test_that_the_last_epochs_end_says_what_comes_then(progress):
    progress.begin(START)
    progress.add_epoch(EpochEnded(run_id=4, epoch=11, metrics={}))
    assert text(progress) == "Epoch 12 of 12 done · comparing the weights"


def test_that_a_finished_run_says_so_and_shows_its_proof(progress, clock):
    progress.begin(START)
    progress.add_epoch(EpochEnded(run_id=4, epoch=11, metrics={}))
    clock.now += 65
    progress.end(ended("finished", proof=KEPT))
    assert text(progress) == "Finished: 12 epochs in 1:05"
    assert proof_text(progress) == "✓ 26 of 26 frozen weights unchanged"
    assert progress.findChild(QLabel, "proofText").property("tone") == "success"
    assert not progress.findChild(QProgressBar).isVisible()


def test_that_what_the_test_part_gave_stays_with_how_the_run_ended(progress, clock):
    for ending, words in ((ended("finished"), "Finished: 0 epochs in 0:05"), (ended("stopped"), "Stopped after 0:05;")):
        progress.begin(START)
        clock.now += 5
        progress.end(replace(ending, test_metrics={"accuracy": 0.97619, "loss": 0.1681}))
        assert text(progress).startswith(words)
        assert text(progress).endswith(" · Test: accuracy 0.9762, loss 0.1681")


def test_that_a_stopped_run_says_that_the_weights_are_kept(progress):
    progress.begin(START)
    progress.end(ended("stopped", proof=KEPT, test_metrics={"loss": 0.123456, "accuracy": 0.95}))
    assert text(progress) == "Stopped after 0:00; the weights are kept · Test: loss 0.1235, accuracy 0.95"


def test_that_a_failed_run_says_why_and_shows_no_proof(progress):
    progress.begin(START)
    progress.end(ended("failed", problem=Problem("The machine has no memory left.")))
    assert text(progress) == "Failed: The machine has no memory left."
    assert proof_text(progress) == ""


def test_that_a_weight_that_moved_against_the_rules_is_named(progress):
    progress.show_proof(Proof(frozen_unchanged=25, frozen_total=26, violations=("base/conv:kernel",)))
    label = progress.findChild(QLabel, "proofText")
    assert label.text() == "⚠ 1 weight moved that should have stood still"
    assert "base/conv:kernel" in label.toolTip()
    assert label.property("tone") == "error"


def test_that_a_new_run_takes_the_old_proof_away(progress):
    progress.show_proof(KEPT)
    progress.begin(START)
    assert proof_text(progress) == ""


def test_that_a_run_without_frozen_weights_claims_nothing(progress):
    progress.show_proof(Proof(frozen_unchanged=0, frozen_total=0))
    assert proof_text(progress) == "No weight was frozen"


def test_that_clearing_shows_nothing(progress):
    progress.begin(START)
    progress.show_proof(KEPT)
    progress.clear()
    assert (text(progress), proof_text(progress)) == ("", "")


# -- paused -------------------------------------------------------------------------------------------------


def test_that_paused_time_is_no_part_of_the_run(clock):
    left = TimeLeft(clock, num_epochs=1, num_batches=10)
    left.batch_ended(0, 0)
    clock.now += 1
    left.batch_ended(0, 1)
    left.hold()
    clock.now += 1000
    assert (left.elapsed, left.seconds_left) == (pytest.approx(1.0), pytest.approx(8.0))
    left.go_on()
    clock.now += 1
    left.batch_ended(0, 2)
    assert left.seconds_per_batch == pytest.approx(1.0)
    assert left.elapsed == pytest.approx(2.0)


def test_that_what_was_asked_for_is_said_before_the_place(progress):
    progress.begin(START)
    progress.show_state(RunState.RUNNING)
    progress.add_batch(batch(0, 0))
    progress.show_state(RunState.PAUSING)
    assert text(progress) == "Pausing… · Epoch 1 of 12 · batch 1 of 92"
    progress.show_state(RunState.PAUSED)
    assert text(progress) == "Paused · Epoch 1 of 12 · batch 1 of 92"
    progress.show_state(RunState.STOPPING)
    assert text(progress).startswith("Stopping…")


def test_that_the_device_is_said(progress, clock):
    progress.begin(replace(START, device="CPU"))
    progress.add_batch(batch(0, 0))
    clock.now += 0.31
    progress.add_batch(batch(0, 1))
    assert text(progress).endswith(" left · CPU · 0.31 s per batch")


def test_that_a_cancelled_run_says_that_nothing_is_left_of_it(progress, clock):
    progress.begin(START)
    clock.now += 3
    progress.end(ended("cancelled"))
    assert text(progress) == "Cancelled after 0:03; the weights are as they were before"


def test_that_the_reading_of_data_is_counted(progress):
    progress.show_state(RunState.STARTING)
    progress.show_preparing(RunPreparing(run_id=4, doing="Reading images", done=1200, total=5000))
    assert text(progress) == "Reading images · 1,200 of 5,000"
    progress.show_state(RunState.CANCELLING)
    assert text(progress) == "Restoring the weights from before…"
    progress.show_state(RunState.CANCELLED)
    assert text(progress) == "Cancelled, weights restored"


def test_that_a_run_that_fails_before_its_first_batch_is_not_starting_for_ever(progress):
    progress.show_state(RunState.STARTING)
    assert text(progress) == "Starting…"
    progress.end(ended("failed"))
    progress.show_state(RunState.FAILED)
    assert text(progress) == "Failed: see the log"
