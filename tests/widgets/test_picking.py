"""The place to cut, chosen in the window's tree while a dialog stands beside it: real clicks and keys, no engine."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QDialog
from pytestqt.qtbot import QtBot

from editor.layers.tree import LayerTree
from editor.training.settings import TrainSettings
from tests.widgets.trees import TreeBuilder
from widgets.dialogs.replace_head import HeadDialog
from widgets.dialogs.transfer_learning import TransferWizard
from widgets.icons import Icons
from widgets.layer_tree.model import Column
from widgets.main_window import MainWindow
from widgets.surgery.beside_tree import BesideTree
from widgets.surgery.data_facts import HeadAdvice
from widgets.theme import Mode, Theme

# The offscreen platform has no window manager to tell its wishes to.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")

LEFT = Qt.MouseButton.LeftButton


def small_model() -> LayerTree:
    """A convolution, a composite layer that holds a Dense layer, and a head."""
    make = TreeBuilder()
    inside = make.dense("inside", 8, 8)
    layers = [
        make.conv("conv", 1, 8, 14),
        make.layer("block", "Block", children=(inside,), output_shapes=((None, 14, 14, 8),)),
        make.pool("pool", 7, 7, 8),
        make.dense("digit", 8, 10),
    ]
    for at in range(1, len(layers)):
        layers[at] = replace(layers[at], takes_from=(layers[at - 1].layer_id,))
    shapes = ((None, 10),)
    return LayerTree(make.layer("", "Sequential", children=layers, output_shapes=shapes, is_graph=True))


class Scene:
    """A window with a tree, and a dialog beside it."""

    def __init__(self, qtbot: QtBot, window: MainWindow) -> None:
        self.qtbot = qtbot
        self.window = window
        self.tree = small_model()
        window.layers.set_tree(self.tree, "model")
        self.view = window.layers.view
        self.view.folding.expand_below([self.tree.root])
        self.toggles: list[object] = []
        window.layers.toggle_requested.connect(self.toggles.append)
        self.select("conv")
        self.beside = BesideTree(window)

    def ask(self, dialog: HeadDialog | TransferWizard) -> None:
        self.beside.ask(dialog)
        self.qtbot.waitExposed(dialog)

    def place_of(self, path: str, column: int = Column.TYPE):
        return self.view.visualRect(self.view.index_of(self.tree.find(path), column)).center()

    def click(self, path: str) -> None:
        self.qtbot.mouseClick(self.view.viewport(), LEFT, pos=self.place_of(path))

    def select(self, path: str) -> None:
        self.view.select_nodes([self.tree.find(path)])

    @property
    def selected(self) -> list[str]:
        return [node.path for node in self.view.selected_nodes()]

    @property
    def struck_out(self) -> list[str]:
        cut = self.window.layers.model.cut
        assert cut is not None
        return [layer.path for layer in self.tree.walk_layers() if cut.goes(layer)]


@pytest.fixture
def scene(qtbot: QtBot) -> Scene:
    theme = Theme(Mode.LIGHT)
    window = MainWindow(theme, Icons(theme))
    qtbot.addWidget(window)
    window.resize(1280, 800)
    window.show()
    qtbot.waitExposed(window)
    return Scene(qtbot, window)


def test_that_a_notice_moves_no_layer_from_under_the_pointer(scene: Scene):
    row = scene.view.visualRect(scene.view.index_of(scene.tree.find("pool"))).center()
    before = scene.view.viewport().mapToGlobal(row)
    scene.window.notices.show_busy("The model is written, changed and read back…")
    scene.qtbot.waitUntil(lambda: scene.window.notices.geometry().top() >= scene.window.layers.geometry().bottom())
    row = scene.view.visualRect(scene.view.index_of(scene.tree.find("pool"))).center()
    assert scene.view.viewport().mapToGlobal(row) == before


def head_dialog(scene: Scene) -> HeadDialog:
    dialog = HeadDialog(scene.tree, None, HeadAdvice(), parent=scene.window)
    scene.ask(dialog)
    return dialog


def test_that_clicks_and_keys_in_the_tree_choose_the_place_and_edit_nothing(scene: Scene):
    dialog = head_dialog(scene)
    assert (dialog.wish.edit.path, scene.selected) == ("pool", ["pool"])
    scene.click("conv")
    assert (dialog.wish.edit.path, scene.selected) == ("conv", ["conv"])
    assert scene.struck_out == ["block", "block/inside", "pool", "digit"]
    scene.qtbot.mouseClick(scene.view.viewport(), LEFT, pos=scene.view.tick_rect_of(scene.tree.find("block")).center())
    assert (dialog.wish.edit.path, scene.struck_out) == ("block", ["pool", "digit"])
    scene.qtbot.keyClick(scene.view, Qt.Key.Key_Space)
    scene.qtbot.keyClick(scene.view, Qt.Key.Key_Up)
    assert (dialog.wish.edit.path, scene.selected) == ("conv", ["conv"])
    assert not scene.toggles
    dialog.reject()
    assert scene.window.layers.model.cut is None
    assert scene.selected == ["conv"]
    scene.qtbot.keyClick(scene.view, Qt.Key.Key_Space)
    assert len(scene.toggles) == 1


def test_that_a_layer_behind_which_there_is_no_cut_says_why_and_is_not_selected(scene: Scene):
    dialog = head_dialog(scene)
    scene.click("block/inside")
    assert "inside block, a Block, which is called as a whole. The nearest place is" in dialog.cut_form.note_text
    assert (dialog.wish.edit.path, scene.selected) == ("pool", ["pool"])
    index = scene.window.layers.model.index_of(scene.tree.find("block/inside"))
    assert not index.flags() & Qt.ItemFlag.ItemIsSelectable
    assert "No place to cut" in index.data(Qt.ItemDataRole.ToolTipRole)
    assert "Stays." in index.data(Qt.ItemDataRole.AccessibleTextRole)


def test_that_no_other_command_can_be_used_meanwhile(scene: Scene):
    used: list[object] = []
    for name in ("undo", "freeze", "start", "replace_head"):
        scene.window.actions_[name].setEnabled(True)
        scene.window.actions_[name].triggered.connect(lambda _checked, name=name: used.append(name))
    other = QDialog(scene.window)
    other.show()
    dialog = head_dialog(scene)
    scene.window.activateWindow()
    scene.qtbot.waitUntil(lambda: QApplication.activeWindow() is scene.window)
    scene.view.setFocus()
    for name in ("undo", "freeze", "start", "replace_head"):
        scene.qtbot.keySequence(scene.view, scene.window.actions_[name].shortcut())
    assert not used
    assert not scene.window.training.isEnabled()
    assert not scene.window.inspector.isEnabled()
    assert not other.isEnabled()
    dialog.reject()
    scene.qtbot.keySequence(scene.view, scene.window.actions_["freeze"].shortcut())
    assert used == ["freeze"]
    assert other.isEnabled()
    assert scene.window.training.isEnabled()


def test_that_the_dialog_ends_with_the_layers_that_it_speaks_of(scene: Scene):
    dialog = head_dialog(scene)
    scene.window.layers.set_tree(small_model(), "another")
    assert not dialog.isVisible()
    assert scene.window.training.isEnabled()


def test_that_the_wizard_takes_a_place_while_it_asks_for_one(scene: Scene):
    wizard = TransferWizard(scene.tree, HeadAdvice(), TrainSettings(data=""), scene.window)
    scene.ask(wizard)
    scene.click("conv")
    assert wizard.wish.edit.path == "pool"
    scene.qtbot.mouseClick(wizard.next_button, LEFT)
    scene.click("conv")
    assert wizard.wish.edit.path == "conv"
    scene.qtbot.mouseClick(wizard.next_button, LEFT)
    assert scene.window.layers.model.cut is None
    wizard.reject()


def test_that_a_model_that_stays_is_folded_where_it_hides_what_goes(scene: Scene):
    make = TreeBuilder()
    inner = [make.layer(f"relu_{at}", "ReLU", output_shapes=((None, 8),)) for at in range(60)]
    backbone = make.layer("backbone", "Functional", children=inner, output_shapes=((None, 8),), is_graph=True)
    head = replace(make.dense("head", 8, 10), takes_from=(backbone.layer_id,))
    scene.tree = LayerTree(make.layer("", "Sequential", children=(backbone, head), is_graph=True))
    scene.window.layers.set_tree(scene.tree, "model")
    scene.view.folding.expand_below([scene.tree.root])
    backbone_index = scene.view.index_of(scene.tree.find("backbone"))
    dialog = head_dialog(scene)
    assert (dialog.wish.edit.path, scene.struck_out) == ("backbone", ["head"])
    assert not scene.view.isExpanded(backbone_index)
    assert scene.view.viewport().rect().contains(scene.place_of("head"))
    dialog.reject()
    assert scene.view.isExpanded(backbone_index)
