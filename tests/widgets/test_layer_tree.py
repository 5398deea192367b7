"""The layer tree: what it shows, and what clicks and keys ask for."""

from __future__ import annotations

import pytest
from msgspec import structs
from PySide6.QtCore import QEvent, QModelIndex, QObject, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from editor.layers.tree import LayerTree
from editor.training.settings import Move
from tests.widgets.trees import flat, normalization_only, shared_encoder, vgg16_classifier
from widgets.icons import Icons
from widgets.layer_tree import LayerTreeModel, LayerTreePanel, ToggleWish
from widgets.layer_tree.menu import tree_menu
from widgets.layer_tree.model import Column
from widgets.layer_tree.moves import Moves
from widgets.theme import Mode, Theme

# The offscreen platform says this of every window that is shown.
pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")

LEFT = Qt.MouseButton.LeftButton
CHECK = Qt.ItemDataRole.CheckStateRole


@pytest.fixture
def icons(qapp) -> Icons:
    return Icons(Theme(Mode.LIGHT))


@pytest.fixture
def panel(qtbot, icons) -> LayerTreePanel:
    panel = LayerTreePanel(icons._theme, icons)
    qtbot.addWidget(panel)
    panel.resize(768, 700)
    panel.show()
    qtbot.waitExposed(panel)
    return panel


class Wired:
    """A panel whose wishes are carried out at once, as the window does it."""

    def __init__(self, panel: LayerTreePanel, record) -> None:
        self.panel = panel
        self.view = panel.view
        self.tree = LayerTree(record)
        self.wishes: list[ToggleWish] = []
        panel.set_tree(self.tree, "flowers")
        panel.toggle_requested.connect(self._on_panel_toggle_requested)

    def _on_panel_toggle_requested(self, wish: ToggleWish) -> None:
        self.wishes.append(wish)
        self.panel.refresh(self.tree.apply(self.tree.plan(wish.nodes, trainable=wish.trainable)))

    def find(self, *paths: str):
        return tuple(self.tree.find(path) for path in paths)

    def states(self, *paths: str) -> list[str]:
        return [self.tree.state(node).value for node in self.find(*paths)]

    def shown(self, path: str, column: int) -> str:
        return self.view.index_of(self.tree.find(path), column).data()

    def chips(self, path: str) -> list[str]:
        return [chip.text for chip in self.panel.model.row_of(self.tree.find(path)).chips]

    def click_tick(self, qtbot, path: str) -> None:
        node = self.tree.find(path)
        self.view.scrollTo(self.view.index_of(node))
        qtbot.mouseClick(self.view.viewport(), LEFT, pos=self.view.tick_rect_of(node).center())


@pytest.fixture
def vgg(panel) -> Wired:
    return Wired(panel, vgg16_classifier())


# -- the model ----------------------------------------------------------------------------------------------


def test_that_the_model_is_sound_before_and_after_changes(qtmodeltester, qapp):
    model = LayerTreeModel()
    qtmodeltester.check(model)
    tree = LayerTree(vgg16_classifier())
    model.set_tree(tree, "flowers")
    qtmodeltester.check(model)
    model.refresh(tree.apply(tree.plan([tree.root], trainable=False)))
    model.refresh(tree.apply(tree.plan([tree.find("vgg16/block3_conv1:bias")], trainable=True)))
    qtmodeltester.check(model)
    model.set_tree(LayerTree(shared_encoder()), "shared")
    qtmodeltester.check(model)
    model.set_tree(None, "")
    assert model.rowCount() == 0


def test_that_the_filter_is_a_sound_model_before_and_after_changes(qtmodeltester, vgg):
    qtmodeltester.check(vgg.view.model())
    vgg.panel.filter_edit.setText("conv2")
    qtmodeltester.check(vgg.view.model())
    vgg.panel.refresh(vgg.tree.apply(vgg.tree.plan([vgg.tree.root], trainable=False)))
    vgg.panel.set_tree(LayerTree(shared_encoder()), "shared")
    qtmodeltester.check(vgg.view.model())


