"""The dialogs that ask for edits of layers: what they offer, what they refuse, what they come to."""

from __future__ import annotations

import keras
import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from editor.keras_model.walk import walk_model
from editor.layers.nodes import LayerNode
from editor.layers.structure import AddLayers, ReplaceHead
from editor.layers.tree import LayerTree
from editor.training.settings import TrainSettings, WantedOutput
from tests import models
from widgets.dialogs.rename_layer import ReinitialiseDialog, RenameLayerDialog
from widgets.dialogs.replace_head import HeadDialog
from widgets.dialogs.transfer_learning import TransferWizard
from widgets.surgery.data_facts import HeadAdvice

DIGITS = HeadAdvice("1,797 samples of 8 × 8 × 1 · 10 classes", (WantedOutput(task="multi-class", units=10),))


@pytest.fixture(scope="module")
def digits() -> LayerTree:
    return LayerTree(walk_model(models.digits_cnn()).root)


@pytest.fixture(scope="module")
def composites() -> LayerTree:
    return LayerTree(walk_model(models.composites()).root)


def layer(tree: LayerTree, path: str) -> LayerNode:
    found = tree.find(path)
    assert isinstance(found, LayerNode)
    return found


def shown(qtbot: QtBot, dialog):
    qtbot.addWidget(dialog)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    dialog.ask()
    return dialog


def test_that_the_head_is_found_and_the_data_tell_the_units(qtbot: QtBot, digits: LayerTree):
    looks = []
    dialog = HeadDialog(digits, None, DIGITS)
    dialog.cut_shown.connect(looks.append)
    shown(qtbot, dialog)
    assert dialog.wish.edit.path == "pool"
    assert dialog.wish.edit.head.units == 10
    assert "Found" in dialog.cut_form.note_text
    assert "Goes: flatten, digit." in dialog.look_text
    assert "13,610 before, 170 after (80 parameters stay)" in dialog.look_text
    assert looks[-1].place is layer(digits, "pool")
    assert [path for path in ("conv", "pool", "flatten", "digit") if looks[-1].goes(layer(digits, path))] == [
        "flatten",
        "digit",
    ]
    dialog.reject()
    assert looks[-1] is None


def test_that_the_selected_layer_is_where_to_cut_unless_it_is_in_the_head(qtbot: QtBot, digits: LayerTree):
    assert shown(qtbot, HeadDialog(digits, layer(digits, "conv"), DIGITS)).wish.edit.path == "conv"
    assert shown(qtbot, HeadDialog(digits, layer(digits, "digit"), DIGITS)).wish.edit.path == "pool"


def test_that_a_layer_that_cannot_be_cut_at_gives_the_reason_and_the_nearest(qtbot: QtBot, composites: LayerTree):
    dialog = shown(qtbot, HeadDialog(composites, layer(composites, "composite/blocks/0"), HeadAdvice()))
    assert "called as a whole" in dialog.cut_form.note_text
    assert dialog.wish.edit.path == "composite"


def test_that_a_layer_clicked_in_the_tree_is_taken_or_refused_in_words(qtbot: QtBot, composites: LayerTree):
    dialog = shown(qtbot, HeadDialog(composites, None, HeadAdvice()))
    dialog.choose_place(layer(composites, "composite"))
    assert dialog.wish.edit.path == "composite"
    closed = layer(composites, "composite/blocks/0")
    dialog.choose_place(closed)
    assert "called as a whole. The nearest place is behind composite." in dialog.cut_form.note_text
    assert dialog.wish.edit.path == "composite"
    assert not dialog.cut_form.look.can_be_chosen(closed)
    assert "No place to cut" in dialog.cut_form.look.words(closed)
    dialog.choose_place(layer(composites, "composite"))
    assert not dialog.cut_form.note_text


def test_that_only_pooling_that_fits_the_rank_is_offered(qtbot: QtBot, digits: LayerTree):
    dialog = shown(qtbot, HeadDialog(digits, None, DIGITS))
    assert dialog.head_form.pooling.count() == 4
    dialog.cut_form.box.setCurrentIndex(dialog.cut_form.box.findText("flatten", Qt.MatchFlag.MatchStartsWith))
    assert dialog.head_form.pooling.count() == 1
    assert dialog.head_form.head.pooling == "none"


