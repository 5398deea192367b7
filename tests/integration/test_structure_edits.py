"""A new head, layers on top, fresh weights and names, through the window: each a step like others."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QDialog, QLineEdit, QPushButton, QSpinBox, QWidget

from editor.layers.accounts import State
from editor.layers.changes import changes_since
from editor.training.settings import TrainSettings
from tests import models
from tests.integration.driver import Driver


def write_model(folder: Path, builder=models.bare_normalization) -> Path:
    path = folder / "model.keras"
    models.seeded(builder).save(path)
    return path


@pytest.fixture
def open_model(driver: Driver, tmp_path: Path) -> Driver:
    driver.open(write_model(tmp_path))
    driver.wait_for_engine()
    driver.wait(lambda: driver.window.actions_["replace_head"].isEnabled() and not edit_obstacle(driver))
    return driver


def edit_obstacle(driver: Driver) -> str:
    return driver.app._edit_obstacle()


def dialog_of(driver: Driver, name: str) -> QDialog:
    driver.wait(lambda: any(each.isVisible() for each in driver.window.findChildren(QDialog, name)))
    (dialog,) = [each for each in driver.window.findChildren(QDialog, name) if each.isVisible()]
    return dialog


def part(dialog: QWidget, kind: type, name: str):
    found = dialog.findChild(kind, name)
    assert found is not None, name
    return found


def accept(driver: Driver, dialog: QDialog) -> None:
    button = part(dialog, QPushButton, "makeEditButton")
    assert button.isEnabled()
    driver.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    driver.wait(lambda: not driver.app.surgery.is_busy)


def replace_head(driver: Driver, units: int = 4) -> None:
    driver.trigger("replace_head")
    dialog = dialog_of(driver, "replaceHeadDialog")
    part(dialog, QSpinBox, "headUnits").setValue(units)
    accept(driver, dialog)


def names(driver: Driver) -> list[str]:
    return [child.name for child in driver.document.tree.root.children]


def outputs(path: Path) -> np.ndarray:
    model = keras.saving.load_model(path, compile=False)
    return np.asarray(model(models.sample_inputs(model, 3), training=False))


def test_that_a_new_head_is_a_step_between_flag_steps(open_model: Driver, tmp_path: Path):
    driver = open_model
    before = outputs(driver.document.path)
    driver.click_tick("dense")
    assert driver.is_frozen("dense")
    tree = driver.document.tree
    driver.click_row("bn")
    replace_head(driver)
    assert names(driver) == ["dense", "bare", "middle", "bn", "head_dropout", "head_output"]
    assert driver.is_frozen("dense")
    assert [node.path for node in driver.window.layers.selected_nodes()] == ["head_dropout", "head_output"]
    view = driver.window.layers.view
    last = view.visualRect(view.index_of(driver.node("head_output")))
    assert view.viewport().rect().contains(last)
    assert "New: head_dropout, head_output." in driver.notice
    assert driver.window.isWindowModified()
    driver.click_tick("middle")
    assert driver.is_frozen("middle")
    changes = changes_since(driver.document.tree, driver.document.opened)
    assert (changes.layers_new, changes.layers_gone) == (("head_dropout", "head_output"), ("dropout", "head"))

    driver.undo()
    assert driver.state("middle") is State.TRAINABLE
    driver.undo()
    assert driver.document.tree is tree
    assert driver.is_frozen("dense")
    assert names(driver)[-1] == "head"
    driver.undo()
    assert not driver.document.is_modified
    for _ in range(3):
        driver.redo()
    assert driver.is_frozen("middle")
    assert names(driver)[-1] == "head_output"

    target = tmp_path / "changed.keras"
    driver.save_as(target)
    assert not driver.document.is_modified, driver.notice
    assert outputs(target).shape == (3, 4)
    model = keras.saving.load_model(target, compile=False)
    assert not model.get_layer("dense").trainable
    assert not model.get_layer("middle").trainable
    for _ in range(3):
        driver.undo()
    driver.save_as(tmp_path / "back.keras")
    np.testing.assert_array_equal(outputs(tmp_path / "back.keras"), before)
    each_edit_comes_back(driver, tmp_path)
    a_run_between_edits_comes_back(driver, tmp_path)


def test_that_the_edited_layers_survive_the_engine_and_the_window(start_driver, tmp_path: Path):
    driver = start_driver(tmp_path)
    driver.open(write_model(tmp_path))
    driver.wait_for_engine()
    driver.wait(lambda: not edit_obstacle(driver))
    replace_head(driver)
    driver.click_tick("dense")
    driver.kill_engine()
    driver.wait_for_engine()
    driver.wait(lambda: not edit_obstacle(driver))
    driver.save_as(tmp_path / "one.keras")
    expected = outputs(tmp_path / "one.keras")
    assert expected.shape == (3, 4)
    driver.undo()
    driver.undo()
    assert names(driver)[-1] == "head"
    driver.redo()
    driver.redo()
    rename(driver)
    driver.click_tick("neck")
    changed = changes_since(driver.document.tree, driver.document.opened)
    driver.app.leave(keep_work=True)
    driver.is_closed = True

    again = start_driver(tmp_path)
    again.answer("recoverQuestion", "Recover")
    again.wait(lambda: again.app.document is not None)
    told_before_loading = changes_since(again.document.tree, again.document.opened)
    again.wait_for_engine()
    again.wait(lambda: not edit_obstacle(again))
    assert names(again)[-1] == "head_output"
    assert again.is_frozen("dense")
    assert again.is_frozen("neck")
    told = changes_since(again.document.tree, again.document.opened)
    assert told == changed
    assert [row.path for row in told.rows] == ["dense", "neck"]
    assert (told.layers_new, told.layers_gone) == (("head_dropout", "head_output"), ("dropout", "head"))
    assert (told.renamed, told_before_loading.rows) == ((("middle", "neck"),), told.rows)
    again.save_as(tmp_path / "two.keras")
    np.testing.assert_array_equal(outputs(tmp_path / "two.keras"), expected)


def each_edit_comes_back(driver: Driver, tmp_path: Path) -> None:
    """Each edit is one step, and undo leaves nothing of it."""
    document, before = driver.document, outputs(driver.document.path)
    for number, make in enumerate((learn_by_transfer, add_layers, rename, reinitialise)):
        make(driver)
        assert document.is_modified
        assert document.stack.count() == 1
        assert not driver.app.runs.is_active
        driver.undo()
        assert document.revision == 0
        assert not document.is_modified
        assert driver.state("middle") is State.TRAINABLE
        target = tmp_path / f"{number}.keras"
        driver.save_as(target)
        np.testing.assert_array_equal(outputs(target), before)


def a_run_between_edits_comes_back(driver: Driver, tmp_path: Path) -> None:
    """A new head, a run, another name: all of it is undone and redone, bit for bit."""
    tree, before = driver.document.tree, outputs(driver.document.path)
    inputs = models.sample_inputs(keras.saving.load_model(driver.document.path, compile=False), 8)
    np.savez(tmp_path / "data.npz", x=inputs, y=np.arange(8) % 4)
    driver.window.training.set_settings(TrainSettings(data=str(tmp_path / "data.npz"), epochs=1, seed=1))
    driver.click_row("bn")
    replace_head(driver)
    driver.train()
    rename(driver)
    driver.save_as(tmp_path / "all.keras")
    after = outputs(tmp_path / "all.keras")
    for _ in range(3):
        driver.undo()
    assert driver.document.tree is tree
    driver.save_as(tmp_path / "none.keras")
    np.testing.assert_array_equal(outputs(tmp_path / "none.keras"), before)
    for _ in range(3):
        driver.redo()
    driver.save_as(tmp_path / "all_again.keras")
    np.testing.assert_array_equal(outputs(tmp_path / "all_again.keras"), after)


def learn_by_transfer(driver: Driver) -> None:
    driver.trigger("transfer_learning")
    wizard = dialog_of(driver, "transferWizard")
    look_at_data(driver, wizard)
    part(wizard, QSpinBox, "transferUnits").setValue(4)
    forward = part(wizard, QPushButton, "wizardNext")
    for _ in range(2):
        driver.qtbot.mouseClick(forward, Qt.MouseButton.LeftButton)
    part(wizard, QSpinBox, "transferEpochs").setValue(3)
    driver.qtbot.mouseClick(forward, Qt.MouseButton.LeftButton)
    driver.wait(lambda: not driver.app.surgery.is_busy)
    assert driver.document.stack.undoText() == "Transfer learning"
    assert all(driver.is_frozen(path) for path in ("dense", "middle", "bn"))
    assert driver.state("head_output") is State.TRAINABLE
    assert driver.window.training.settings().epochs == 3


def look_at_data(driver: Driver, wizard: QDialog) -> None:
    """The wizard leads to the data, although all else stands still as long as it is open."""
    driver.qtbot.mouseClick(part(wizard, QPushButton, "transferDataButton"), Qt.MouseButton.LeftButton)
    dialog = driver.app.data.dialog
    assert dialog is not None
    assert dialog.isEnabled()
    driver.key_in(dialog, Qt.Key.Key_Escape)
    assert wizard.isVisible()


def rename(driver: Driver) -> None:
    driver.click_row("middle")
    driver.window.actions_["rename_layer"].trigger()
    dialog = dialog_of(driver, "renameLayerDialog")
    field = part(dialog, QLineEdit, "layerName")
    for name, words in (("a/b", "no /"), ("my lambda", "TensorFlow"), ("bn", "already")):
        field.setText(name)
        assert words in dialog.message.text()
        assert not part(dialog, QPushButton, "makeEditButton").isEnabled()
    field.setText("neck")
    accept(driver, dialog)
    assert "neck" in names(driver)
    assert [node.path for node in driver.window.layers.selected_nodes()] == ["neck"]
    changes = changes_since(driver.document.tree, driver.document.opened)
    assert changes.renamed == (("middle", "neck"),)


def reinitialise(driver: Driver) -> None:
    driver.click_row("middle")
    driver.window.actions_["reinitialise"].trigger()
    accept(driver, dialog_of(driver, "reinitialiseDialog"))


def add_layers(driver: Driver) -> None:
    driver.trigger("add_layers")
    dialog = dialog_of(driver, "addLayersDialog")
    part(dialog, QSpinBox, "headUnits").setValue(2)
    assert part(dialog, QComboBox, "headPooling").count() == 1
    accept(driver, dialog)
    assert names(driver)[-2:] == ["head_dropout", "head_output"]
    assert driver.is_frozen("head")
    assert driver.state("head_output") is State.TRAINABLE
