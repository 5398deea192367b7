"""What cannot be opened or trained is said in one plain sentence, and what was there stays as it was."""

from __future__ import annotations

import os
from pathlib import Path

from PySide6.QtWidgets import QApplication

from editor.layers.accounts import State
from tests.integration.driver import Driver
from tests.integration.files import DEMO, SEQUENTIAL, write_failing_model
from widgets.training.run_state import RunState


def write_refused(folder: Path) -> dict[Path, str]:
    """Files that are no models, each with what is said of it."""
    broken, notes, saved_model = folder / "broken.keras", folder / "notes.keras", folder / "saved_model"
    broken.write_bytes(DEMO.read_bytes()[:-1000])
    notes.write_text("Buy milk.")
    saved_model.mkdir()
    (saved_model / "saved_model.pb").write_bytes(b"\x08\x01")
    other_folder, settings, long = folder / "other", folder / "settings.json", folder / f"{'w' * 240}.h5"
    other_folder.mkdir()
    settings.write_text('{"epochs": 3}')
    long.write_text("No model.")
    foreign = Path(os.fsdecode(bytes(folder) + b"/caf\xe9.keras"))
    return {
        folder / "missing.keras": "There is no file",
        notes: "is not a model file",
        broken: "broken.keras is",
        saved_model: "is a damaged SavedModel",
        other_folder: "is a folder, not a model file",
        settings: "holds no architecture of Keras",
        long: "is not a model file",
        foreign: "not written in UTF-8",
    }


def state_of(driver: Driver) -> tuple[object, ...]:
    """All that a person would lose if a file that is refused touched what is open."""
    document = driver.document
    journal = document.workspace.journal_path.read_bytes()
    stack, title = document.stack, driver.window.windowTitle()
    shown = (driver.window.isWindowModified(), driver.window.width(), driver.app.settings.recent("models"))
    return document, document.freeze_map(), stack.index(), stack.count(), journal, title, *shown


def test_that_a_file_that_cannot_be_opened_is_refused_and_the_document_stays(driver: Driver, tmp_path: Path):
    refused = write_refused(tmp_path)
    driver.open(DEMO)
    driver.click_tick("backbone")
    driver.save_as(tmp_path / "mine.keras")
    driver.click_tick("backbone/conv_1")
    before = state_of(driver)
    for path, sentence in refused.items():
        driver.window.notices.clear()
        driver.app.open(path)
        driver.answer("saveQuestion", "Discard")
        driver.wait(lambda: driver.has_error)
        assert sentence in driver.notice
        assert path.name[:3] in driver.notice
        assert "\n" not in driver.notice
        assert driver.notice.endswith(".")
        assert driver.notice.count(". ") >= 1, "there is no hint"
        assert "Traceback" not in driver.notice
        assert state_of(driver) == before
    driver.undo()
    assert not driver.window.isWindowModified()

    driver.choose_digits()
    driver.type_into("epochs", "1")
    driver.train()
    assert driver.run_state is RunState.FINISHED


def test_that_an_opening_can_be_cancelled_and_none_begins_in_a_run(driver: Driver, tmp_path: Path):
    driver.open(DEMO)
    driver.click_tick("backbone")
    # A reader that stands still, as over a file on a network that hangs.
    driver.suspend_reader()
    driver.app.open(SEQUENTIAL.write_model(tmp_path))
    driver.answer("saveQuestion", "Discard")
    driver.wait(lambda: driver.notice == "Looking at digits_cnn.keras…")
    assert "being opened" in driver.window.training.start_obstacle()
    driver.click("noticeAction")
    assert not driver.notice
    assert driver.document.path == DEMO
    assert driver.is_frozen("backbone")

    driver.choose_digits()
    driver.start_long_run()
    driver.drop(tmp_path / "digits_cnn.keras")
    assert "A run is under way" in driver.notice
    assert not driver.app.opener.is_busy
    assert driver.document.path == DEMO
    for name in ("open", "new"):
        driver.app.notifier.clear()
        driver.window.actions_[name].trigger()
        assert "A run is under way" in driver.notice
        assert QApplication.activeModalWidget() is None
    driver.click("stopButton")
    driver.wait(lambda: not driver.app.runs.is_active)
    assert "under way" not in driver.notice
    assert driver.run_state is RunState.STOPPED


def test_that_what_keeps_a_run_from_starting_stands_beside_its_field(driver: Driver, tmp_path: Path):
    driver.open(SEQUENTIAL.write_model(tmp_path))
    driver.choose_digits()
    driver.wait(lambda: "x has shape (8, 8, 1), but the model takes (28, 28, 1)" in driver.problem_of("data"))
    assert "Data" in driver.window.training.start_obstacle()
    assert not driver.start_button.isEnabled()

    driver.drop(SEQUENTIAL.write_data(tmp_path, label_offset=5))
    driver.wait(lambda: "10" in driver.problem_of("data"))
    assert not driver.start_button.isEnabled()

    driver.drop(SEQUENTIAL.write_data(tmp_path / "good"))
    driver.wait(lambda: driver.start_button.isEnabled())
    assert not driver.problem_of("data")
    driver.type_into("epochs", "1")
    driver.type_into("learning_rate", "0")
    driver.wait(lambda: driver.problem_of("learning_rate"))
    assert not driver.start_button.isEnabled()
    driver.type_into("learning_rate", "0.01")
    driver.wait(lambda: driver.start_button.isEnabled())

    driver.click_tick("")
    assert driver.state("") is State.FROZEN
    assert driver.window.training.start_obstacle() == "Nothing is trainable. Thaw at least one layer."
    assert not driver.start_button.isEnabled()
    driver.click_tick("digit")
    driver.train()
    assert driver.run_state is RunState.FINISHED
    assert "2 of 2 frozen weights unchanged" in driver.proof_text


def test_that_a_run_that_fails_says_why_and_the_next_one_works(driver: Driver, tmp_path: Path):
    model, code, data = write_failing_model(tmp_path)
    driver.open_as_argument(model, code)
    driver.drop(data)
    driver.type_into("epochs", "1")
    driver.train()
    assert driver.run_state is RunState.FAILED
    assert "Training failed" in driver.notice
    assert "this layer is in a bad mood" in driver.notice
    assert "Traceback" in driver.window.log.text()

    (tmp_path / "better").touch()
    driver.train()
    assert driver.run_state is RunState.FINISHED
    driver.undo()
    assert not driver.window.isWindowModified()