def test_that_a_change_emits_one_range_for_each_run_of_neighbours(qapp):
    model = LayerTreeModel()
    tree = LayerTree(vgg16_classifier())
    model.set_tree(tree, "flowers")
    ranges = []
    model.dataChanged.connect(lambda first, last, roles: ranges.append((first.row(), last.row(), CHECK in roles)))
    for node in tree.walk():
        model.index_of(node).data()
    model.refresh(tree.apply(tree.plan([tree.find("batch_norm")], trainable=False)))
    # The root, batch_norm in it, and its weights.
    assert sorted(ranges) == [(0, 0, True), (0, 3, True), (1, 1, True)]


def test_that_rows_which_nobody_read_are_passed_over(qapp):
    model = LayerTreeModel()
    tree = LayerTree(flat(100))
    model.set_tree(tree, "flat")
    ranges = []
    model.dataChanged.connect(lambda first, last: ranges.append((first.data(), last.data())))
    model.index_of(tree.root).data()
    for name in ("dense_7", "dense_8", "dense_50"):
        model.index_of(tree.find(name)).data()
    model.refresh(tree.apply(tree.plan([tree.root], trainable=False)))
    assert sorted(ranges) == [("dense_50", "0"), ("dense_7", "0"), ("flat", "0")]


def test_that_rows_show_words_and_numbers(vgg):
    row = [vgg.shown("vgg16/block2_conv2", column) for column in Column]
    assert row == ["block2_conv2", "Conv2D", "112 × 112 × 128", "147,584", "147,584", ""]
    row = [vgg.shown("vgg16/block2_conv2:kernel", column) for column in Column]
    assert row == ["kernel", "weight", "3 × 3 × 128 × 128", "147,456", "147,456", ""]
    assert vgg.shown("batch_norm:moving_mean", Column.TYPE) == "statistics"
    assert [vgg.shown("pool", column) for column in Column] == ["pool", "MaxPooling2D", "512", "", "", ""]
    assert vgg.view.index_of(vgg.tree.root).data() == "flowers"


def test_that_weights_that_a_file_does_not_tell_are_not_shown_as_none(panel):
    record = vgg16_classifier()
    children = [structs.replace(each, are_weights_known=each.name != "pool") for each in record.children]
    told = Wired(panel, structs.replace(record, children=tuple(children)))
    row = [told.shown("pool", column) for column in Column]
    assert row == ["pool", "MaxPooling2D", "512", "unknown", "unknown", ""]
    assert told.view.index_of(told.tree.root, Column.PARAMETERS).data() == "14,721,866+"
    assert told.panel.model.row_of(told.find("pool")[0]).spoken == "pool, not known whether it trains"


def test_that_the_check_state_is_that_of_the_weights_below(vgg):
    model = vgg.panel.model
    root, vgg16, conv = (model.index_of(node) for node in (vgg.tree.root, *vgg.find("vgg16", "vgg16/block1_conv1")))
    assert root.data(CHECK) == Qt.CheckState.Checked
    vgg.panel.refresh(vgg.tree.apply(vgg.tree.plan(vgg.find("vgg16/block1_conv1"), trainable=False)))
    assert root.data(CHECK) == vgg16.data(CHECK) == Qt.CheckState.PartiallyChecked
    assert conv.data(CHECK) == Qt.CheckState.Unchecked
    assert model.index_of(vgg.tree.find("pool")).data(CHECK) is None
    assert not model.flags(model.index_of(vgg.tree.find("pool"))) & Qt.ItemFlag.ItemIsUserCheckable


def test_that_set_data_asks_and_changes_nothing_by_itself(qtbot, qapp):
    model = LayerTreeModel()
    tree = LayerTree(vgg16_classifier())
    model.set_tree(tree, "flowers")
    node = tree.find("predictions")
    with qtbot.waitSignal(model.toggle_requested) as asked:
        assert model.setData(model.index_of(node), Qt.CheckState.Unchecked.value, CHECK)
    assert asked.args == [ToggleWish((node,), trainable=False)]
    with qtbot.waitSignal(model.toggle_requested) as asked:
        assert model.setData(model.index_of(node), Qt.CheckState.Checked, CHECK)
    assert asked.args == [ToggleWish((node,), trainable=True)]
    assert tree.state(node) == "trainable"
    assert not model.setData(model.index_of(tree.find("pool")), 2, CHECK)
    assert not model.setData(model.index_of(node), "other name", Qt.ItemDataRole.EditRole)
    assert not model.setData(QModelIndex(), 2, CHECK)