def test_that_what_does_not_fit_is_said_beside_the_field(qtbot: QtBot, digits: LayerTree):
    dialog = shown(qtbot, HeadDialog(digits, None, HeadAdvice()))
    dialog.head_form.units.setValue(1)
    assert "softmax of one unit" in dialog.head_form.message_of("activation")
    assert not dialog.make_button.isEnabled()
    dialog.head_form.set_output(1, "sigmoid")
    assert dialog.make_button.isEnabled()


def test_that_data_that_are_read_while_a_dialog_is_open_are_followed(qtbot: QtBot, digits: LayerTree):
    awaited = HeadAdvice(is_awaited=True)
    dialog = shown(qtbot, HeadDialog(digits, None, awaited))
    wizard = shown(qtbot, TransferWizard(digits, awaited, TrainSettings(data="")))
    assert "being read" in dialog.head_form.message_of("units")
    for each in (dialog, wizard):
        each.take_advice(DIGITS)
        assert each.wish.edit.head.units == 10
    assert "10 classes" in dialog.head_form.message_of("units")
    # What a person has chosen stays.
    dialog.head_form.units.setValue(4)
    wizard.data_page.units.setValue(4)
    for each in (dialog, wizard):
        each.take_advice(DIGITS)
        assert each.wish.edit.head.units == 4


def test_that_layers_on_top_freeze_what_was_before_and_take_one_output(qtbot: QtBot, digits: LayerTree):
    dialog = shown(qtbot, HeadDialog(digits, None, DIGITS, is_on_top=True))
    assert isinstance(dialog.wish.edit, AddLayers)
    assert dialog.wish.freezes
    assert "take the probabilities" in dialog.look_text
    root = msgspec.structs.replace(digits.root.record, output_shapes=((None, 2), (None, 3)))
    refused = shown(qtbot, HeadDialog(LayerTree(root), None, DIGITS, is_on_top=True))
    assert refused.wish is None
    assert "2 outputs" in refused.look_text


def test_that_three_pages_by_keyboard_come_to_one_wish(qtbot: QtBot, digits: LayerTree):
    settings = TrainSettings(data="sample:digits", loss="huber")
    wizard = TransferWizard(digits, DIGITS, settings)
    wishes = []
    wizard.edit_requested.connect(wishes.append)
    shown(qtbot, wizard)
    for _ in range(3):
        qtbot.keyClick(QApplication.focusWidget() or wizard, Qt.Key.Key_Return)
    (wish,) = wishes
    assert isinstance(wish.edit, ReplaceHead)
    assert (wish.freezes, wish.but_last) == (True, 0)
    assert (wish.edit.head.units, wish.settings.loss, wish.settings.data) == (10, "huber", "sample:digits")


def test_that_the_task_chooses_activation_and_units(qtbot: QtBot, digits: LayerTree):
    wizard = shown(qtbot, TransferWizard(digits, DIGITS, TrainSettings(data="")))
    page = wizard.data_page
    page.task.setCurrentIndex(1)
    assert (wizard.head_form.head.units, wizard.head_form.head.activation) == (1, "sigmoid")
    page.task.setCurrentIndex(0)
    assert (wizard.head_form.head.units, page.problem_text) == (2, "")
    page.units.setValue(1)
    assert "softmax of one unit" in page.problem_text
    assert not wizard.next_button.isEnabled()
    page.task.setCurrentIndex(3)
    assert wizard.head_form.head.activation == "linear"


def test_that_a_name_is_refused_beside_its_field(qtbot: QtBot, digits: LayerTree):
    dialog = shown(qtbot, RenameLayerDialog(digits, layer(digits, "conv")))
    for name, words in (("a/b", "no /"), ("my conv", "TensorFlow"), ("pool", "already")):
        dialog.field.setText(name)
        assert words in dialog.message.text()
        assert dialog.wish is None
    dialog.field.setText("first")
    assert dialog.wish.edit.name == "first"


