"""The one row of truth."""

from __future__ import annotations

import pytest

from editor.layers.accounts import Account, Tally
from editor.layers.tree import LayerTree
from tests.widgets.trees import vgg16_classifier
from widgets.account_bar import AccountBar
from widgets.summary_bar import SummaryBar
from widgets.theme import Mode, Theme

# The offscreen platform says this of every window that is shown.
pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")


@pytest.fixture
def theme(qapp) -> Theme:
    return Theme(Mode.LIGHT)


@pytest.fixture
def bar(qtbot, theme) -> SummaryBar:
    bar = SummaryBar(theme)
    qtbot.addWidget(bar)
    bar.resize(1280, 44)
    bar.show()
    return bar


def test_that_counts_shares_and_bytes_are_shown(bar):
    tree = LayerTree(vgg16_classifier())
    convs = [node for node in tree.walk_layers() if node.name.startswith(("block1", "block2", "block3", "block4"))]
    tree.apply(tree.plan(convs, trainable=False))
    bar.show_document("flowers.keras", is_modified=True)
    bar.show_account(tree.account(tree.root))
    assert bar.text == (
        "flowers.keras* · Frozen 7,635,264 · Trainable 7,085,578 (48.1 %) · Statistics 1,024"
        " · 14,721,866 parameters · 56.2 MB"
    )


def test_that_the_star_is_there_only_while_unsaved(bar):
    bar.show_document("flowers.keras", is_modified=True)
    assert bar.text.startswith("flowers.keras* ")
    bar.show_document("flowers.keras", is_modified=False)
    assert bar.text.startswith("flowers.keras ")


def test_that_without_a_model_it_says_so_and_shows_no_counts(bar):
    bar.show_account(Account(Tally(1, 4, 1)))
    bar.show_account(None)
    bar.show_document("", is_modified=False)
    assert "No model open" in bar.text
    assert not bar.findChild(AccountBar).isVisible()


def test_that_a_long_name_gives_way_and_all_else_fits_at_1280_pixels(bar):
    billions = Account(Tally(8_000_000_000, 1 << 35, 300), Tally(9_000_000_000, 1 << 36, 300), Tally(999_999, 1 << 22))
    bar.show_account(billions)
    bar.show_document("x" * 300 + ".keras", is_modified=True)
    assert bar.minimumSizeHint().width() <= 1280
    assert bar._name.text().endswith(".keras*")
    assert bar._name.toolTip() == "x" * 300 + ".keras*"
    assert all(part.geometry().right() < bar.width() for part in bar._parts)


def test_that_a_longer_number_has_its_room_before_the_call_returns(bar):
    bar.show_account(Account(Tally(1, 4, 1)))
    before = bar._trainable.width()
    bar.show_account(Account(Tally(1_000_000_000, 4_000_000_000, 1)))
    assert bar._trainable.width() > before


def test_that_bytes_of_each_part_are_in_the_tool_tip(bar):
    bar.show_account(Account(Tally(256, 1024, 1), Tally(512, 2048, 2)))
    assert "Frozen: 512 parameters, 2.0 KB (2,048 bytes)" in bar._total.toolTip()
    assert "2.0 KB" in bar._frozen.toolTip()
    assert bar._frozen.accessibleName() == "Frozen 512"


def test_that_the_bar_is_as_long_as_the_parts_and_hides_none(qtbot, theme):
    bar = AccountBar(theme)
    qtbot.addWidget(bar)
    bar.show_account(Account(trainable=Tally(1, 4, 1), frozen=Tally(99_999_999, 4, 1)))
    frozen, trainable, statistics = bar.widths(500)
    assert frozen + trainable + statistics == pytest.approx(500)
    assert trainable >= 2
    assert statistics == 0
    bar.show_account(Account())
    assert bar.widths(500) == (0, 0, 0)


def test_that_the_bar_is_painted_in_the_two_tones(qtbot, theme):
    bar = AccountBar(theme)
    qtbot.addWidget(bar)
    bar.resize(100, 12)
    bar.show_account(Account(trainable=Tally(50, 200, 1), frozen=Tally(50, 200, 1)))
    image = bar.grab().toImage()
    ratio = image.devicePixelRatio()
    assert image.pixelColor(int(25 * ratio), int(6 * ratio)).name() == theme.palette.frozen
    assert image.pixelColor(int(75 * ratio), int(6 * ratio)).name() == theme.palette.trainable


def test_that_statistics_that_a_file_does_not_tell_are_unknown(bar):
    bar.show_document("few.weights.h5", is_modified=False, is_preview=True, are_statistics_known=False)
    bar.show_account(Account(trainable=Tally(40, 160, 2)))
    assert "Trainable 40 or fewer · Statistics unknown" in bar.text
    bar.show_account(Account(trainable=Tally(40, 160, 2), statistics=Tally(8, 32, 2)))
    assert "Statistics 8 or more" in bar.text
    bar.show_account(Account(trainable=Tally(40, 160, 2), are_weights_known=False))
    assert "40 parameters or more" in bar.text
    bar.show_document("few.keras", is_modified=False)
    bar.show_account(Account(trainable=Tally(40, 160, 2)))
    assert "Statistics 0" in bar.text
