"""The main job through the real window: open, freeze, train, watch, save, reopen."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt

from editor.layers.accounts import State
from resources import resource_path
from tests.integration.driver import Driver
from widgets.training.run_state import RunState


def test_that_the_demo_model_is_frozen_trained_saved_and_reopened(driver: Driver, tmp_path: Path):
    target = tmp_path / "trained.keras"
    driver.open(resource_path("demo", "digits_transfer.keras"))
    assert driver.state("") is State.TRAINABLE
    assert not driver.window.isWindowModified()

    driver.click_tick("backbone")
    assert driver.state("backbone") is State.FROZEN
    assert driver.window.isWindowModified()
    assert "Frozen 28,048" in driver.window.summary.text

    driver.choose_digits()
    driver.train()
    assert driver.run_state is RunState.FINISHED
    assert "12 of 12 frozen weights unchanged" in driver.proof_text
    curves = driver.window.plots.curves
    assert curves is not None
    assert len(curves["loss"].validation) == driver.window.training.settings().epochs

    driver.save_as(target)
    assert "read back and compared" in driver.notice
    assert not driver.window.isWindowModified()
    flags = driver.document.freeze_map()

    driver.open(target)
    assert driver.document.path == target
    assert driver.document.freeze_map() == flags
    assert driver.document.tree.account(driver.document.tree.root).trainable.parameters == 7690


def test_that_space_toggles_a_selection_of_many_and_undo_takes_it_back(driver: Driver):
    driver.open(resource_path("demo", "digits_transfer.keras"))
    driver.click_row("backbone/conv_1")
    driver.click_row("backbone/conv_2", Qt.KeyboardModifier.ControlModifier)
    driver.press_space()
    assert driver.state("backbone/conv_1") is driver.state("backbone/conv_2") is State.FROZEN
    assert driver.state("backbone") is State.MIXED
    driver.trigger("undo")
    assert driver.state("") is State.TRAINABLE
    assert not driver.window.isWindowModified()
    driver.trigger("redo")
    assert driver.state("backbone") is State.MIXED