def test_that_the_data_fill_in_the_head_until_a_person_chooses(qtbot: QtBot):
    tree = LayerTree(walk_model(two_outputs()).root)
    wanted = (WantedOutput(task="multi-class", units=5), WantedOutput(task="regression", units=3))
    advice = HeadAdvice("data", wanted, ("kind", "size"))
    dialog = shown(qtbot, HeadDialog(tree, None, advice))
    form = dialog.head_form
    dialog.choose_place(layer(tree, "left"))
    assert (form.head.units, form.head.activation, form.message_of("units")) == (
        5,
        "softmax",
        "As the data have it: 5 classes.",
    )
    dialog.choose_place(layer(tree, "right"))
    assert (form.head.units, form.head.activation, form.message_of("units")) == (
        3,
        "linear",
        "As the data have it: 3 targets.",
    )
    form.units.setValue(7)
    dialog.choose_place(layer(tree, "left"))
    assert form.head.units == 7


def two_outputs() -> keras.Model:
    values = keras.Input((4,), name="values")
    left = keras.layers.Dense(6, name="left")(values)
    right = keras.layers.Dense(6, name="right")(values)
    kind = keras.layers.Dense(2, activation="softmax", name="kind")(left)
    return keras.Model(values, [kind, keras.layers.Dense(1, name="size")(right)], name="two")


def test_that_several_labels_are_no_yes_or_no(qtbot: QtBot, digits: LayerTree):
    advice = HeadAdvice("data", (WantedOutput(task="multi-label", units=5),))
    wizard = shown(qtbot, TransferWizard(digits, advice, TrainSettings(data="")))
    assert wizard.data_page.task.currentText() == "Several labels at once"
    assert (wizard.wish.edit.head.units, wizard.wish.edit.head.activation) == (5, "sigmoid")


def test_that_the_learning_rate_is_shown_as_typed_and_checked(qtbot: QtBot, digits: LayerTree):
    wizard = shown(qtbot, TransferWizard(digits, DIGITS, TrainSettings(data="")))
    field = wizard.first_run.learning_rate
    assert field.text() == "0.001"
    field.setText("2e-5")
    assert wizard.wish.settings.learning_rate == 2e-5
    field.setText("0")
    assert wizard.wish is None
    assert "above 0" in wizard.first_run.problem_text


def test_that_a_long_problem_of_a_name_squeezes_nothing(qtbot: QtBot, digits: LayerTree):
    dialog = shown(qtbot, RenameLayerDialog(digits, layer(digits, "conv")))
    dialog.field.setText("x:y")
    assert "TensorFlow" in dialog.message.text()
    qtbot.waitUntil(lambda: dialog.message.height() >= dialog.message.heightForWidth(dialog.message.width()))
    assert dialog.field.height() >= dialog.field.sizeHint().height()


def test_that_fresh_values_that_would_stay_random_are_told(qtbot: QtBot):
    tree = LayerTree(walk_model(models.digits_cnn()).root)
    assert shown(qtbot, ReinitialiseDialog(tree, (layer(tree, "conv"),))).warning.isHidden()
    tree.apply(tree.plan([layer(tree, "conv").weights[0]], trainable=False))
    assert shown(qtbot, ReinitialiseDialog(tree, (layer(tree, "conv"),))).frozen_text.startswith("1 weight of it is")
    tree.apply(tree.plan([layer(tree, "conv")], trainable=False))
    dialog = shown(qtbot, ReinitialiseDialog(tree, (layer(tree, "conv"),)))
    assert "This is frozen: the new values stay random" in dialog.warning.text()
    assert dialog.warning.isVisible()


@pytest.mark.parametrize(
    ("advice", "words"),
    [
        (HeadAdvice(), "No data are chosen yet."),
        (HeadAdvice(problem="Column height has text in row 3."), "Column height has text in row 3."),
    ],
)
def test_that_the_wizard_tells_why_no_data_are_known_and_asks_for_them(
    qtbot: QtBot, digits: LayerTree, advice: HeadAdvice, words: str
):
    wizard = shown(qtbot, TransferWizard(digits, advice, TrainSettings(data="")))
    page = wizard.data_page
    assert page.data_text == words
    with qtbot.waitSignal(page.data_requested):
        qtbot.mouseClick(page.data_button, Qt.MouseButton.LeftButton)