def test_that_assistive_technology_hears_name_and_state(vgg):
    vgg.panel.refresh(vgg.tree.apply(vgg.tree.plan(vgg.find("batch_norm"), trainable=False)))
    spoken = Qt.ItemDataRole.AccessibleTextRole
    assert vgg.view.index_of(vgg.tree.find("batch_norm")).data(spoken) == "batch_norm, frozen, statistics still"
    hint = vgg.view.index_of(vgg.tree.find("vgg16/block1_conv1")).data(Qt.ItemDataRole.ToolTipRole)
    assert hint == "vgg16/block1_conv1\nTrainable"
    assert vgg.view.accessibleName()
    assert vgg.panel.filter_edit.accessibleName()


# -- clicks and keys ----------------------------------------------------------------------------------------


def test_that_a_click_on_a_tick_box_freezes_and_thaws(vgg, qtbot):
    vgg.click_tick(qtbot, "vgg16/block1_conv1")
    assert vgg.states("vgg16/block1_conv1", "vgg16/block1_conv2", "vgg16") == ["frozen", "trainable", "mixed"]
    assert vgg.shown("vgg16/block1_conv1", Column.TRAINABLE) == "0"
    vgg.click_tick(qtbot, "vgg16/block1_conv1")
    assert vgg.states("vgg16/block1_conv1", "vgg16") == ["trainable", "trainable"]


def test_that_two_quick_clicks_toggle_twice_and_fold_nothing(vgg, qtbot):
    node = vgg.tree.find("vgg16/block1_conv1")
    place = vgg.view.tick_rect_of(node).center()
    qtbot.mouseClick(vgg.view.viewport(), LEFT, pos=place)
    qtbot.mouseDClick(vgg.view.viewport(), LEFT, pos=place)
    qtbot.mouseRelease(vgg.view.viewport(), LEFT, pos=place)
    assert [wish.trainable for wish in vgg.wishes] == [False, True]
    assert not vgg.view.isExpanded(vgg.view.index_of(node))


def test_that_a_click_on_the_name_selects_and_toggles_nothing(vgg, qtbot):
    node = vgg.tree.find("vgg16/block1_conv1")
    beside = vgg.view.tick_rect_of(node).center()
    beside.setX(beside.x() + 40)
    with qtbot.waitSignal(vgg.panel.selection_nodes_changed) as changed:
        qtbot.mouseClick(vgg.view.viewport(), LEFT, pos=beside)
    assert changed.args == [(node,)]
    assert vgg.wishes == []


def test_that_a_press_on_a_tick_box_that_ends_elsewhere_toggles_nothing(vgg, qtbot):
    first, other = vgg.find("vgg16/block1_conv1", "vgg16/block2_conv1")
    qtbot.mousePress(vgg.view.viewport(), LEFT, pos=vgg.view.tick_rect_of(first).center())
    qtbot.mouseRelease(vgg.view.viewport(), LEFT, pos=vgg.view.tick_rect_of(other).center())
    assert vgg.wishes == []


def test_that_a_click_on_the_root_toggles_the_whole_model(vgg, qtbot):
    vgg.click_tick(qtbot, "")
    assert vgg.tree.account(vgg.tree.root).trainable.parameters == 0
    assert vgg.view.index_of(vgg.tree.root, Column.TRAINABLE).data() == "0"


def test_that_a_click_in_a_selection_toggles_all_of_it_and_keeps_it(vgg, qtbot):
    nodes = vgg.find("vgg16/block1_conv1", "vgg16/block1_conv2", "vgg16/block1_pool", "vgg16/block3_conv3")
    vgg.panel.select_nodes(nodes)
    vgg.click_tick(qtbot, "vgg16/block3_conv3")
    assert vgg.panel.selected_nodes() == nodes
    assert vgg.wishes == [ToggleWish((nodes[0], nodes[1], nodes[3]), trainable=False)]
    assert vgg.states("vgg16/block1_conv1", "vgg16/block3_conv3") == ["frozen", "frozen"]


