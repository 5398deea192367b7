"""A file is a document at once; the live model takes its place when the engine has it, or never."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt

from editor.files.keras_archive import read_freeze_map
from editor.layers.accounts import State
from tests.integration import plain_keras
from tests.integration.data_hands import DataHands
from tests.integration.driver import Driver
from tests.integration.files import DEMO, SMALL_CNN_CODE, SUBCLASSED
from widgets.document import Stage
from widgets.saving import FROM_PREVIEW
from widgets.training.run_state import RunState


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A copy of the demo model, which may be saved over."""
    return Path(shutil.copy(DEMO, tmp_path / "model.keras"))


def look_at_data_that_do_not_fit(driver: Driver, folder: Path) -> None:
    np.savez(folder / "flat.npz", x=np.zeros((8, 64), "float32"), y=np.arange(8) % 2)
    driver.app.data.open_with(str(folder / "flat.npz"))


def what_does_not_fit_is_said(driver: Driver) -> None:
    """The data that were chosen without the model are held against it as soon as the engine has it."""
    data = DataHands(driver)
    driver.wait(lambda: "(64,)" in data.problem)
    driver.key_in(data.dialog, Qt.Key.Key_Escape)


def test_that_a_preview_is_edited_and_saved_before_the_engine_is_there_and_goes_live(driver: Driver, model: Path):
    driver.preview(model)
    view = driver.window.layers.view
    assert (driver.document.stage, driver.app.link.is_ready) == (Stage.LOADING, False)
    assert "the engine is starting" in driver.preview_text
    assert driver.start_button.isEnabled() is False
    assert driver.window.training.start_obstacle()
    assert not driver.window.actions_["export_weights"].isEnabled()

    driver.click_tick("backbone")
    driver.click_tick("backbone/bn_2")
    driver.save()
    assert FROM_PREVIEW in driver.notice
    assert not driver.window.isWindowModified()
    driver.click_tick("digit")
    driver.click_tick("backbone/conv_4:kernel")
    driver.undo()
    driver.window.layers.filter_edit.setText("conv")
    driver.click_row("backbone/conv_3")
    flags = driver.document.freeze_map()
    look_at_data_that_do_not_fit(driver, model.parent)
    document, before, top = driver.document, driver.document.tree, view.verticalScrollBar().value()
    assert document.stage is Stage.LOADING

    driver.wait(lambda: document.is_live)
    assert driver.document is document
    assert document.tree is not before
    assert (driver.preview_text, document.freeze_map()) == ("", flags)
    assert [node.path for node in view.selected_nodes()] == ["backbone/conv_3"]
    assert view.current_node() is driver.node("backbone/conv_3")
    assert view.isExpanded(view.index_of(driver.node("backbone")))
    assert driver.window.layers.filter_edit.text() == "conv"
    assert view.verticalScrollBar().value() == top
    what_does_not_fit_is_said(driver)
    assert driver.window.inspector.facts["Path"] == "backbone/conv_3"
    assert driver.window.isWindowModified()

    # The steps stand: redo and undo to the file as it was opened, past the save.
    driver.redo()
    assert driver.state("backbone/conv_4:kernel") is State.TRAINABLE
    driver.undo()
    driver.undo()
    assert not driver.window.isWindowModified()
    driver.undo()
    driver.undo()
    assert driver.state("") is State.TRAINABLE
    assert not driver.document.stack.canUndo()
    driver.window.inspector.tabs.setCurrentWidget(driver.window.changes)
    driver.redo()
    driver.redo()
    assert not driver.window.isWindowModified()
    driver.choose_digits()
    driver.type_into("epochs", "1")
    driver.train()
    assert driver.run_state is RunState.FINISHED


def test_that_a_model_whose_code_is_not_there_is_frozen_and_saved_and_goes_live_when_it_is_given(
    driver: Driver, tmp_path: Path
):
    path = SUBCLASSED.write_model(tmp_path)
    driver.preview(path)
    driver.wait(lambda: driver.document.stage is Stage.PREVIEW)
    driver.keep_preview()
    assert "SmallCNN" in driver.preview_text
    assert "SmallCNN" not in driver.notice
    driver.click_tick("conv1")
    driver.save()
    assert FROM_PREVIEW in driver.notice
    assert not driver.window.isWindowModified()
    assert plain_keras.load(path).conv1.trainable_variables

    driver.preview(path)
    driver.wait(lambda: driver.document.stage is Stage.PREVIEW)
    driver.keep_preview()
    assert driver.is_frozen("conv1")
    driver.click_tick("dense")
    assert driver.is_frozen("dense")
    driver.save_as(tmp_path / "full.h5")
    assert "needs the live model" in driver.notice
    driver.click("giveCodeButton")
    driver.give_code(SMALL_CNN_CODE)
    driver.wait(lambda: driver.document.is_live)
    assert driver.is_frozen("conv1")
    assert driver.is_frozen("dense")
    assert driver.node("conv1:kernel")
    driver.save()
    assert read_freeze_map(path) == driver.document.freeze_map()
    driver.undo()
    assert driver.state("dense") is State.TRAINABLE


