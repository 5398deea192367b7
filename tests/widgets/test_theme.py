"""The palette keeps its contrast, the theme follows, icons take its colours."""

from __future__ import annotations

from dataclasses import fields
from itertools import product

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QPalette
from PySide6.QtWidgets import QDialogButtonBox, QProxyStyle, QStyle

from editor.layers.accounts import State
from editor.wording import counted
from resources import resource_path
from widgets.icons import Icons, app_icon, tick_name
from widgets.numbers import byte_size, count, full_output_shape, output_shape, percent, times
from widgets.palette import DARK, LIGHT, Palette, contrast
from widgets.stylesheet import style_sheet
from widgets.theme import Mode, Theme, mono_font, number_font

GROUNDS = ("window", "pane", "selection", "mark", "hover")
WORDS = ("text", "secondary", "frozen", "trainable", "statistics", "validation", "success", "error")


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("ground", "word"), list(product(GROUNDS, WORDS)))
def test_that_words_stand_out_from_every_ground(palette: Palette, ground, word):
    assert contrast(getattr(palette, word), getattr(palette, ground)) >= 4.4


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("mark", "ground"), [("on_trainable", "trainable"), ("on_accent", "frozen")])
def test_that_ticks_stand_out_from_their_boxes(palette, mark, ground):
    assert contrast(getattr(palette, mark), getattr(palette, ground)) >= 4.4


def test_that_contrast_is_that_of_wcag():
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_that_both_palettes_name_every_colour():
    for palette in (LIGHT, DARK):
        colours = [getattr(palette, field.name) for field in fields(palette) if field.name != "is_dark"]
        assert all(len(colour) == 7 and colour.startswith("#") for colour in colours)


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_that_the_style_sheet_is_filled_in_and_names_files_that_exist(palette):
    sheet = style_sheet(palette)
    assert "$" not in sheet
    named = {part.split('"')[0] for part in sheet.split('url("')[1:]}
    assert named
    assert all(resource_path("icons", name.rpartition("/")[2]).is_file() for name in named)


def test_that_a_forced_mode_changes_the_application_and_says_so(qtbot, qapp):
    theme = Theme(Mode.LIGHT)
    theme.install(qapp)
    with qtbot.waitSignal(theme.changed):
        theme.set_mode(Mode.DARK)
    assert theme.is_dark
    assert qapp.palette().color(QPalette.ColorRole.Window).name() == DARK.window
    assert theme.colour("frozen").name() == DARK.frozen
    with qtbot.assertNotEmitted(theme.changed):
        theme.set_mode(Mode.DARK)
    theme.set_mode(Mode.LIGHT)
    assert theme.colour("frozen").name() == LIGHT.frozen


class StyleWithIcons(QProxyStyle):
    """As Fusion is on a Linux desktop."""

    def styleHint(self, hint, option=None, widget=None, data=None):
        if hint == QStyle.StyleHint.SH_DialogButtonBox_ButtonsHaveIcons:
            return 1
        return super().styleHint(hint, option, widget, data)


@pytest.mark.parametrize("has_theme", [True, False])
def test_that_the_buttons_of_dialogs_have_no_icons_of_the_desktop(qtbot, qapp, has_theme):
    before, style = qapp.styleSheet(), StyleWithIcons("Fusion")
    qapp.setStyleSheet(style_sheet(LIGHT) if has_theme else "")
    box = QDialogButtonBox()
    qtbot.addWidget(box)
    box.setStyle(style)
    assert box.addButton(QDialogButtonBox.StandardButton.Ok).icon().isNull() is has_theme
    qapp.setStyleSheet(before)


def test_that_the_theme_follows_the_system(qtbot):
    theme = Theme(Mode.SYSTEM)
    hints = QGuiApplication.styleHints()
    assert theme.is_dark == (hints.colorScheme() == Qt.ColorScheme.Dark)
    theme.set_mode(Mode.DARK)
    theme.set_mode(Mode.SYSTEM)
    assert theme.is_dark == (hints.colorScheme() == Qt.ColorScheme.Dark)


def test_that_digits_are_tabular_and_paths_monospaced(qapp):
    assert [tag.toString() for tag in number_font(qapp.font()).featureTags()] == ["tnum"]
    assert mono_font(qapp.font()).families() != qapp.font().families()


def test_that_every_icon_is_drawn_in_the_colours_of_the_theme(qtbot):
    theme = Theme(Mode.LIGHT)
    icons = Icons(theme)
    names = [path.stem for path in resource_path("icons").glob("*.svg")]
    assert len(names) > 20
    for name in names:
        image = icons.pixmap(name, 16).toImage()
        assert any(image.pixelColor(x, y).alpha() for x in range(16) for y in range(16)), name
    light = icons.pixmap("save", 16).toImage()
    theme.set_mode(Mode.DARK)
    assert icons.pixmap("save", 16).toImage() != light
    theme.set_mode(Mode.LIGHT)


def test_that_icons_are_sharp_on_dense_screens_and_kept(qtbot):
    icons = Icons(Theme(Mode.LIGHT))
    dense = icons.pixmap("freeze", 16, 2.0)
    assert dense.width() == 32
    assert dense.deviceIndependentSize().width() == 16
    assert icons.pixmap("freeze", 16, 2.0).cacheKey() == dense.cacheKey()
    assert not icons.icon("open").isNull()
    assert not app_icon().isNull()


def test_that_each_state_has_a_box_of_its_own():
    names = [tick_name(state) for state in State]
    assert len(set(names)) == len(State)
    assert tick_name(State.WEIGHTLESS) == ""
    assert tick_name(State.STATISTICS, updates_statistics=True) != tick_name(State.STATISTICS)


def test_that_numbers_are_written_for_people():
    assert count(7635264) == "7,635,264"
    assert counted(1, "weight") == "1 weight"
    assert counted(2048, "weight") == "2,048 weights"
    assert percent(0.4813) == "48.1 %"
    assert percent(0.0) == "0 %"
    assert percent(1.0) == "100 %"
    assert percent(0.00001) == "< 0.1 %"
    assert percent(0.99999) == "> 99.9 %"


@pytest.mark.parametrize(
    ("num_bytes", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KB"), (58887464, "56.2 MB"), (1048575, "1.0 MB"), (5 << 40, "5.0 TB")],
)
def test_that_bytes_are_written_as_keras_counts_them(num_bytes, text):
    assert byte_size(num_bytes) == text


def test_that_shapes_are_written_without_and_with_the_batch():
    assert output_shape([(None, 56, 56, 128)]) == "56 × 56 × 128"
    assert output_shape([(None, None, 8), (None, 4)]) == "? × 8, 4"
    assert output_shape([]) == ""
    assert full_output_shape([(None, 14, None, 512)]) == "(batch, 14, ?, 512)"
    assert full_output_shape([(8, 3)]) == "(8, 3)"
    assert full_output_shape([()]) == "()"
    assert times((3, 3, 64, 64)) == "3 × 3 × 64 × 64"
    assert times(()) == "scalar"