def test_that_a_click_outside_the_selection_toggles_that_row_alone(vgg, qtbot):
    vgg.panel.select_nodes(vgg.find("vgg16/block1_conv1", "vgg16/block1_conv2"))
    vgg.click_tick(qtbot, "vgg16/block3_conv3")
    assert vgg.wishes[0].nodes == vgg.find("vgg16/block3_conv3")
    assert vgg.panel.selected_nodes() == vgg.find("vgg16/block3_conv3")


def test_that_space_toggles_a_selection_of_any_size(panel, qtbot):
    wired = Wired(panel, flat(2000))
    wired.view.setFocus()
    wired.view.setCurrentIndex(wired.view.index_of(wired.tree.root.children[0]))
    qtbot.keyClick(wired.view, Qt.Key.Key_End, Qt.KeyboardModifier.ShiftModifier)
    assert len(panel.selected_nodes()) == 2000
    qtbot.keyClick(wired.view, Qt.Key.Key_Space)
    assert wired.tree.state(wired.tree.root) == "frozen"
    qtbot.keyClick(wired.view, Qt.Key.Key_Space)
    assert wired.tree.state(wired.tree.root) == "trainable"
    assert len(panel.selected_nodes()) == 2000
    assert len(wired.wishes) == 2


def test_that_the_current_row_decides_what_space_does(vgg, qtbot):
    vgg.panel.refresh(vgg.tree.apply(vgg.tree.plan(vgg.find("vgg16/block1_conv1"), trainable=False)))
    vgg.panel.select_nodes(vgg.find("vgg16/block1_conv1", "vgg16/block1_conv2"))
    qtbot.keyClick(vgg.view, Qt.Key.Key_Space)
    assert vgg.states("vgg16/block1_conv1", "vgg16/block1_conv2") == ["trainable", "trainable"]
    vgg.panel.refresh(vgg.tree.apply(vgg.tree.plan(vgg.find("vgg16/block1_conv1"), trainable=False)))
    vgg.panel.select_nodes(vgg.find("vgg16/block1_conv2", "vgg16/block1_conv1"))
    qtbot.keyClick(vgg.view, Qt.Key.Key_Space)
    assert vgg.states("vgg16/block1_conv1", "vgg16/block1_conv2") == ["frozen", "frozen"]


def test_that_a_partly_trainable_layer_becomes_trainable(vgg, qtbot):
    vgg.panel.refresh(vgg.tree.apply(vgg.tree.plan(vgg.find("predictions:bias"), trainable=False)))
    assert vgg.states("predictions") == ["mixed"]
    vgg.panel.select_nodes(vgg.find("predictions"))
    qtbot.keyClick(vgg.view, Qt.Key.Key_Space)
    assert vgg.states("predictions") == ["trainable"]


def test_that_space_on_a_layer_without_weights_asks_for_nothing(vgg, qtbot):
    vgg.panel.select_nodes(vgg.find("pool"))
    qtbot.keyClick(vgg.view, Qt.Key.Key_Space)
    assert vgg.wishes == []


def test_that_statistics_alone_are_toggled_between_update_and_still(panel, qtbot):
    wired = Wired(panel, normalization_only())
    chips = []
    for _ in range(3):
        chips.append(wired.chips("scale"))
        wired.click_tick(qtbot, "scale")
    assert chips == [["statistics update"], ["statistics still"], ["statistics update"]]


def test_that_a_shared_layer_changes_in_all_its_places(panel, qtbot):
    wired = Wired(panel, shared_encoder())
    assert wired.chips("left/encoder") == ["shared ×2"]
    wired.click_tick(qtbot, "left/encoder")
    for path in ("left/encoder", "right/encoder"):
        assert wired.shown(path, Column.TRAINABLE) == "0"
        assert wired.view.index_of(wired.tree.find(path)).data(CHECK) == Qt.CheckState.Unchecked
    assert wired.shown("right", Column.TRAINABLE) == "0"


def test_that_the_tick_box_is_repainted_in_the_colour_of_its_state(vgg, qtbot):
    node = vgg.tree.find("vgg16/block1_conv1")
    centre = vgg.view.tick_rect_of(node).adjusted(3, 3, -10, -10).center()
    theme = vgg.view._theme
    assert _colour_at(vgg.view, centre) == theme.palette.trainable
    vgg.click_tick(qtbot, "vgg16/block1_conv1")
    assert _colour_at(vgg.view, centre) == theme.palette.frozen_fill


