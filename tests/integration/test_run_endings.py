"""Runs that are paused, changed and ended in each way, through the real window and with a real engine."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QLineEdit

from editor.runs.history import history_root, read_run, run_folders
from tests.integration import plain_keras
from tests.integration.driver import Driver
from tests.integration.files import DEMO
from widgets.training.run_entry import RunEntry
from widgets.training.run_state import RunState


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A copy of the demo model, which may be saved over."""
    return Path(shutil.copy(DEMO, tmp_path / "model.keras"))


def entry(driver: Driver) -> RunEntry:
    """The newest run in the list."""
    return driver.window.runs.runs.entries[0]


def pause(driver: Driver) -> None:
    driver.wait(lambda: driver.run_state is RunState.RUNNING)
    driver.click("pauseButton")
    assert driver.run_state is RunState.PAUSING
    driver.wait(lambda: driver.run_state is RunState.PAUSED)


def wait_for_end(driver: Driver) -> None:
    driver.wait(lambda: not driver.app.runs.is_active)


def said(driver: Driver) -> list[str]:
    return [label.text() for label in driver.window.training.findChildren(QLabel) if label.isVisible()]


def test_that_a_cancelled_run_leaves_only_a_line_and_others_can_be_gone_back_to(driver: Driver, model: Path):
    driver.open(model)
    driver.choose_digits()
    for is_held in (False, True):
        driver.start_long_run()
        driver.wait(driver.window.isWindowModified)
        if is_held:
            pause(driver)
        driver.click("cancelButton")
        assert driver.run_state is RunState.CANCELLING
        wait_for_end(driver)
        assert driver.run_state is RunState.CANCELLED
        assert driver.document.stack.count() == 0
        assert not driver.window.isWindowModified()
        assert entry(driver).outcome_text == "cancelled"
    assert not driver.window.actions_["pause"].isEnabled()
    assert driver.window.progress.proof is None

    driver.type_into("epochs", "1")
    for _ in range(2):
        driver.train()
    second, first = driver.window.runs.runs.entries[:2]
    assert [run.name for run in runs_in_use(driver)] == ["run 4"]
    assert progress_text(driver).startswith("Finished")
    driver.app.past_runs.go_to_before(first)
    driver.wait(lambda: driver.document.stack.count() == 3)
    assert progress_text(driver) == "The weights are those from before run 3"
    assert driver.run_state is RunState.IDLE
    assert not shown_as_moved(driver) and not driver.proof_text and not runs_in_use(driver)
    driver.app.past_runs.go_to_after(first)
    driver.wait(lambda: driver.document.stack.count() == 4)
    assert progress_text(driver) == "The weights are those from after run 3"
    assert runs_in_use(driver) == [first]
    assert driver.window.progress.proof == first.proof
    assert shown_as_moved(driver)
    driver.undo()
    assert progress_text(driver) == "The weights are those from before run 3"
    assert driver.document.stack.undoText() == "Go back to before run 3"
    driver.save()
    assert plain_keras.weights(model) == plain_keras.weights(DEMO)
    driver.undo()
    assert driver.document.weights_file == second.after
    assert runs_in_use(driver) == [second]
    assert second.outcome_text == "finished"

    before = driver.document.weights_file
    driver.click("startButton")
    driver.wait(lambda: driver.run_state is RunState.RUNNING)
    wait_for_record_of_the_end(model)  # The window's thread stands still here: it has not heard of the end yet.
    driver.app.runs.cancel()
    driver.wait(lambda: entry(driver).outcome_text == "undone")
    assert driver.document.weights_file == before


def wait_for_record_of_the_end(model: Path) -> None:
    deadline = time.monotonic() + 60
    newest = run_folders(history_root(), str(model))[0]
    while read_run(newest).end is None:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_that_a_run_is_paused_changed_resumed_and_stopped_and_the_next_closed(driver: Driver, model: Path):
    driver.open(model)
    driver.click_tick("backbone")
    driver.choose_digits()
    driver.start_long_run()
    driver.trigger("pause")
    driver.wait(lambda: driver.run_state is RunState.PAUSED)
    assert "Paused" in driver.window.findChild(QLabel, "runProgressText").text()
    assert driver.window.actions_["pause"].text() == "Resume"

    driver.type_into("learning_rate", "0.0001")
    field = driver.window.training.findChild(QLineEdit, "learning_rateField")
    assert isinstance(field, QLineEdit)
    driver.key_in(field, Qt.Key.Key_Return)
    driver.wait(lambda: any(text.startswith("In effect since") for text in said(driver)))

    driver.click_tick("backbone/conv_3")
    assert any("These changes apply to the next run" in text for text in said(driver))
    driver.click("applyFlagsButton")
    driver.click("pauseButton")
    driver.wait(lambda: "then" in entry(driver).frozen)
    assert not any("These changes apply" in text for text in said(driver))
    driver.wait(lambda: entry(driver).best is not None)

    pause(driver)
    driver.window.actions_["stop_best"].trigger()
    wait_for_end(driver)
    assert entry(driver).outcome_text == "stopped, best kept"
    assert entry(driver).best_sentence.startswith("Best val_loss ")
    assert driver.node("digit") in shown_as_moved(driver)
    assert driver.node("backbone/conv_1") not in shown_as_moved(driver)
    driver.undo()
    assert entry(driver).outcome_text == "undone"
    assert not shown_as_moved(driver)
    driver.app.past_runs.go_to_after(entry(driver))
    driver.wait(lambda: not driver.app.undo.is_busy)
    assert entry(driver).outcome_text == "stopped, best kept"

    driver.start_long_run()
    pause(driver)
    driver.save()
    assert driver.run_state is RunState.PAUSED
    driver.window.close()
    driver.answer("saveQuestion", "Discard")
    driver.wait_until_closed()
    driver.is_closed = True


def runs_in_use(driver: Driver) -> list[RunEntry]:
    return [run for run in driver.window.runs.runs.entries if run.is_in_use]


def progress_text(driver: Driver) -> str:
    return driver.window.progress.findChild(QLabel, "runProgressText").text()


def shown_as_moved(driver: Driver) -> set[object]:
    model = driver.window.layers.model
    return {node for node in driver.document.tree.walk() if model.moved(node)}


def test_that_a_run_that_is_paused_outlives_its_engine(driver: Driver, model: Path, tmp_path: Path):
    driver.app.runs.checkpoint_seconds = 0.1
    driver.open(model)
    driver.choose_digits()
    driver.start_long_run()
    before = driver.document.weights_file
    driver.wait(lambda: driver.document.weights_file != before)
    pause(driver)
    driver.kill_engine()
    assert driver.run_state is RunState.FAILED
    assert entry(driver).outcome_text == "failed"
    checkpoint = driver.document.weights_file
    driver.wait_for_engine()
    kept = tmp_path / "kept.keras"
    driver.save_as(kept)
    assert plain_keras.weights(kept) == plain_keras.weights_of_revision(checkpoint, DEMO)