def test_that_what_ends_the_engine_leaves_a_preview_that_can_be_saved_and_tried_again(driver: Driver, tmp_path: Path):
    path, code = SUBCLASSED.write_model(tmp_path), tmp_path / "code.py"
    marker = tmp_path / "go"
    code.write_text(
        f"import pathlib, time\nwhile not pathlib.Path({str(marker)!r}).exists():\n    time.sleep(0.05)\n"
        + SMALL_CNN_CODE.read_text()
    )
    driver.preview(path, code)
    driver.wait(lambda: "loading the model" in driver.preview_text and driver.app.link.is_ready)
    driver.click_tick("conv1")
    driver.kill_engine()
    assert "The engine ended while it loaded small_cnn.keras." in driver.notice
    assert "saving the flags" in driver.notice
    assert driver.preview_text == "Preview only: small_cnn.keras could not be loaded."
    assert driver.document.stage is Stage.PREVIEW
    driver.click("loadAgainButton")
    driver.wait(lambda: driver.app.link.is_ready)
    driver.click("stopLoadingButton")
    assert "Loading was stopped" in driver.preview_text
    driver.save()
    assert FROM_PREVIEW in driver.notice

    saved_at = path.stat().st_mtime_ns
    os.utime(path)
    driver.click("loadAgainButton")
    assert "was changed by another program since it was read. Open it again." in driver.notice
    assert "saving the flags" not in driver.notice
    os.utime(path, ns=(saved_at, saved_at))
    driver.click("loadAgainButton")
    assert driver.document.stage is Stage.LOADING
    driver.window.notices.clear()
    os.utime(path)
    marker.touch()
    driver.wait(lambda: "was changed by another program" in driver.notice)
    assert driver.document.stage is Stage.PREVIEW
    os.utime(path, ns=(saved_at, saved_at))
    driver.click("loadAgainButton")
    driver.wait(lambda: driver.document.is_live)
    assert driver.is_frozen("conv1")
    assert not driver.window.isWindowModified()


def test_that_code_is_run_when_a_person_agrees_and_asked_for_again_when_it_has_changed(driver: Driver, tmp_path: Path):
    path, code, mark = SUBCLASSED.write_model(tmp_path), tmp_path / "code.py", tmp_path / "mark"
    code.write_text(f"open({str(mark)!r}, 'a').write('run ')\n" + SMALL_CNN_CODE.read_text())
    driver.preview(path)
    driver.keep_preview()
    assert not mark.exists()
    driver.window.actions_["give_code"].trigger()
    driver.give_code(code)
    driver.wait(lambda: driver.document.is_live)
    assert mark.read_text() == "run "
    assert driver.document.options.code_digest

    # Remembered: nothing is asked.
    driver.preview(DEMO)
    driver.preview(path)
    driver.wait(lambda: driver.document.is_live)
    assert mark.read_text() == "run run "

    code.write_text(code.read_text() + "# another\n")
    driver.preview(DEMO)
    driver.preview(path)
    driver.wait(driver.trust_dialogs)
    assert "has changed" in driver.trust_dialogs()[0].warning.text()
    driver.keep_preview()
    assert driver.document.stage is Stage.PREVIEW
    assert mark.read_text() == "run run "

    # Consent is to what was seen: another file in its place is not opened with it.
    kept = shutil.copy2(path, tmp_path / "kept.keras")
    shutil.copy(DEMO, path)
    driver.window.actions_["give_code"].trigger()
    driver.give_code(code)
    driver.wait(lambda: driver.document.stage is Stage.PREVIEW)
    assert "was changed by another program" in driver.notice
    assert mark.read_text() == "run run "
    shutil.copy2(kept, path)
    driver.window.actions_["give_code"].trigger()
    driver.give_code(code)
    driver.wait(lambda: driver.document.is_live)
    assert "was changed" not in driver.notice

    driver.window.actions_["forget_consents"].trigger()
    assert "1 consent to run code is forgotten" in driver.notice