def _colour_at(view, place) -> str:
    image = view.viewport().grab().toImage()
    ratio = image.devicePixelRatio()
    return image.pixelColor(int(place.x() * ratio), int(place.y() * ratio)).name()


def test_that_the_menu_freezes_thaws_folds_and_copies(vgg, icons):
    nodes = vgg.find("vgg16/block1_conv1", "vgg16/block2_conv1")
    vgg.panel.select_nodes(nodes)
    menu = tree_menu(vgg.view, icons)
    actions = {action.text(): action for action in menu.actions() if action.text()}
    assert list(actions) == ["Freeze", "Thaw", "Expand All Below", "Collapse All", "Copy Paths"]
    actions["Freeze"].trigger()
    assert vgg.states("vgg16/block1_conv1", "vgg16/block2_conv1") == ["frozen", "frozen"]
    actions["Thaw"].trigger()
    assert vgg.wishes[-1] == ToggleWish(nodes, trainable=True)
    actions["Expand All Below"].trigger()
    assert vgg.view.isExpanded(vgg.view.index_of(nodes[1]))
    actions["Copy Paths"].trigger()
    assert QGuiApplication.clipboard().text() == "vgg16/block1_conv1\nvgg16/block2_conv1"
    actions["Collapse All"].trigger()
    assert vgg.view.isExpanded(vgg.view.index_of(vgg.tree.root))
    assert not vgg.view.isExpanded(vgg.view.index_of(vgg.tree.find("vgg16")))
    menu.deleteLater()


def test_that_the_menu_offers_no_freezing_where_there_is_nothing_to_freeze(vgg, icons):
    vgg.panel.select_nodes(vgg.find("pool"))
    menu = tree_menu(vgg.view, icons)
    assert [action.text() for action in menu.actions() if not action.isEnabled()] == [
        "Freeze",
        "Thaw",
        "Expand All Below",
    ]
    menu.deleteLater()


# -- filter and pages ---------------------------------------------------------------------------------------


def visible_names(view) -> list[str]:
    names, index = [], view.model().index(0, 0)
    while index.isValid():
        names.append(index.data())
        index = view.indexBelow(index)
    return names


def test_that_the_filter_finds_names_and_types_and_keeps_parents(vgg, qtbot):
    qtbot.keyClicks(vgg.panel.filter_edit, "CONV3")
    assert visible_names(vgg.view) == ["flowers", "vgg16", "block3_conv3", "block4_conv3", "block5_conv3"]
    vgg.panel.filter_edit.setText("batchnorm")
    assert visible_names(vgg.view) == ["flowers", "batch_norm"]
    vgg.view.folding.expand_below(vgg.find("batch_norm"))
    assert len(visible_names(vgg.view)) == 6
    vgg.panel.filter_edit.setText("block1_conv1:bias")
    assert visible_names(vgg.view) == ["flowers", "vgg16", "block1_conv1", "bias"]
    vgg.panel.filter_edit.setText("nothing like it")
    assert visible_names(vgg.view) == []


def test_that_clearing_the_filter_brings_back_the_folding(vgg, qtbot):
    vgg.view.collapse(vgg.view.index_of(vgg.tree.find("vgg16")))
    before = visible_names(vgg.view)
    vgg.panel.filter_edit.setText("conv1")
    assert visible_names(vgg.view) != before
    qtbot.keyClick(vgg.panel.filter_edit, Qt.Key.Key_Escape)
    assert vgg.panel.filter_edit.text() == ""
    assert visible_names(vgg.view) == before


def test_that_toggling_works_while_filtered(vgg, qtbot):
    vgg.panel.filter_edit.setText("conv3")
    vgg.panel.select_nodes(vgg.find("vgg16/block3_conv3", "vgg16/block5_conv3"))
    qtbot.keyClick(vgg.view, Qt.Key.Key_Space)
    assert vgg.states("vgg16/block3_conv3", "vgg16/block4_conv3", "vgg16/block5_conv3") == [
        "frozen",
        "trainable",
        "frozen",
    ]
    assert vgg.shown("vgg16/block3_conv3", Column.TRAINABLE) == "0"


