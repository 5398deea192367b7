"""Selecting by pattern: what is marked, what is said, and what the buttons and keys ask for."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QPushButton, QToolButton

from editor.layers.tree import LayerTree
from tests.widgets.trees import flat, resnet152, vgg16_classifier
from widgets.icons import Icons
from widgets.layer_tree import LayerTreePanel
from widgets.layer_tree.pattern_field import examples
from widgets.theme import Mode, Theme

# The offscreen platform says this of every window that is shown.
pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")

CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def panel(qtbot, qapp) -> LayerTreePanel:
    theme = Theme(Mode.LIGHT)
    panel = LayerTreePanel(theme, Icons(theme))
    qtbot.addWidget(panel)
    panel.resize(900, 700)
    panel.show()
    qtbot.waitExposed(panel)
    return panel


class Wired:
    """A panel whose edits are made at once, as the window does it."""

    def __init__(self, panel: LayerTreePanel, record) -> None:
        self.panel, self.view, self.bar = panel, panel.view, panel.pattern_bar
        self.tree = LayerTree(record)
        self.texts: list[str] = []
        panel.set_tree(self.tree, "flowers")
        panel.edit_requested.connect(self._on_edit_requested)

    def _on_edit_requested(self, edit) -> None:
        self.texts.append(edit.text)
        self.panel.refresh(self.tree.apply(edit.change))

    def type(self, qtbot, text: str) -> None:
        self.panel.open_pattern_bar()
        self.bar.field.selectAll()
        qtbot.keyClicks(self.bar.field, text)

    def click(self, qtbot, name: str) -> None:
        button = self.bar.findChild(QPushButton, f"{name}MatchesButton")
        assert button.isEnabled()
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)

    def enabled(self) -> list[str]:
        return [button.text() for button in self.bar.findChildren(QPushButton) if button.isEnabled()]

    def marked(self) -> list[str]:
        return [node.path for node in self.view.marks]

    def is_open(self, path: str) -> bool:
        return self.view.isExpanded(self.view.index_of(self.tree.find(path)))


@pytest.fixture
def vgg(panel) -> Wired:
    return Wired(panel, vgg16_classifier())


def test_that_matches_are_marked_as_one_types(vgg, qtbot):
    vgg.type(qtbot, "vgg16/block1_conv")
    assert vgg.marked() == []
    qtbot.keyClicks(vgg.bar.field, "*")
    assert vgg.marked() == ["vgg16/block1_conv1", "vgg16/block1_conv2"]
    assert vgg.bar.summary == "2 layers match"
    qtbot.keyClick(vgg.bar.field, Qt.Key.Key_Backspace)
    assert vgg.marked() == []


def test_that_a_name_stands_out_while_it_is_marked(vgg, qtbot):
    node = vgg.tree.find("batch_norm")
    place = QPoint(5, vgg.view.visualRect(vgg.view.index_of(node)).center().y())
    vgg.type(qtbot, "class:BatchNormalization")

    def ground() -> str:
        # The bar has moved the tree down, and the row may stand below the edge.
        vgg.view.scrollTo(vgg.view.index_of(node))
        y = vgg.view.visualRect(vgg.view.index_of(node)).center().y()
        return vgg.view.viewport().grab().toImage().pixelColor(place.x(), y).name()

    assert ground() == vgg.view._theme.palette.mark
    qtbot.keyClick(vgg.bar.field, Qt.Key.Key_Escape)
    assert ground() == vgg.view._theme.palette.pane


def test_that_the_first_match_is_shown_when_one_has_stopped_typing(vgg, qtbot):
    vgg.view.collapse(vgg.view.index_of(vgg.tree.find("vgg16")))
    vgg.type(qtbot, "vgg16/block5_*")
    assert vgg.view.marks.num_below(vgg.tree.find("vgg16")) == 4
    assert not vgg.is_open("vgg16")
    qtbot.waitUntil(lambda: vgg.is_open("vgg16"))
    # What was opened for one match is closed again for the next.
    vgg.type(qtbot, "batch_norm")
    qtbot.waitUntil(lambda: not vgg.is_open("vgg16"))


def test_that_a_closed_row_says_how_many_matches_it_holds(vgg, qtbot):
    view, block = vgg.view, vgg.tree.find("vgg16")
    view.collapse(view.index_of(block))
    vgg.panel.open_pattern_bar()
    row = view.visualRect(view.index_of(block))
    before = view.viewport().grab(row).toImage()
    view.mark_nodes(vgg.tree.find("vgg16").children[:3])
    assert view.viewport().grab(row).toImage() != before
    assert view.marks.num_below(vgg.tree.root) == 3


def test_that_the_dry_look_tells_what_freezing_and_thawing_would_change(vgg, qtbot):
    vgg.type(qtbot, "vgg16/**")
    assert vgg.bar.details == "13 layers: 14,714,688 parameters freeze"
    assert vgg.enabled() == ["Select These", "Freeze"]
    vgg.click(qtbot, "freeze")
    assert vgg.bar.details == "13 layers: 14,714,688 parameters thaw"
    assert vgg.enabled() == ["Select These", "Thaw"]
    assert vgg.tree.state(vgg.tree.find("vgg16")) == "frozen"
    vgg.click(qtbot, "thaw")
    assert vgg.tree.state(vgg.tree.root) == "trainable"
    assert vgg.texts == ["Freeze what matches vgg16/**", "Thaw what matches vgg16/**"]


def test_that_weights_are_matched_and_counted_as_such(vgg, qtbot):
    vgg.type(qtbot, "**:bias")
    assert vgg.bar.summary == "14 weights match"
    vgg.click(qtbot, "freeze")
    assert vgg.tree.state(vgg.tree.find("predictions")) == "mixed"


def test_that_the_keys_for_freezing_concern_what_matches_while_one_types(vgg, qtbot):
    vgg.type(qtbot, "class:Dense")
    qtbot.keyClick(vgg.bar.field, Qt.Key.Key_E, CTRL)
    assert vgg.tree.state(vgg.tree.find("predictions")) == "frozen"
    qtbot.keyClick(vgg.bar.field, Qt.Key.Key_E, CTRL | SHIFT)
    assert vgg.tree.state(vgg.tree.find("predictions")) == "trainable"
    # Where nothing would change, nothing happens.
    qtbot.keyClick(vgg.bar.field, Qt.Key.Key_E, CTRL | SHIFT)
    assert len(vgg.texts) == 2


def test_that_enter_turns_matches_into_the_selection(vgg, qtbot):
    vgg.type(qtbot, "vgg16/block?_conv1")
    qtbot.keyClick(vgg.bar.field, Qt.Key.Key_Return)
    assert [node.name for node in vgg.panel.selected_nodes()] == [f"block{at}_conv1" for at in range(1, 6)]
    assert vgg.view.hasFocus()


@pytest.mark.parametrize(
    ("pattern", "count"), [("**", 569), ("**:bias", 190), ("class:BatchNormalization", 189), ("backbone/conv4_*", 432)]
)
def test_that_any_number_of_matches_is_selected_as_they_are(panel, qtbot, pattern, count):
    wired = Wired(panel, resnet152())
    wired.panel.open_pattern_bar()
    wired.bar.field.setText(pattern)
    wired.click(qtbot, "select")
    assert set(wired.panel.selected_nodes()) == set(wired.bar.matches)
    assert len(wired.bar.matches) == count


def test_that_neighbours_and_single_rows_are_selected_whole(panel, qtbot):
    wired = Wired(panel, flat(50))
    rows = [1, 2, 3, 10, 12, 13, 49]
    nodes = tuple(wired.tree.root.children[at] for at in rows)
    wired.panel.select_nodes(nodes)
    assert wired.panel.selected_nodes() == nodes
    model = wired.view.selectionModel()
    assert [model.isRowSelected(at, wired.view.index_of(wired.tree.root)) for at in (0, 1, 3, 4, 49)] == [
        False,
        True,
        True,
        False,
        True,
    ]


def test_that_a_malformed_pattern_says_so_as_one_types(vgg, qtbot):
    vgg.type(qtbot, "re:block(")
    assert "is not a regular expression" in vgg.bar.summary
    assert vgg.bar.field.property("tone") == "wrong"
    assert vgg.enabled() == []
    qtbot.keyClicks(vgg.bar.field, "")
    vgg.type(qtbot, "re:vgg16/block5_conv(1|2)")
    assert vgg.bar.field.property("tone") == ""
    assert vgg.bar.summary == "2 layers match"


@pytest.mark.parametrize(
    ("pattern", "hint"),
    [("vgg16/blok1_conv1", "vgg16/block1_conv1"), ("class:BatchNorm", "class:BatchNormalization"), ("?", "any depth")],
)
def test_that_what_matches_nothing_is_answered_with_something_near(vgg, qtbot, pattern, hint):
    vgg.type(qtbot, pattern)
    assert vgg.bar.summary == "Nothing matches."
    assert vgg.enabled() == []
    qtbot.waitUntil(lambda: hint in vgg.bar.details)


def test_that_the_empty_field_explains_the_syntax(vgg, qtbot):
    vgg.panel.open_pattern_bar()
    for sign in ("**", "class:", "re:", "**:bias"):
        assert sign in vgg.bar.details
        assert sign in vgg.bar.field.toolTip()
    assert vgg.enabled() == []


def test_that_every_example_matches_something(vgg, qtbot):
    assert [pattern for pattern, _ in examples(vgg.tree)] == [
        "vgg16/**",
        "class:Conv2D",
        "class:*Normalization",
        "**:bias",
    ]
    vgg.panel.open_pattern_bar()
    menu = vgg.bar.findChild(QToolButton).menu()
    menu.aboutToShow.emit()
    for action in menu.actions():
        action.trigger()
        assert vgg.bar.matches


def test_that_escape_closes_the_bar_and_takes_the_marks_away(vgg, qtbot):
    vgg.type(qtbot, "predictions")
    qtbot.keyClick(vgg.bar.field, Qt.Key.Key_Escape)
    assert not vgg.bar.isVisible()
    assert vgg.marked() == []
    assert vgg.view.hasFocus()
    vgg.panel.open_pattern_bar()
    assert vgg.bar.field.selectedText() == "predictions"
    assert vgg.marked() == ["predictions"]


def test_that_another_model_closes_the_bar(vgg, qtbot):
    vgg.type(qtbot, "predictions")
    vgg.panel.set_tree(LayerTree(flat(3)), "flat")
    assert not vgg.bar.isVisible()
    assert vgg.marked() == []
    vgg.panel.open_pattern_bar()
    assert vgg.bar.field.text() == ""


def test_that_matches_which_the_filter_hides_are_edited_too(vgg, qtbot):
    vgg.panel.filter_edit.setText("block1")
    vgg.type(qtbot, "class:Conv2D")
    assert vgg.bar.summary == "13 layers match"
    vgg.click(qtbot, "freeze")
    assert vgg.tree.state(vgg.tree.find("vgg16")) == "frozen"
    assert vgg.panel.filter_edit.text() == "block1"


def test_that_a_long_look_asks_for_no_room(vgg, qtbot):
    vgg.panel.open_pattern_bar()
    narrow = vgg.bar.minimumSizeHint().width()
    vgg.type(qtbot, "re:" + "very_long_name" * 20 + "(")
    assert vgg.bar.minimumSizeHint().width() == narrow
