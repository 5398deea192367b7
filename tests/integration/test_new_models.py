"""New models and files of weights, by clicks: a real engine, real files, no network."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QAbstractButton, QDialog, QLineEdit, QPushButton, QSpinBox

from editor.files.options import Application
from editor.keras_model.applications import build
from editor.layers.freeze_map import FreezeMap
from editor.runs.abandoned import find_abandoned
from tests.integration.driver import Driver
from tests.integration.test_window_death import end, program, wait_for_line

NAME = "mobilenet (0.25"


@pytest.fixture(autouse=True)
def no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keras's cache is empty, and what asks a network all the same is refused."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")


def dialog_of(driver: Driver, name: str) -> QDialog:
    def found() -> list[QDialog]:
        return [dialog for dialog in driver.window.findChildren(QDialog, name) if dialog.isVisible()]

    driver.wait(found)
    return found()[0]


def press(driver: Driver, dialog: QDialog, name: str) -> None:
    button = dialog.findChild(QAbstractButton, name)
    assert button and button.isEnabled(), f"{name} cannot be clicked now"
    driver.qtbot.mouseClick(button, Qt.MouseButton.LeftButton, pos=QPoint(8, button.height() // 2))


def type_into(driver: Driver, dialog: QDialog, name: str, text: str) -> None:
    field = dialog.findChild(QSpinBox, name) or dialog.findChild(QLineEdit, name)
    field.selectAll()
    driver.qtbot.keyClicks(field, text)


def ask_for_small(driver: Driver) -> QDialog:
    """Picks a small model for 96 pixels and four classes."""
    driver.trigger("new")
    dialog = dialog_of(driver, "newApplicationDialog")
    type_into(driver, dialog, "applicationFilter", NAME)
    for field, number in (("Height", "96"), ("Width", "96"), ("Classes", "4")):
        type_into(driver, dialog, f"application{field}", number)
    return dialog


def make_small(driver: Driver) -> None:
    press(driver, ask_for_small(driver), "buildButton")
    driver.wait(lambda: driver.app.document or driver.has_error)
    assert driver.app.document, driver.notice
    driver.wait(lambda: driver.document.is_live)


def private_files(folder: Path) -> list[Path]:
    return list((folder / "workspaces").rglob("*.keras"))


def weights_in(path: Path) -> list[np.ndarray]:
    return keras.saving.load_model(path, compile=False).get_weights()


def test_that_a_new_model_outlives_its_engine_is_saved_and_leaves_nothing(driver: Driver, tmp_path: Path):
    driver.wait(lambda: driver.app.link.is_ready)
    press(driver, ask_for_small(driver), "buildButton")
    driver.click("noticeAction")  # Cancel
    assert not driver.app.opener.is_busy
    assert not list((tmp_path / "workspaces").glob("*-*"))
    make_small(driver)  # The engine has come to the first one's end before, and nothing came of it.
    assert len(private_files(tmp_path)) == 1
    assert driver.window.windowTitle().startswith("Untitled (MobileNet)[*]")
    assert not driver.app.settings.recent("models")
    assert driver.node("predictions").record.output_shapes == ((None, 4),)
    driver.click_tick("conv1")
    driver.kill_engine()
    driver.wait_for_engine()
    driver.wait(lambda: "Untitled (MobileNet), as it was built" in driver.notice)
    assert driver.is_frozen("conv1")
    driver.trigger("save")  # It asks where to.
    driver.choose_file(tmp_path / "mine.keras")
    driver.wait(lambda: not driver.app.saver.is_busy)
    assert driver.window.windowTitle().startswith("mine.keras")
    assert not private_files(tmp_path)
    saved = keras.saving.load_model(tmp_path / "mine.keras")
    assert (saved.input_shape, saved.output_shape) == ((None, 96, 96, 3), (None, 4))
    assert not saved.get_layer("conv1").trainable


def test_that_a_file_of_weights_opens_as_its_application_and_goes_onto_a_new_one(driver: Driver, tmp_path: Path):
    model = build(Application(name="MobileNet", alpha=0.25, input_shape=(96, 96, 3), num_classes=4))
    model.save_weights(tmp_path / "old.weights.h5")
    driver.app.open(tmp_path / "old.weights.h5")
    dialog = dialog_of(driver, "architectureDialog")
    assert dialog.guess_label.text() == "The shapes fit MobileNet (0.25) with 4 classes; 96 px by its name."
    press(driver, dialog, "openWithArchitectureButton")
    driver.wait(lambda: driver.app.document and driver.document.is_live)
    assert "matched" in driver.notice
    assert not driver.has_error
    driver.save_as(tmp_path / "guessed.keras")
    before = driver.document

    dialog = ask_for_small(driver)
    press(driver, dialog, "fileWeights")
    driver.choose_file(tmp_path / "old.weights.h5")
    press(driver, dialog, "buildButton")
    driver.wait(lambda: driver.document is not before and driver.document.is_live)
    assert not driver.has_error, driver.notice
    for saved in (tmp_path / "guessed.keras", private_files(tmp_path)[0]):
        for mine, its in zip(model.get_weights(), weights_in(saved), strict=True):
            np.testing.assert_array_equal(mine, its)
    driver.trigger("quit")
    driver.wait_until_closed()
    assert not private_files(tmp_path)
    assert not find_abandoned(tmp_path / "workspaces")


def test_that_a_new_model_survives_the_windows_death(start_driver: Callable[[Path], Driver], tmp_path: Path):
    with program(tmp_path, "-m", "tests.integration.window_process", "new", "MobileNet") as window:
        wait_for_line(window, "READY")
        end(window, signal.SIGKILL)
    driver = start_driver(tmp_path)
    assert "Untitled (MobileNet)" in driver.question("recoverQuestion")
    driver.answer("recoverQuestion", "Recover")
    driver.wait(lambda: driver.app.document and driver.document.is_live)
    assert driver.is_frozen("conv1")
    assert driver.window.windowTitle().startswith("Untitled (MobileNet)[*]")
    driver.trigger("save")
    driver.choose_file(tmp_path / "mine.keras")
    driver.wait(lambda: not driver.app.saver.is_busy)
    assert not keras.saving.load_model(tmp_path / "mine.keras").get_layer("conv1").trainable
    assert not private_files(tmp_path)


def test_that_a_file_of_weights_stays_a_preview_and_can_be_asked_about_again(driver: Driver, tmp_path: Path):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, name="dense")])
    model.save_weights(tmp_path / "few.weights.h5")
    (tmp_path / "few.json").write_text(model.to_json())
    driver.app.open(tmp_path / "few.weights.h5")
    press(driver, dialog_of(driver, "architectureDialog"), "keepWeightsButton")
    driver.wait(lambda: driver.app.document)
    assert not driver.document.is_live
    assert "weights only" in driver.preview_text
    assert not driver.notice

    # The weights of what is seen have no flags; a map of them can be written.
    driver.click_tick("dense")
    driver.trigger("save")
    assert "cannot hold flags" in driver.notice
    driver.click("noticeAction")  # Save Freeze Map…
    driver.choose_file(tmp_path / "few.freeze.json")
    assert "Exported the freeze map" in driver.notice
    assert FreezeMap.from_json((tmp_path / "few.freeze.json").read_bytes()) == driver.document.freeze_map()
    assert driver.window.isWindowModified(), "the map is no place to save to"
    button = driver.window.findChild(QPushButton, "chooseArchitectureButton")
    driver.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)

    dialog = dialog_of(driver, "architectureDialog")
    press(driver, dialog, "chooseArchitectureButton")
    driver.choose_file(tmp_path / "few.json")
    press(driver, dialog, "openWithArchitectureButton")
    driver.answer("saveQuestion", "Discard")
    driver.wait(lambda: driver.document.is_live)
    assert "2 weights of 1 layer by name" in driver.notice
    driver.trigger("save_as")
    assert driver.suggested_file() == tmp_path / "few.keras"
    driver.cancel_file_dialog()
