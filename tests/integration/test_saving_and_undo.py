"""Saving in mid-run, what counts as unsaved, and undo of runs among undo of edits."""

from __future__ import annotations

import shutil
from pathlib import Path

import keras
import pytest

from editor.layers.accounts import State
from tests.integration import plain_keras
from tests.integration.driver import Driver
from tests.integration.files import DEMO
from widgets.training.run_state import RunState


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A copy of the demo model, which may be saved over."""
    return Path(shutil.copy(DEMO, tmp_path / "model.keras"))


def test_that_a_save_in_mid_run_writes_the_edited_flags_and_leaves_the_run_its_own(driver: Driver, model: Path):
    driver.open(model)
    driver.click_tick("backbone")
    driver.choose_digits()
    driver.start_long_run()
    driver.click_tick("backbone/conv_1")
    driver.click_tick("digit")
    driver.save()
    assert driver.run_state is RunState.RUNNING
    assert "Saved model.keras" in driver.notice
    assert driver.document.stack.isClean()
    # The next batch makes it unsaved again.
    driver.wait(driver.window.isWindowModified)

    driver.click("stopButton")
    driver.wait(lambda: not driver.app.runs.is_active)
    assert driver.run_state is RunState.STOPPED
    assert "12 of 12 frozen weights unchanged" in driver.proof_text
    assert driver.window.isWindowModified()
    assert plain_keras.is_frozen(model, "digit")
    assert not plain_keras.load(model).get_layer("backbone").get_layer("conv_2").trainable
    assert plain_keras.load(model).get_layer("backbone").get_layer("conv_1").trainable

    # The weights of a stopped run are kept, and they are what the next save writes.
    in_mid_run = plain_keras.weights(model)
    stopped = driver.document.weights_file
    driver.save()
    assert plain_keras.weights(model) != in_mid_run
    assert plain_keras.weights(model) == plain_keras.weights_of_revision(stopped, DEMO)
    assert not driver.window.isWindowModified()


def test_that_undo_takes_runs_and_edits_back_in_their_order(driver: Driver, model: Path):
    original = plain_keras.weights(model)
    driver.open(model)
    driver.click_tick("backbone/conv_1")
    driver.choose_digits()
    driver.type_into("epochs", "1")
    driver.train()
    driver.save()
    once = plain_keras.weights(model)
    driver.click_tick("backbone/conv_2")
    driver.train()
    driver.save()
    twice = plain_keras.weights(model)
    assert len({*map(tuple, (original, once, twice))}) == 3
    assert not driver.window.isWindowModified()
    assert driver.window.actions_["undo"].text() == "Undo Train 1 epoch"

    driver.undo()
    assert driver.window.isWindowModified()
    assert driver.is_frozen("backbone/conv_2")
    driver.save()
    assert plain_keras.weights(model) == once

    driver.undo()
    assert driver.state("backbone/conv_2") is State.TRAINABLE
    driver.undo()
    assert driver.is_frozen("backbone/conv_1")
    driver.save()
    assert plain_keras.weights(model) == original
    driver.undo()
    assert driver.state("") is State.TRAINABLE
    assert not driver.window.actions_["undo"].isEnabled()

    for _ in range(4):
        driver.redo()
    assert driver.is_frozen("backbone/conv_1")
    assert driver.is_frozen("backbone/conv_2")
    driver.save()
    assert plain_keras.weights(model) == twice
    assert not driver.window.isWindowModified()


def test_that_while_a_run_goes_on_edits_can_be_undone_and_earlier_runs_cannot(driver: Driver, model: Path):
    driver.open(model)
    driver.choose_digits()
    driver.type_into("epochs", "1")
    driver.train()
    driver.start_long_run()
    assert not driver.window.actions_["undo"].isEnabled()
    driver.click_tick("digit")
    driver.undo()
    assert driver.state("digit") is State.TRAINABLE
    assert not driver.window.actions_["undo"].isEnabled()
    driver.click("stopButton")
    driver.wait(lambda: not driver.app.runs.is_active)
    driver.undo()
    driver.undo()
    driver.save()
    assert plain_keras.weights(model) == plain_keras.weights(DEMO)


def test_that_a_file_that_another_program_changed_is_not_overwritten_unasked(driver: Driver, tmp_path: Path):
    model = tmp_path / "model.keras"
    shutil.copy(DEMO, model)
    driver.open(model)
    driver.click_tick("backbone")
    shutil.copy(DEMO, model)
    other = model.read_bytes()
    driver.trigger("save")
    driver.answer("overwriteQuestion", "Cancel")
    assert model.read_bytes() == other
    driver.trigger("save")
    driver.answer("overwriteQuestion", "Overwrite")
    driver.wait(lambda: "read back and compared" in driver.notice)
    assert model.read_bytes() != other
    assert not driver.window.isWindowModified()


def test_that_an_optimizer_that_cannot_be_kept_is_told_before_saving(driver: Driver, model: Path):
    def strange(y_true, y_pred):
        return keras.ops.mean(y_true - y_pred)

    compiled = keras.saving.load_model(model, compile=False)
    compiled.compile("adam", strange)
    compiled.save(model)
    driver.open(model)
    assert "loss 'strange', which Keras does not know" in driver.notice
    driver.choose_digits()
    driver.type_into("epochs", "1")
    driver.train()
    driver.train()
    assert "The optimizer goes on from step" in driver.window.log.text()
