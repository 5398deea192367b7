"""The view of changes since opening."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot

from editor.layers.edits import set_policy, set_stays_frozen
from editor.layers.nodes import LayerNode
from editor.layers.policies import StatisticsPolicy
from tests.widgets.opened import opened_document
from tests.widgets.trees import vgg16_classifier
from widgets.changes import ChangesPanel
from widgets.changes.control import ChangesControl
from widgets.icons import Icons
from widgets.main_window import MainWindow
from widgets.theme import Mode, Theme

# The offscreen platform says this of every window that is shown.
pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")


class Opened:
    """A window with a document and its changes."""

    def __init__(self, qtbot: QtBot, folder: Path) -> None:
        theme = Theme(Mode.LIGHT)
        self.qtbot = qtbot
        self.window = MainWindow(theme, Icons(theme))
        qtbot.addWidget(self.window)
        self.document = opened_document(vgg16_classifier(), folder)
        self.control = ChangesControl(self.window, lambda: self.document)
        self.window.layers.set_tree(self.document.tree, "model")
        self.window.inspector.set_tree(self.document.tree)
        self.control.set_document(self.document)
        self.panel: ChangesPanel = self.window.changes
        self.window.inspector.tabs.setCurrentWidget(self.panel)
        self.window.show()
        self.tester = QAbstractItemModelTester(self.panel.model)

    def layer(self, path: str) -> LayerNode:
        node = self.document.tree.find(path)
        assert isinstance(node, LayerNode)
        return node

    def freeze(self, *paths: str) -> None:
        nodes = [node for path in paths if (node := self.document.tree.find(path))]
        self.document.edit(nodes, trainable=False)
        self.control.refresh()

    def rows(self, parent: QModelIndex | None = None) -> list[tuple[str, ...]]:
        model, above = self.panel.model, parent or QModelIndex()
        return [
            tuple(model.index(at, column, above).data() for column in range(3)) for at in range(model.rowCount(above))
        ]

    def choose(self, row: int) -> None:
        self.panel.view.setCurrentIndex(self.panel.model.index(row, 0))

    def click(self, name: str) -> None:
        button = {"this": self.panel.revert_button, "all": self.panel.revert_all_button}[name]
        self.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
        self.control.refresh()

    def tab_text(self) -> str:
        tabs = self.window.inspector.tabs
        return tabs.tabText(tabs.indexOf(self.panel))


@pytest.fixture
def opened(qtbot: QtBot, tmp_path: Path) -> Iterator[Opened]:
    opened = Opened(qtbot, tmp_path)
    yield opened
    opened.document.leave()


def test_that_at_first_nothing_has_changed(opened: Opened):
    assert opened.panel.currentIndex() == 0
    assert opened.tab_text() == "Changes"


def test_that_a_block_is_one_row_that_unfolds(opened: Opened):
    opened.freeze("vgg16", "predictions:bias")
    assert opened.rows() == [("vgg16", "trainable", "frozen"), ("predictions:bias", "trainable", "frozen")]
    inside = opened.rows(opened.panel.model.index(0, 0))
    assert inside[0] == ("block1_conv1", "trainable", "frozen")
    assert len(inside) == 13
    assert opened.tab_text() == "Changes 2"


def test_that_statistics_are_told_in_short(opened: Opened):
    opened.freeze("batch_norm")
    assert opened.rows() == [("batch_norm", "trainable, updates", "frozen, still")]
    inside = opened.rows(opened.panel.model.index(0, 0))
    assert inside[-1] == ("statistics", "statistics update", "statistics still")


def test_that_the_sums_stand_beside_each_other(opened: Opened):
    opened.freeze("vgg16")
    assert opened.panel.summary.texts == [("14,720,842", "6,154"), ("0", "14,714,688"), ("1,024", "1,024")]


def test_that_a_row_selects_its_layer(opened: Opened):
    opened.freeze("vgg16/block1_conv1", "predictions")
    opened.choose(1)
    assert opened.window.layers.selected_nodes() == (opened.layer("predictions"),)


def test_that_one_row_is_reverted_as_one_step(opened: Opened):
    opened.freeze("vgg16/block1_conv1")
    opened.freeze("batch_norm")
    opened.choose(1)
    opened.click("this")
    assert opened.document.stack.undoText() == "Revert batch_norm"
    assert opened.rows() == [("vgg16/block1_conv1", "trainable", "frozen")]
    opened.document.stack.undo()
    opened.control.refresh()
    assert len(opened.rows()) == 2


def test_that_a_part_of_a_block_is_reverted_alone(opened: Opened):
    opened.freeze("batch_norm")
    above = opened.panel.model.index(0, 0)
    opened.panel.view.setCurrentIndex(opened.panel.model.index(0, 0, above))
    opened.click("this")
    assert opened.document.stack.undoText() == "Revert batch_norm:gamma"
    assert ("batch_norm:beta", "trainable", "frozen") in opened.rows()


def test_that_rules_of_editing_are_told_and_reverted(opened: Opened):
    tree, layer = opened.document.tree, opened.layer("batch_norm")
    opened.document.make(set_stays_frozen(tree, [layer], holds=True))
    opened.control.refresh()
    (row,) = opened.rows()
    assert row[1:] == ("no rule", "stays frozen")
    opened.choose(0)
    opened.click("this")
    assert opened.rows() == []
    assert opened.panel.currentIndex() == 0


def test_that_all_is_reverted_as_one_step(opened: Opened):
    tree, layer = opened.document.tree, opened.layer("batch_norm")
    before = opened.document.freeze_map()
    opened.freeze("vgg16", "batch_norm")
    opened.document.make(set_policy(tree, [layer], StatisticsPolicy.UPDATE))
    num_steps = opened.document.stack.count()
    opened.control.refresh()
    opened.click("all")
    assert opened.document.freeze_map() == before
    assert opened.document.stack.count() == num_steps + 1
    assert opened.panel.currentIndex() == 0


def test_that_what_is_unfolded_and_chosen_stays_so_through_edits(opened: Opened):
    opened.freeze("vgg16")
    opened.panel.view.expand(opened.panel.model.index(0, 0))
    opened.choose(0)
    opened.freeze("predictions:bias")
    assert opened.panel.view.isExpanded(opened.panel.model.index(0, 0))
    assert opened.panel.view.currentIndex().data() == "vgg16"
    assert opened.panel.revert_button.isEnabled()
