"""The engine is killed: the window stays, says so, keeps everything, and goes on with another engine."""

from __future__ import annotations

import shutil
from pathlib import Path

from PySide6.QtWidgets import QPushButton

from editor.layers.accounts import State
from tests.integration import plain_keras
from tests.integration.driver import Driver
from tests.integration.files import DEMO
from widgets.training.run_state import RunState


def test_that_a_run_goes_on_from_its_last_checkpoint_when_the_engine_is_killed(driver: Driver, tmp_path: Path):
    kept, undone = tmp_path / "kept.keras", tmp_path / "undone.keras"
    driver.app.runs.checkpoint_seconds = 0.2
    driver.open(DEMO)
    driver.click_tick("backbone")
    driver.choose_digits()
    driver.start_long_run()
    before = driver.document.weights_file
    driver.wait(lambda: driver.document.weights_file != before)
    driver.click_tick("digit")
    driver.kill_engine()
    assert driver.window.isVisible()
    assert "The engine has ended unexpectedly" in driver.notice
    assert driver.run_state is RunState.FAILED
    checkpoint = driver.document.weights_file

    driver.wait_for_engine()
    assert "with the newest weights that were kept" in driver.notice
    assert driver.is_frozen("backbone")
    assert driver.is_frozen("digit")
    assert driver.window.isWindowModified()
    driver.save_as(kept)
    assert plain_keras.weights(kept) == plain_keras.weights_of_revision(checkpoint, DEMO)
    assert plain_keras.weights(kept) != plain_keras.weights(DEMO)

    # The run that was lost is the newest step; below it are the edits.
    driver.undo()
    assert driver.is_frozen("digit")
    driver.undo()
    assert driver.state("digit") is State.TRAINABLE
    driver.save_as(undone)
    assert plain_keras.weights(undone) == plain_keras.weights(DEMO)


def test_that_a_finished_unsaved_run_outlives_the_engine(driver: Driver, tmp_path: Path):
    trained, restored = tmp_path / "trained.keras", tmp_path / "restored.keras"
    driver.open(DEMO)
    driver.choose_digits()
    driver.type_into("epochs", "1")
    driver.train()
    revision = driver.document.weights_file

    driver.kill_engine()
    driver.wait_for_engine()
    assert driver.window.isWindowModified()
    driver.save_as(trained)
    assert plain_keras.weights(trained) == plain_keras.weights_of_revision(revision, DEMO)
    assert not driver.window.isWindowModified()

    # Undo asked for while there is no engine: flags go back at once, weights as soon as one is there.
    driver.click_tick("backbone")
    driver.kill_engine()
    driver.undo()
    assert driver.state("backbone") is State.TRAINABLE
    driver.undo()
    driver.wait_for_engine()
    driver.save_as(restored)
    assert plain_keras.weights(restored) == plain_keras.weights(DEMO)
    driver.redo()
    driver.save()
    assert plain_keras.weights(restored) == plain_keras.weights(trained)

    # No step of training is made of a run that lost nothing.
    num_steps = driver.document.stack.count()
    driver.start_long_run()
    driver.kill_engine()
    driver.wait_for_engine()
    assert driver.document.stack.count() == num_steps
    assert not driver.window.isWindowModified()
    driver.save()
    assert plain_keras.weights(restored) == plain_keras.weights(trained)


def train_one_epoch(driver: Driver) -> None:
    """Makes the weights others than the file's, so that only an engine can save them."""
    driver.choose_digits()
    driver.type_into("epochs", "1")
    driver.train()


def test_that_a_save_which_the_engine_did_not_survive_is_said_and_nothing_is_marked_saved(
    driver: Driver, tmp_path: Path
):
    target = tmp_path / "saved.keras"
    driver.open(DEMO)
    driver.click_tick("backbone")
    train_one_epoch(driver)
    driver.trigger("save_as")
    driver.choose_file(target)
    assert driver.app.saver.is_busy
    driver.wait(lambda: any(tmp_path.glob(".saved.*")))
    driver.kill_engine()
    assert "before the file was saved" in driver.notice
    assert not list(tmp_path.glob("*.keras"))
    driver.wait_for_engine()
    assert "before the file was saved" in driver.notice
    assert driver.window.isWindowModified()
    driver.save_as(target)
    assert not driver.window.isWindowModified()


def test_that_an_engine_that_keeps_dying_is_given_up_until_it_is_asked_for(driver: Driver, tmp_path: Path):
    driver.open(DEMO)
    driver.click_tick("backbone")
    for _ in range(4):
        driver.kill_engine()
    driver.wait(lambda: "several times in a row" in driver.notice)
    assert driver.app.link.pid is None
    assert driver.window.status.text() == "No engine"
    assert driver.window.training.start_obstacle()

    action = driver.window.notices.findChild(QPushButton, "noticeAction")
    assert action.text().replace("&", "") == "Start Again"
    driver.click("noticeAction")
    driver.wait_for_engine()
    driver.save_as(tmp_path / "saved.keras")
    assert driver.is_frozen("backbone")
    train_one_epoch(driver)

    # Whoever closed that notice is not left without an engine: what needs one starts it.
    for _ in range(4):
        driver.kill_engine()
    driver.wait(lambda: driver.app.link.pid is None)
    driver.save()
    assert "before the file was saved" in driver.notice
    driver.wait_for_engine()
    driver.save()
    assert "Saved saved.keras" in driver.notice


def test_that_a_file_that_changed_meanwhile_is_not_taken_for_the_model(driver: Driver, tmp_path: Path):
    model, aside = tmp_path / "model.keras", tmp_path / "aside.keras"
    shutil.copy2(DEMO, model)
    driver.open(model)
    driver.click_tick("backbone")
    model.rename(aside)
    shutil.copy(DEMO, model)
    driver.kill_engine()
    driver.wait(lambda: "was changed by another program" in driver.notice)
    assert driver.is_frozen("backbone")
    assert driver.window.training.start_obstacle()

    model.unlink()
    driver.wait(lambda: driver.app.link.is_ready)
    driver.click("noticeAction")
    driver.wait(lambda: "is no longer there" in driver.notice)

    aside.rename(model)
    driver.click("noticeAction")
    driver.wait_for_engine()
    assert driver.is_frozen("backbone")
    driver.save_as(tmp_path / "saved.keras")
    assert "read back and compared" in driver.notice
