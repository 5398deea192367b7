"""The dialogs about freeze maps."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QDialogButtonBox, QLabel, QPlainTextEdit, QPushButton

from editor.layers.comparison import compare_maps
from editor.layers.edits import Look, freeze, look, set_stays_frozen
from editor.layers.mapping import MapReport, Misfit
from editor.layers.tree import LayerTree
from tests.widgets.trees import vgg16_classifier
from widgets.dialogs.apply_map import ApplyMapDialog
from widgets.dialogs.compare_maps import CompareMapsDialog
from widgets.theme import Mode, Theme

# The offscreen platform says this of every window that is shown.
pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")


@pytest.fixture
def tree() -> LayerTree:
    return LayerTree(vgg16_classifier())


def frozen(tree: LayerTree, *paths: str):
    """The map of the tree with some nodes frozen; the tree stays as it is."""
    change = freeze(tree, [node for path in paths if (node := tree.find(path))]).change
    tree.apply(change)
    freeze_map = tree.freeze_map()
    tree.apply(change.reverted)
    return freeze_map


# -- apply ----------------------------------------------------------------------------------------------------


def labels_of(dialog: ApplyMapDialog) -> list[str]:
    return [label.text() for label in dialog.findChildren(QLabel)]


def test_that_a_map_is_looked_at_before_it_is_applied(qtbot, tree):
    change, report = tree.plan_map(frozen(tree, "vgg16"))
    dialog = ApplyMapDialog("other.freeze.json", look(tree, change), report)
    qtbot.addWidget(dialog)
    dialog.open()
    assert dialog.look_text == "13 layers: 14,714,688 parameters freeze."
    with qtbot.waitSignal(dialog.apply_requested):
        qtbot.mouseClick(dialog.findChild(QPushButton, "applyMapButton"), Qt.MouseButton.LeftButton)


def test_that_what_does_not_fit_is_listed_by_name_and_shape(qtbot):
    report = MapReport(("base/gone",), ("head",), (Misfit("head:kernel", (3, 4), (3, 5)),))
    dialog = ApplyMapDialog("other.keras", Look(num_layers=1, num_weights=1, frozen=12), report)
    qtbot.addWidget(dialog)
    dialog.open()
    assert "2 entries of the map do not fit and are left out:" in labels_of(dialog)
    assert "1 layer of this model is not in the map and keeps its flags." in labels_of(dialog)
    lines = dialog.findChild(QPlainTextEdit, "mapMisfits").toPlainText().splitlines()
    assert lines == ["base/gone", "head:kernel: shape (3, 4) in the map, (3, 5) in the model"]


def test_that_a_map_that_changes_nothing_cannot_be_applied(qtbot, tree):
    change, report = tree.plan_map(tree.freeze_map())
    dialog = ApplyMapDialog("same.keras", look(tree, change), report)
    qtbot.addWidget(dialog)
    dialog.open()
    assert dialog.findChild(QPushButton, "applyMapButton") is None
    assert [button.text() for button in dialog.findChild(QDialogButtonBox).buttons()] == ["Close"]


# -- compare --------------------------------------------------------------------------------------------------


class Comparing:
    """A dialog over a tree and another map."""

    def __init__(self, qtbot, tree: LayerTree, other) -> None:
        titles = ("Here: model.keras", "There: other.keras")
        self.dialog = CompareMapsDialog(Theme(Mode.LIGHT), titles, lambda: compare_maps(tree.freeze_map(), other))
        qtbot.addWidget(self.dialog)
        self.dialog.show()
        self.tester = QAbstractItemModelTester(self.dialog.model)

    def rows(self) -> list[tuple[str, ...]]:
        model = self.dialog.model
        return [tuple(model.index(row, column).data() for column in range(3)) for row in range(model.rowCount())]


def test_that_only_differences_are_shown_at_first_and_all_on_request(qtbot, tree):
    comparing = Comparing(qtbot, tree, frozen(tree, "predictions", "vgg16/block1_conv1:bias"))
    assert comparing.rows() == [
        ("vgg16/block1_conv1", "trainable", "kernel trainable, bias frozen"),
        ("predictions", "trainable", "frozen"),
    ]
    assert comparing.dialog.sums.text() == "2 of 15 layers in both differ."
    comparing.dialog.all_box.click()
    assert len(comparing.rows()) == 15
    comparing.dialog.all_box.click()
    assert len(comparing.rows()) == 2


def test_that_a_row_names_its_layer(qtbot, tree):
    comparing = Comparing(qtbot, tree, frozen(tree, "predictions"))
    with qtbot.waitSignal(comparing.dialog.places_chosen) as chosen:
        comparing.dialog.table.setCurrentIndex(comparing.dialog.model.index(0, 0))
    assert chosen.args == [("predictions",)]


def test_that_the_comparison_follows_edits(qtbot, tree):
    other = frozen(tree, "predictions")
    comparing = Comparing(qtbot, tree, other)
    assert comparing.dialog.apply_button.isEnabled()
    tree.apply(tree.plan_map(other)[0])
    comparing.dialog.schedule()
    qtbot.waitUntil(lambda: comparing.rows() == [])
    assert comparing.dialog.sums.text() == "All 15 layers with weights are the same."
    assert not comparing.dialog.apply_button.isEnabled()


def test_that_rules_of_editing_are_compared_too(qtbot, tree):
    change = set_stays_frozen(tree, [tree.find("batch_norm")], holds=True).change
    tree.apply(change)
    other = tree.freeze_map()
    tree.apply(change.reverted)
    comparing = Comparing(qtbot, tree, other)
    assert [row[1:] for row in comparing.rows()] == [("no rule", "stays frozen")]
    assert comparing.dialog.apply_button.isEnabled()
