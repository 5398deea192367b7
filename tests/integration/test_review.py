"""Findings and changes through the real window."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PySide6.QtCore import Qt

from tests.integration.driver import Driver
from tests.integration.files import DEMO
from widgets.findings.card import FindingCard


@pytest.fixture
def opened(driver: Driver, tmp_path: Path) -> Driver:
    driver.open(Path(shutil.copy(DEMO, tmp_path / "model.keras")))
    return driver


def card(driver: Driver, code: str) -> FindingCard | None:
    cards = driver.window.findings.list_.cards
    return next((card for card in cards if card.finding and card.finding.code == code), None)


def test_that_a_finding_comes_with_a_toggle_goes_by_its_cure_and_is_back_after_undo(opened: Driver):
    window = opened.window
    window.inspector.tabs.setCurrentWidget(window.findings)
    assert not card(opened, "nothing-trainable")
    opened.click_row("backbone")
    opened.window.layers.select_nodes([opened.document.tree.root])
    opened.press_space()
    if opened.document.tree.account(opened.document.tree.root).trainable.weights:
        opened.press_space()
    opened.wait(lambda: card(opened, "nothing-trainable"))
    assert int(window.inspector.tabs.badge_text(window.findings)) >= 1

    found = card(opened, "nothing-trainable")
    assert found
    cure = found.cure_button.text()
    opened.qtbot.mouseClick(found.cure_button, Qt.MouseButton.LeftButton)
    opened.wait(lambda: not card(opened, "nothing-trainable"))
    assert opened.document.tree.account(opened.document.tree.root).trainable.weights
    assert opened.document.stack.undoText() == cure

    opened.undo()
    opened.wait(lambda: card(opened, "nothing-trainable"))


def test_that_the_engine_traces_the_gradients_once_for_a_document(opened: Driver):
    watch = opened.app.review.findings
    opened.wait(lambda: watch.is_traced)
    opened.click_tick("backbone")
    assert watch.is_traced


def test_that_all_changes_are_seen_and_reverted(opened: Driver):
    window, before = opened.window, opened.document.freeze_map()
    window.inspector.tabs.setCurrentWidget(window.changes)
    opened.click_tick("backbone/conv_1")
    opened.click_tick("digit")
    opened.wait(lambda: window.changes.model.rowCount() == 2)
    opened.click("revertAllButton")
    assert opened.document.freeze_map() == before
    opened.wait(lambda: window.changes.currentIndex() == 0)
    opened.undo()
    opened.wait(lambda: window.changes.model.rowCount() == 2)
