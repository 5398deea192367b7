"""How far a run moved each layer: in the tree and in words."""

from __future__ import annotations

import math

import pytest
from PySide6.QtCore import QRect

from editor.layers.nodes import LayerNode
from editor.layers.tree import LayerTree
from editor.training.settings import Move
from tests.widgets.trees import vgg16_classifier
from widgets.icons import Icons
from widgets.inspector.facts import facts_of
from widgets.inspector.subject import subject_of
from widgets.layer_tree import LayerTreePanel
from widgets.layer_tree.model import Column
from widgets.layer_tree.moves import Moved, Moves
from widgets.theme import Mode, Theme

# The offscreen platform says this of every window that is shown.
pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")


@pytest.fixture(scope="module")
def tree() -> LayerTree:
    return LayerTree(vgg16_classifier())


def moved(tree: LayerTree, **distances: tuple[float, float]) -> Moves:
    """Moves of weights: `(distance, norm)` by path, with a dot for each colon."""
    return Moves(
        Move(weight_id=tree.find(path).record.weight_id, distance=distance, norm=norm)
        for path, (distance, norm) in distances.items()
    )


@pytest.fixture(scope="module")
def moves(tree) -> Moves:
    return moved(
        tree,
        **{
            "vgg16/block5_conv1:kernel": (3.0, 40.0),
            "vgg16/block5_conv1:bias": (4.0, 30.0),
            "batch_norm:moving_mean": (5.0, 10.0),
            "predictions:bias": (1.0, 0.0),
        },
    )


def test_that_a_layer_is_measured_over_its_weights_and_a_container_over_all_below(tree, moves):
    assert moves.of(tree.find("vgg16/block5_conv1")).share == pytest.approx(5 / 50)
    assert moves.of(tree.find("vgg16")).share == pytest.approx(5 / 50)
    assert moves.of(tree.find("vgg16/block5_conv1:kernel")).text == "7.5 %"
    assert moves.of(tree.find("vgg16/block1_conv1")) is None


def test_that_statistics_count_only_where_nothing_else_moved(tree, moves):
    assert moves.of(tree.find("batch_norm")) == Moved(0.5, is_statistics=True)
    assert not moves.of(tree.root).is_statistics
    assert moves.num_statistics(tree.root) == 1


def test_that_a_bias_that_was_zero_has_moved_from_zero(tree, moves):
    assert moves.of(tree.find("predictions")).text == "from zero"
    assert math.isinf(moves.of(tree.find("predictions")).share)


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.0083, "0.83 %"), (1e-4, "0.01 %"), (0.5, "50 %"), (0.123456, "12.3 %"), (12.0, "1,200 %"), (1e-7, "< 0.001 %")],
)
def test_that_a_share_is_said_in_three_digits(share, text):
    assert Moved(share, is_statistics=False).text == text


def test_that_a_bar_shows_a_small_move_and_a_large_one():
    small, large = Moved(1e-4, is_statistics=False), Moved(0.5, is_statistics=False)
    assert small.fill == pytest.approx(0.2)
    assert 0.9 < large.fill < 1
    assert Moved(30.0, is_statistics=False).fill == 1
    assert Moved(0.0, is_statistics=False).fill == 0


def test_that_the_column_is_there_only_after_a_run(qtbot, tree, moves):
    theme = Theme(Mode.LIGHT)
    panel = LayerTreePanel(theme, Icons(theme))
    qtbot.addWidget(panel)
    panel.resize(768, 700)
    panel.show()
    panel.set_tree(tree, "flowers")
    view = panel.view
    assert view.isColumnHidden(Column.MOVED)
    view.show_moves(moves)
    assert not view.isColumnHidden(Column.MOVED)
    layer = tree.find("vgg16/block5_conv1")
    view.scrollTo(view.index_of(layer))
    assert view.index_of(layer, Column.MOVED).data() == "10 %"
    assert sum(view.header().sectionSize(column) for column in Column) == view.viewport().width()
    assert "trainable" in colours(panel, view.visualRect(view.index_of(layer, Column.MOVED)))
    view.select_nodes([layer])
    assert view.selected_nodes() == (layer,)
    assert view.selectionModel().isRowSelected(view.index_of(layer).row(), view.index_of(layer).parent())
    view.show_moves(Moves())
    assert view.isColumnHidden(Column.MOVED)


def colours(panel: LayerTreePanel, cell: QRect) -> set[str]:
    """Names of the theme's colours that are in a cell."""
    picture = panel.view.viewport().grab(cell).toImage()
    found = {picture.pixelColor(x, y).name() for x in range(picture.width()) for y in range(picture.height())}
    theme = panel.view._theme
    return {name for name in ("trainable", "statistics") if theme.colour(name).name() in found}


def test_that_the_inspector_says_how_far_a_layer_moved(tree, moves):
    def last_run(path: str) -> str:
        node = tree.find(path)
        facts = facts_of(subject_of(tree, (node,)), (), moves)
        return next((fact.text for fact in facts if fact.label == "Last run"), "")

    assert last_run("vgg16/block5_conv1") == "moved 10 % of its norm"
    assert last_run("vgg16/block1_conv1") == "did not move"
    assert last_run("batch_norm") == "statistics moved 50 % of their norm"
    assert last_run("pool") == ""
    assert isinstance(tree.find("pool"), LayerNode)
