"""Selecting and freezing as an expert does, through the real window, and what of it survives a save."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QAbstractButton, QMenu, QToolButton

from editor.layers.accounts import State, StatisticsMode
from editor.layers.nodes import LayerNode
from editor.layers.policies import RuleKind, StatisticsPolicy
from tests.integration import plain_keras
from tests.integration.driver import Driver
from tests.integration.files import DEMO


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A copy of the demo model, which may be saved over."""
    return Path(shutil.copy(DEMO, tmp_path / "model.keras"))


def layer(driver: Driver, path: str) -> LayerNode:
    node = driver.node(path)
    assert isinstance(node, LayerNode)
    return node


def choose(driver: Driver, menu: QMenu, text: str) -> None:
    """Clicks an entry of a menu that is open."""
    action = next(action for action in menu.actions() if action.text() == text)
    driver.qtbot.mouseMove(menu, menu.actionGeometry(action).center())
    driver.qtbot.mouseClick(menu, Qt.MouseButton.LeftButton, pos=menu.actionGeometry(action).center())


def choose_in_model_menu(driver: Driver, text: str) -> None:
    menu = driver.window.actions_.model
    menu.popup(driver.window.mapToGlobal(QPoint(20 + driver.document.stack.index() * 40, 20)))
    choose(driver, menu, text)


def press(driver: Driver, name: str) -> None:
    button = driver.window.inspector.findChild(QAbstractButton, name)
    assert isinstance(button, QAbstractButton)
    driver.qtbot.mouseClick(button, Qt.MouseButton.LeftButton, pos=QPoint(8, button.height() // 2))


def test_that_patterns_places_and_presets_are_steps_with_names_and_can_be_undone(driver: Driver, model: Path):
    driver.open(model)
    driver.trigger("select_pattern")
    bar = driver.window.layers.pattern_bar
    driver.qtbot.keyClicks(bar.field, "backbone/conv_*")
    assert bar.summary == "4 layers match"
    assert bar.details == "4 layers: 27,792 parameters freeze"
    driver.key_in(bar.field, Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier)
    driver.key_in(bar.field, Qt.Key.Key_Escape)
    assert driver.window.actions_["undo"].text() == "Undo Freeze what matches backbone/conv_*"
    assert "Frozen 27,792" in driver.window.summary.text

    driver.click_row("backbone/bn_2")
    choose_in_model_menu(driver, "Freeze Everything Up to Here")
    assert [driver.state(f"backbone/bn_{at}") for at in (1, 2, 3)] == [State.FROZEN, State.FROZEN, State.TRAINABLE]
    assert driver.window.actions_["undo"].text() == "Undo Freeze everything up to backbone/bn_2"

    presets = driver.window.findChild(QToolButton, "presetButton")
    assert isinstance(presets, QToolButton)
    presets.menu().popup(presets.mapToGlobal(presets.rect().bottomLeft()))
    choose(driver, presets.menu(), "Train the Head Only")
    assert driver.is_frozen("backbone")
    assert driver.state("digit") is State.TRAINABLE
    assert driver.window.actions_["undo"].text() == "Undo Train the Head Only"

    flags = driver.document.freeze_map()
    for _ in range(3):
        driver.undo()
    assert driver.state("") is State.TRAINABLE
    assert not driver.window.isWindowModified()
    for _ in range(3):
        driver.redo()
    assert driver.document.freeze_map() == flags


def test_that_single_weights_policies_and_rules_are_there_after_save_and_reopen(driver: Driver, model: Path):
    driver.open(model)
    driver.click_tick("backbone")
    driver.click_row("backbone/bn_2")
    press(driver, "updateChoice")
    press(driver, "staysFrozenBox")
    # The block is thawed, and what stays frozen is not.
    driver.click_tick("backbone")
    assert driver.state("backbone/bn_3") is State.TRAINABLE
    assert driver.state("backbone/bn_2") is State.FROZEN
    driver.window.layers.view.expand(driver.window.layers.view.index_of(driver.node("digit")))
    driver.click_tick("digit:bias")
    assert driver.state("digit") is State.MIXED
    flags = driver.document.freeze_map()

    driver.save()
    driver.open(model)
    assert driver.document.freeze_map() == flags
    assert driver.is_frozen("digit:bias")
    assert driver.state("digit:kernel") is State.TRAINABLE
    tree, norm = driver.document.tree, layer(driver, "backbone/bn_2")
    assert tree.statistics_policy(norm) is StatisticsPolicy.UPDATE
    assert tree.statistics_mode(norm) is StatisticsMode.UPDATE
    assert tree.has_rule(norm, RuleKind.STAYS_FROZEN)
    assert [chip.text for chip in driver.window.layers.model.row_of(norm).chips] == [
        "statistics always update",
        "stays frozen",
    ]
    # Frozen gamma and beta, and statistics that move: plain Keras has the statistics' bit from the file.
    assert plain_keras.load(model).get_layer("backbone").get_layer("bn_2").trainable
