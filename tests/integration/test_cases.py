"""The three cases that must always work, and a real model of others, through the real window."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt

from tests.integration import plain_keras
from tests.integration.driver import Driver
from tests.integration.files import SEQUENTIAL, SUBCLASSED, VGG16, Case
from widgets.document import Stage
from widgets.training.run_state import RunState


@pytest.mark.parametrize("case", [SEQUENTIAL, VGG16, SUBCLASSED], ids=lambda case: case.name)
def test_that_a_case_is_frozen_trained_saved_and_reopened(driver: Driver, tmp_path: Path, case: Case):
    saved, resaved = tmp_path / "saved.keras", tmp_path / "resaved.keras"
    driver.open_as_argument(case.write_model(tmp_path), case.custom_code)

    driver.click_tick(case.frozen)
    assert driver.is_frozen(case.frozen)

    driver.drop(case.write_data(tmp_path))
    driver.type_into("epochs", "1")
    driver.train()
    assert driver.run_state is RunState.FINISHED
    assert f"{case.num_frozen} of {case.num_frozen} frozen weights unchanged" in driver.proof_text

    driver.save_as(saved)
    assert_notice_says_what_plain_keras_forgets(driver, case)
    flags = driver.document.freeze_map()

    driver.open_as_argument(saved, case.custom_code)
    assert driver.document.path == saved
    assert driver.document.freeze_map() == flags
    assert driver.is_frozen(case.frozen)
    assert not driver.window.isWindowModified()
    driver.save_as(resaved)
    assert (plain_keras.outputs(saved) == plain_keras.outputs(resaved)).all()
    assert plain_keras.weights(saved) == plain_keras.weights(resaved)


def assert_notice_says_what_plain_keras_forgets(driver: Driver, case: Case):
    if not case.forgotten:
        assert "Plain Keras restores every flag" in driver.notice
        return
    assert f"plain Keras will load {len(case.forgotten)} frozen weights as trainable" in driver.notice
    driver.click("noticeDetails")
    assert set(case.forgotten) <= set(driver.read_details().splitlines())


def test_that_a_model_and_its_code_are_opened_by_two_dialogs(driver: Driver, tmp_path: Path):
    path = SUBCLASSED.write_model(tmp_path)
    driver.open(path)
    driver.keep_preview()
    preview = driver.document
    assert "needs the class SmallCNN" in driver.preview_text
    assert preview.stage is Stage.PREVIEW

    driver.window.actions_["open_with_code"].trigger()
    driver.choose_file(path)
    driver.choose_file(SUBCLASSED.custom_code)
    driver.wait(lambda: driver.document is not preview and driver.document.is_live)
    assert driver.document.path == path
    assert driver.document.tree.find("conv1:kernel") is not None


def test_that_all_separable_convolutions_of_a_real_model_are_frozen_at_once(
    driver: Driver, models: Path, tmp_path: Path
):
    source, saved = models / "fer" / "emotion_model.hdf5", tmp_path / "emotion.keras"
    driver.open(source)
    layers = [layer for layer in driver.document.tree.walk_layers() if layer.record.class_name == "SeparableConv2D"]
    assert len(layers) == 8

    driver.trigger("find")
    driver.qtbot.keyClicks(driver.window.layers.filter_edit, "SeparableConv2D")
    driver.key_in(driver.window.layers.filter_edit, Qt.Key.Key_Down)
    driver.key_in(driver.window.layers.view, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    driver.press_space()
    assert all(driver.is_frozen(layer.path) for layer in layers)
    num_frozen = driver.document.tree.account(driver.document.tree.root).frozen.weights
    assert num_frozen == sum(len(layer.weights_below) for layer in layers)

    driver.save_as(saved)
    assert "Plain Keras restores every flag" in driver.notice
    flags = driver.document.freeze_map()
    driver.open(saved)
    assert driver.document.path == saved
    assert driver.document.freeze_map() == flags
    assert (plain_keras.outputs(source) == plain_keras.outputs(saved)).all()


def test_that_ticks_of_a_selection_made_with_the_mouse_freeze_it_all(driver: Driver, models: Path):
    driver.open(models / "fer" / "emotion_model.hdf5")
    first, second = [
        layer.path for layer in driver.document.tree.walk_layers() if layer.record.class_name == "SeparableConv2D"
    ][:2]
    driver.click_row(first)
    driver.click_row(second, Qt.KeyboardModifier.ControlModifier)
    driver.click_tick(second)
    assert driver.is_frozen(first)
    assert driver.is_frozen(second)
