"""The commands that freeze and thaw, by menus, keys and the inspector: each is one step with a name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction, QContextMenuEvent
from PySide6.QtWidgets import QAbstractButton, QApplication, QDialogButtonBox, QMenu

from editor.layers.accounts import StatisticsMode
from editor.layers.policies import RuleKind, StatisticsPolicy
from tests.widgets.opened import opened_document
from tests.widgets.trees import TreeBuilder, flat, resnet152, vgg16_classifier
from widgets.dialogs.last_layers import LastLayersDialog
from widgets.editing import Editing
from widgets.icons import Icons
from widgets.main_window import MainWindow
from widgets.notifier import Notifier
from widgets.theme import Mode, Theme

# The offscreen platform says this of every window that is shown.
pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")

LEFT = Qt.MouseButton.LeftButton


class Bench:
    """A window with a document and no engine."""

    def __init__(self, qtbot, folder: Path, record) -> None:
        self.qtbot = qtbot
        theme = Theme(Mode.LIGHT)
        self.window = MainWindow(theme, Icons(theme))
        self.notifier = Notifier(self.window, self.window.notices)
        self.document = opened_document(record, folder)
        self.editing = Editing(self.window, self.notifier, lambda: self.document)
        self.editing.set_document(self.document)
        self.tree = self.document.tree
        self.window.layers.set_tree(self.tree, "flowers")
        self.window.inspector.set_tree(self.tree)
        self.window.layers.selection_nodes_changed.connect(self.window.inspector.show_nodes)
        self.window.resize(1280, 800)
        self.window.show()
        qtbot.waitExposed(self.window)

    def select(self, *paths: str) -> None:
        self.window.layers.select_nodes([self.tree.find(path) for path in paths])

    def states(self, *paths: str) -> list[str]:
        return [self.tree.state(self.tree.find(path)).value for path in paths]

    @property
    def steps(self) -> list[str]:
        stack = self.document.stack
        return [stack.text(at) for at in range(stack.count())]

    def click(self, menu: QMenu, *texts: str) -> None:
        """Opens a menu and clicks its way down."""
        # A menu takes no click from a mouse that stands where it stood when the menu opened.
        menu.popup(QPoint(10 + 40 * self.document.stack.index(), 10))
        for text in texts:
            action = self.action(menu, text)
            self.qtbot.mouseMove(menu, menu.actionGeometry(action).center())
            self.qtbot.mouseClick(menu, LEFT, pos=menu.actionGeometry(action).center())
            menu = action.menu() or menu

    def action(self, menu: QMenu, text: str) -> QAction:
        found = [action for action in menu.actions() if action.text() == text]
        assert found, [action.text() for action in menu.actions()]
        return found[0]

    def context_menu(self) -> QMenu:
        view = self.window.layers.view
        place = view.visualRect(view.currentIndex()).center()
        event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, place, view.viewport().mapToGlobal(place))
        QApplication.sendEvent(view.viewport(), event)
        menu = QApplication.activePopupWidget()
        assert isinstance(menu, QMenu)
        return menu

    def button(self, name: str) -> QAbstractButton:
        button = self.window.inspector.findChild(QAbstractButton, name)
        assert isinstance(button, QAbstractButton)
        return button

    def press(self, name: str) -> None:
        button = self.button(name)
        assert button.isVisible()
        self.qtbot.mouseClick(button, LEFT, pos=QPoint(8, button.height() // 2))


@pytest.fixture
def make_bench(qtbot, tmp_path) -> Iterator:
    benches = []

    def make(record) -> Bench:
        benches.append(Bench(qtbot, tmp_path, record))
        return benches[-1]

    yield make
    for bench in benches:
        while popup := QApplication.activePopupWidget():
            popup.close()
        bench.document.leave()
        bench.window.close()
        bench.window.deleteLater()


@pytest.fixture
def bench(make_bench) -> Bench:
    return make_bench(vgg16_classifier())


# -- menus and keys -----------------------------------------------------------------------------------------


def test_that_the_model_menu_freezes_everything_up_to_here(bench):
    bench.select("vgg16/block3_conv1")
    bench.click(bench.window.actions_.model, "Freeze Everything Up to Here")
    assert bench.states("vgg16/block1_conv1", "vgg16/block3_conv1", "vgg16/block3_conv2") == [
        "frozen",
        "frozen",
        "trainable",
    ]
    assert bench.steps == ["Freeze everything up to vgg16/block3_conv1"]


def test_that_the_opposites_stand_in_a_menu_of_their_own(bench):
    bench.select("vgg16/block3_conv1")
    bench.click(bench.window.actions_.model, "The Other Way Round", "Freeze Everything from Here On")
    assert bench.states("vgg16/block2_conv2", "vgg16/block3_conv1", "predictions") == ["trainable", "frozen", "frozen"]
    bench.click(bench.window.actions_.model, "Thaw Everything from Here On")
    assert bench.states("") == ["trainable"]


def test_that_the_class_is_that_of_the_layer_the_keyboard_stands_on(bench):
    bench.select("vgg16/block3_conv1:kernel")
    bench.click(bench.window.actions_.model, "Freeze All of Class Conv2D")
    assert bench.states("vgg16", "predictions") == ["frozen", "trainable"]
    assert bench.steps == ["Freeze 13 Conv2D"]
    bench.select("predictions")
    bench.editing.prepare()
    assert bench.window.actions_["thaw_class"].text() == "Thaw All of Class Dense"


def test_that_biases_are_those_of_the_selection_or_of_the_whole_model(bench):
    bench.select("vgg16/block1_conv1", "vgg16/block1_conv2")
    bench.click(bench.window.actions_.model, "Biases", "Freeze the Biases Only")
    assert bench.states("vgg16/block1_conv1:bias", "vgg16/block1_conv1:kernel", "predictions:bias") == [
        "frozen",
        "trainable",
        "trainable",
    ]
    bench.window.layers.view.clearSelection()
    bench.click(bench.window.actions_.model, "Biases", "Freeze All but the Biases")
    bench.click(bench.window.actions_.model, "Biases", "Thaw the Biases Only")
    assert bench.states("predictions:bias", "predictions:kernel", "vgg16/block1_conv1:bias") == [
        "trainable",
        "frozen",
        "trainable",
    ]
    assert bench.steps == ["Freeze every bias in 2 layers", "Freeze all weights but bias", "Thaw every bias"]


def test_that_a_key_inverts_the_selection(bench, qtbot):
    bench.select("vgg16")
    bench.window.actions_["freeze"].trigger()
    bench.select("vgg16/block1_conv1", "predictions")
    qtbot.keyClick(bench.window, Qt.Key.Key_I, Qt.KeyboardModifier.ControlModifier)
    assert bench.states("vgg16/block1_conv1", "predictions", "vgg16/block2_conv1") == ["trainable", "frozen", "frozen"]
    assert bench.steps == ["Freeze 13 layers under vgg16", "Invert 2 layers"]


def test_that_the_context_menu_has_the_same_commands_and_leaves_them_to_the_next(bench):
    for path in ("vgg16/block2_conv1", "vgg16/block4_conv1"):
        bench.select(path)
        menu = bench.context_menu()
        bench.click(menu, "Thaw Everything from Here On")
        bench.click(bench.context_menu(), "The Other Way Round", "Freeze Everything from Here On")
    assert bench.steps[0] == "Freeze everything from vgg16/block2_conv1 on"
    assert bench.states("vgg16/block2_conv1", "vgg16/block1_conv2") == ["frozen", "trainable"]
    menu = bench.context_menu()
    assert [action.text() for action in menu.actions()][:2] == ["Freeze", "Thaw"]
    assert [action.text() for action in menu.actions()][-1] == "Copy Path"
    menu.close()


def test_that_without_a_layer_there_is_no_here(bench):
    bench.editing.prepare()
    actions = bench.window.actions_
    disabled = {
        name for name in ("freeze", "freeze_up_to", "thaw_from_here", "freeze_class") if actions[name].isEnabled()
    }
    assert not disabled
    bench.select("")
    bench.editing.prepare()
    assert actions["freeze"].isEnabled()
    assert not actions["freeze_up_to"].isEnabled()


def test_that_without_a_document_nothing_can_be_edited(bench):
    document, bench.document = bench.document, None
    bench.editing.prepare()
    assert not [
        action.text() for action in bench.window.actions_.model.actions() if action.isEnabled() and action.text()
    ]
    bench.editing.carry_out("invert")
    assert document.stack.count() == 0
    bench.document = document


def test_that_what_changes_nothing_is_said_and_is_no_step(bench):
    bench.select("predictions")
    bench.window.actions_["thaw"].trigger()
    assert bench.window.notices.text == "Thaw predictions: nothing changes."
    assert bench.steps == []
    bench.window.actions_["freeze"].trigger()
    assert bench.window.notices.text == ""
    assert bench.steps == ["Freeze predictions"]


def test_that_a_tip_tells_what_a_command_would_change(bench, qtbot):
    bench.select("vgg16")
    menu = bench.window.actions_.model
    menu.popup(QPoint(10, 10))
    action = bench.action(menu, "Freeze All of Class Functional")
    assert menu.toolTipsVisible()
    qtbot.mouseMove(menu, menu.actionGeometry(action).center())
    menu.setActiveAction(action)
    assert action.toolTip().endswith("13 layers: 14,714,688 parameters freeze")
    assert bench.window.statusBar().currentMessage() == "13 layers: 14,714,688 parameters freeze"
    assert bench.steps == []
    menu.close()
    # What cannot be used has no look of an earlier time.
    action.setEnabled(False)
    action.hover()
    assert "parameters" not in action.toolTip()


# -- presets ------------------------------------------------------------------------------------------------


def test_that_a_preset_is_chosen_beside_the_filter(bench, qtbot):
    bench.click(bench.window.layers.preset_button.menu(), "Train the Head Only")
    # Nothing tells that this vgg16 is a model, as an older walk does not: the head is the last layer with weights.
    assert bench.states("vgg16", "batch_norm", "predictions") == ["frozen", "frozen", "trainable"]
    bench.click(bench.window.actions_.model, "Presets", "Train Normalization Layers Only")
    assert bench.states("vgg16", "batch_norm", "predictions") == ["frozen", "trainable", "frozen"]
    assert bench.steps == ["Train the Head Only", "Train Normalization Layers Only"]


def test_that_a_preset_which_means_nothing_is_answered_with_a_sentence(make_bench):
    build = TreeBuilder()
    bench = make_bench(build.layer("", "Sequential", children=(build.dense("one", 4, 4), build.dense("two", 4, 4))))
    bench.click(bench.window.actions_.presets, "Train from the Last Block On")
    assert "do not tell where the last block begins" in bench.window.notices.text
    assert bench.steps == []
    bench.window.actions_["preset_last-block"].hover()
    assert "do not tell where the last block begins" in bench.window.actions_["preset_last-block"].toolTip()


def test_that_the_last_layers_are_counted_marked_and_trained(bench, qtbot):
    bench.click(bench.window.actions_.presets, "Train the Last N Layers Only…")
    dialog = bench.window.findChild(LastLayersDialog)
    assert [node.path for node in bench.window.layers.view.marks] == ["vgg16/block5_conv3", "batch_norm", "predictions"]
    qtbot.keyClicks(dialog.number, "1")
    assert len(bench.window.layers.view.marks) == 1
    assert "parameters freeze" in dialog.look_text
    buttons = dialog.findChild(QDialogButtonBox).buttons()
    accept = next(button for button in buttons if "Train" in button.text())
    assert accept.width() >= accept.sizeHint().width()
    qtbot.mouseClick(accept, LEFT)
    assert bench.states("vgg16", "batch_norm", "predictions") == ["frozen", "frozen", "trainable"]
    assert bench.steps == ["Train the last layer only"]
    assert len(bench.window.layers.view.marks) == 0


def test_that_cancelling_the_last_layers_leaves_everything_as_it_was(bench, qtbot):
    bench.window.actions_["last_layers"].trigger()
    dialog = bench.window.findChild(LastLayersDialog)
    # Until then the keyboard is the window's.
    qtbot.waitUntil(dialog.isActiveWindow)
    qtbot.keyClick(dialog.number, Qt.Key.Key_Escape)
    assert bench.steps == []
    assert len(bench.window.layers.view.marks) == 0


# -- pattern ------------------------------------------------------------------------------------------------


def test_that_a_key_opens_the_pattern_bar_and_an_edit_there_is_a_step(bench, qtbot):
    qtbot.keyClick(bench.window, Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier)
    bar = bench.window.layers.pattern_bar
    assert bar.field.hasFocus()
    qtbot.keyClicks(bar.field, "vgg16/block1_*")
    # The window has a command on the same key, for the selection.
    bench.select("predictions")
    bar.field.setFocus()
    qtbot.keyClick(bar.field, Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier)
    assert bench.states("vgg16/block1_conv1", "predictions") == ["frozen", "trainable"]
    assert bench.steps == ["Freeze what matches vgg16/block1_*"]
    bench.document.stack.undo()
    assert bar.details.startswith("2 layers: ")


# -- policies -----------------------------------------------------------------------------------------------


def test_that_the_inspector_shows_and_chooses_a_policy(bench):
    norm = bench.tree.find("batch_norm")
    bench.select("batch_norm")
    assert bench.button("with-layerChoice").isChecked()
    bench.press("updateChoice")
    assert bench.tree.statistics_policy(norm) is StatisticsPolicy.UPDATE
    assert bench.button("updateChoice").isChecked()
    bench.window.actions_["freeze"].trigger()
    assert bench.tree.statistics_mode(norm) is StatisticsMode.UPDATE
    assert bench.window.inspector.facts["In training"] == "Statistics update: they follow the data"
    bench.document.stack.undo()
    bench.document.stack.undo()
    assert bench.button("with-layerChoice").isChecked()
    assert bench.steps == ["Statistics keep updating in batch_norm", "Freeze batch_norm"]


def test_that_chips_tell_which_policy_holds(bench):
    norm = bench.tree.find("batch_norm")

    def chips() -> list[tuple[str, str]]:
        return [(chip.text, chip.tone) for chip in bench.window.layers.model.row_of(norm).chips]

    assert chips() == [("statistics update", "secondary")]
    bench.select("batch_norm")
    bench.press("stillChoice")
    bench.press("staysFrozenBox")
    assert chips() == [("statistics always still", "frozen"), ("stays frozen", "frozen")]
    bench.press("updateChoice")
    assert chips()[0] == ("statistics always update", "trainable")
    bench.press("with-layerChoice")
    bench.press("staysFrozenBox")
    assert chips() == [("statistics update", "secondary")]


def test_that_a_layer_that_stays_frozen_does_so_when_its_block_is_thawed(bench, qtbot):
    bench.select("vgg16/block1_conv1")
    assert not bench.button("with-layerChoice").isVisible()
    bench.press("staysFrozenBox")
    assert bench.steps == ["Keep frozen with its block thawed: vgg16/block1_conv1"]
    bench.select("vgg16")
    assert not bench.button("staysFrozenBox").isVisible()
    bench.window.actions_["freeze"].trigger()
    bench.window.actions_["thaw"].trigger()
    assert bench.states("vgg16/block1_conv1", "vgg16/block1_conv2") == ["frozen", "trainable"]


def test_that_a_block_gives_a_policy_to_all_statistics_below(make_bench):
    bench = make_bench(resnet152())
    bench.select("backbone")
    menu = bench.context_menu()
    bench.click(menu, "Statistics of 189 Layers", "Keep Updating")
    norms = [layer for layer in bench.tree.walk_layers() if layer.record.class_name == "BatchNormalization"]
    assert {bench.tree.statistics_policy(norm) for norm in norms} == {StatisticsPolicy.UPDATE}
    assert bench.steps == ["Statistics keep updating in 189 layers"]
    assert bench.button("updateChoice").isChecked()
    assert bench.button("staysFrozenBox").text() == "189 layers stay frozen when their block is thawed"


def test_that_layers_which_differ_check_no_choice_and_the_next_one_makes_them_alike(make_bench):
    bench = make_bench(resnet152())
    bench.select("backbone/conv2_block1_0_bn")
    bench.press("updateChoice")
    bench.press("staysFrozenBox")
    bench.select("backbone/conv2_block1_0_bn", "backbone/conv2_block1_1_bn")
    assert not any(bench.button(f"{policy.value}Choice").isChecked() for policy in StatisticsPolicy)
    assert bench.button("staysFrozenBox").checkState() == Qt.CheckState.PartiallyChecked
    bench.press("staysFrozenBox")
    assert bench.button("staysFrozenBox").checkState() == Qt.CheckState.Checked
    other = bench.tree.find("backbone/conv2_block1_1_bn")
    assert bench.tree.has_rule(other, RuleKind.STAYS_FROZEN)
    bench.press("staysFrozenBox")
    assert not bench.tree.has_rule(other, RuleKind.STAYS_FROZEN)
    bench.press("with-layerChoice")
    assert bench.button("with-layerChoice").isChecked()


def test_that_the_rule_is_ticked_in_the_menu_where_it_holds(bench):
    bench.select("predictions")
    bench.click(bench.window.actions_.model, "Stays Frozen When Its Block Is Thawed")
    bench.editing.prepare()
    assert bench.window.actions_["stays_frozen"].isChecked()
    bench.click(bench.window.actions_.model, "Stays Frozen When Its Block Is Thawed")
    bench.editing.prepare()
    assert not bench.window.actions_["stays_frozen"].isChecked()
    bench.select("pool")
    bench.editing.prepare()
    assert not bench.window.actions_["stays_frozen"].isEnabled()


def test_that_a_chosen_policy_stays_chosen_when_it_is_chosen_again(bench):
    bench.select("batch_norm")
    bench.press("updateChoice")
    bench.press("updateChoice")
    assert bench.button("updateChoice").isChecked()
    assert bench.steps == ["Statistics keep updating in batch_norm"]


def test_that_a_model_without_statistics_shows_no_policy(make_bench):
    bench = make_bench(flat(3))
    assert not bench.button("with-layerChoice").isVisible()
    assert not bench.button("staysFrozenBox").isVisible()