def test_that_select_all_under_a_filter_leaves_out_the_parents_that_hold_what_is_hidden(vgg, qtbot):
    vgg.panel.filter_edit.setText("block3_conv")
    qtbot.keyClick(vgg.view, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClick(vgg.view, Qt.Key.Key_Space)
    assert vgg.states("vgg16/block3_conv1", "vgg16/block3_conv3", "vgg16/block4_conv1", "vgg16") == [
        "frozen",
        "frozen",
        "trainable",
        "mixed",
    ]


def test_that_another_tree_resets_filter_and_selection(vgg, qtbot):
    vgg.panel.select_nodes(vgg.find("vgg16/block3_conv3"))
    vgg.panel.filter_edit.setText("conv3")
    with qtbot.waitSignal(vgg.panel.selection_nodes_changed) as changed:
        vgg.panel.set_tree(LayerTree(shared_encoder()), "shared")
    assert changed.args == [()]
    assert visible_names(vgg.view)[:2] == ["shared", "left"]


def test_that_the_empty_pane_offers_to_open_a_model(panel, qtbot):
    assert not panel.view.isVisible()
    with qtbot.waitSignal(panel.open_requested):
        qtbot.mouseClick(panel._empty_page.open_button, LEFT)
    panel.set_tree(LayerTree(shared_encoder()), "shared")
    assert panel.view.isVisible()
    panel.set_tree(None)
    assert not panel.view.isVisible()


def test_that_the_columns_fill_the_pane_and_can_be_saved(vgg, qtbot):
    header = vgg.view.header()
    assert sum(header.sectionSize(column) for column in Column) == vgg.view.viewport().width()
    assert header.sectionSize(Column.LAYER) >= 200
    state = header.saveState()
    header.resizeSection(Column.TYPE, 60)
    assert header.restoreState(state)
    assert header.sectionSize(Column.TYPE) != 60


@pytest.mark.parametrize(("width", "has_shapes"), [(580, False), (760, True)])
def test_that_a_narrow_pane_leaves_out_the_shapes_before_the_numbers(vgg, qtbot, width, has_shapes):
    vgg.view.show_moves(Moves([Move(weight_id=0, distance=1.0, norm=2.0)]))
    for each in (900, width):
        vgg.panel.resize(each, 700)
    qtbot.waitUntil(lambda: vgg.panel.width() == width)
    header = vgg.view.header()
    assert vgg.view.isColumnHidden(Column.SHAPE) is not has_shapes
    assert sum(header.sectionSize(column) for column in Column) == vgg.view.viewport().width()
    assert header.sectionSize(Column.LAYER) >= 160


def test_that_both_themes_paint_every_kind_of_row(panel, qapp):
    for record in (vgg16_classifier(), shared_encoder(), normalization_only()):
        wired = Wired(panel, record)
        wired.view.expandAll()
        wired.view.selectAll()
        light = panel.grab().toImage()
        wired.view._theme.set_mode(Mode.DARK)
        assert panel.grab().toImage() != light
        wired.view._theme.set_mode(Mode.LIGHT)


class PaintCounter(QObject):
    """Counts how often a widget is painted."""

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self.count = 0
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        self.count += event.type() == QEvent.Type.Paint
        return False


def test_that_a_toggle_of_the_root_is_right_at_once_and_painted_in_one_frame(vgg, qtbot):
    vgg.view.expandAll()
    vgg.panel.select_nodes([vgg.tree.root])
    shown = vgg.view.viewport().grab().toImage()
    counter = PaintCounter(vgg.view.viewport())
    qtbot.waitUntil(lambda: counter.count > 0)
    counter.count = 0

    qtbot.keyClick(vgg.view, Qt.Key.Key_Space)
    assert vgg.shown("", Column.TRAINABLE) == "0"
    assert vgg.shown("vgg16/block5_conv3", Column.TRAINABLE) == "0"
    qtbot.waitUntil(lambda: counter.count > 0)
    assert counter.count == 1
    assert vgg.view.viewport().grab().toImage() != shown
