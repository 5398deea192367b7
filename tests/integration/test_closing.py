"""What closing the window asks, and what it does with unsaved work."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

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


def no_workspace_is_left(folder: Path) -> bool:
    return not [path for path in (folder / "workspaces").iterdir() if path.is_dir()]


def test_that_a_document_without_changes_closes_without_a_question(driver: Driver, model: Path, tmp_path: Path):
    driver.open(model)
    driver.click_tick("backbone")
    driver.undo()
    driver.trigger("quit")
    driver.wait_until_closed()
    assert no_workspace_is_left(tmp_path)


def test_that_edits_are_asked_about_and_can_be_discarded(driver: Driver, model: Path, tmp_path: Path):
    before = model.read_bytes()
    driver.open(model)
    driver.click_tick("backbone")
    driver.trigger("quit")
    assert "Save the changes to model.keras?" in driver.question("saveQuestion")
    driver.answer("saveQuestion", "Cancel")
    assert driver.window.isVisible()
    assert driver.is_frozen("backbone")

    driver.trigger("quit")
    driver.answer("saveQuestion", "Discard")
    driver.wait_until_closed()
    assert model.read_bytes() == before
    assert no_workspace_is_left(tmp_path)


def test_that_closing_waits_for_a_save_and_what_is_edited_meanwhile_is_asked_about(
    driver: Driver, model: Path, tmp_path: Path
):
    driver.open(model)
    driver.click_tick("backbone")
    driver.trigger("quit")
    driver.answer("saveQuestion", "Save")
    assert driver.app.saver.is_busy
    driver.click_tick("digit")
    assert driver.window.isWindowModified()
    driver.answer("saveQuestion", "Cancel")
    assert driver.window.isVisible()
    assert driver.window.isWindowModified()
    assert not plain_keras.is_frozen(model, "digit")

    # A close during a save begins when that is done; there is nothing to ask then.
    driver.trigger("save")
    assert driver.app.saver.is_busy
    driver.trigger("quit")
    driver.wait_until_closed()
    assert plain_keras.is_frozen(model, "backbone")
    assert plain_keras.is_frozen(model, "digit")
    assert no_workspace_is_left(tmp_path)
    assert [path.name for path in tmp_path.glob("*.keras")] == ["model.keras"]


def test_that_closing_in_mid_run_saves_the_weights_of_that_moment(driver: Driver, model: Path):
    driver.open(model)
    driver.choose_digits()
    driver.start_long_run()
    driver.trigger("quit")
    assert "The run under way would end" in driver.question("saveQuestion")
    driver.answer("saveQuestion", "Cancel")
    revision = driver.document.revision
    driver.wait(lambda: driver.document.revision > revision)
    assert driver.run_state is RunState.RUNNING

    driver.trigger("quit")
    driver.answer("saveQuestion", "Save")
    driver.wait_until_closed()
    assert plain_keras.weights(model) != plain_keras.weights(DEMO)


def test_that_closing_in_mid_run_can_discard_it_all(driver: Driver, model: Path, tmp_path: Path):
    before = model.read_bytes()
    driver.open(model)
    driver.choose_digits()
    driver.start_long_run()
    driver.trigger("quit")
    driver.answer("saveQuestion", "Discard")
    driver.wait_until_closed()
    assert model.read_bytes() == before
    assert no_workspace_is_left(tmp_path)


def test_that_a_close_waits_for_every_answer_about_an_h5_document_with_new_weights(driver: Driver, tmp_path: Path):
    source, target = tmp_path / "digits.h5", tmp_path / "digits.keras"
    plain_keras.load(DEMO).save(source)
    before = source.read_bytes()
    driver.open(source)
    driver.choose_digits()
    driver.type_into("epochs", "1")
    driver.train()
    driver.trigger("save")
    driver.answer("optimizerQuestion", "Cancel")
    assert driver.window.isWindowModified()

    driver.trigger("quit")
    driver.answer("saveQuestion", "Save")
    driver.answer("optimizerQuestion", "Save as .keras…")
    driver.cancel_file_dialog()
    assert driver.window.isVisible()

    driver.trigger("quit")
    driver.answer("saveQuestion", "Save")
    driver.answer("optimizerQuestion", "Save as .keras…")
    driver.choose_file(target)
    driver.wait_until_closed()
    assert source.read_bytes() == before
    assert plain_keras.weights(target) != plain_keras.weights(source)


def test_that_another_model_is_opened_when_the_changes_are_saved_or_given_up(
    driver: Driver, model: Path, tmp_path: Path
):
    other = Path(shutil.copy(DEMO, tmp_path / "other.keras"))
    driver.open(model)
    driver.click_tick("backbone")
    driver.drop(other)
    driver.answer("saveQuestion", "Cancel")
    assert driver.document.path == model
    assert not driver.app.opener.is_busy

    first = driver.document
    driver.drop(other)
    driver.answer("saveQuestion", "Save")
    driver.wait_until_opened(first)
    assert driver.document.path == other
    assert plain_keras.is_frozen(model, "backbone")

    driver.click_tick("digit")
    second = driver.document
    driver.drop(model)
    driver.answer("saveQuestion", "Discard")
    driver.wait_until_opened(second)
    assert driver.document.path == model
    assert driver.is_frozen("backbone")
    assert driver.state("digit") is State.TRAINABLE


def test_that_edits_made_while_another_model_opens_are_offered_at_the_next_start(
    start_driver: Callable[[Path], Driver], model: Path, tmp_path: Path
):
    driver = start_driver(tmp_path)
    driver.open(model)
    first = driver.document
    driver.app.open(DEMO)
    driver.click_tick("backbone")
    driver.wait_until_opened(first)
    assert driver.document.path == DEMO
    driver.trigger("quit")
    driver.wait_until_closed()

    driver = start_driver(tmp_path)
    assert "Recover the unsaved work on model.keras?" in driver.question("recoverQuestion")
