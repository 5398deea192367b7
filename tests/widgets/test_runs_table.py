from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from widgets.theme import Mode, Theme
from widgets.training.runs_table import RunsTable


@pytest.fixture
def theme(qapp):
    theme = Theme(Mode.LIGHT)
    yield theme
    theme.set_mode(Mode.SYSTEM)


@pytest.fixture
def table(qtbot, theme):
    widget = RunsTable(theme)
    qtbot.addWidget(widget)
    widget.resize(320, 200)
    with qtbot.waitExposed(widget):
        widget.show()
    return widget


def row(table: RunsTable, number: int) -> list[str]:
    return [table.item(number, column).text() for column in range(table.columnCount())]


def dot_colour(table: RunsTable, number: int) -> str:
    return table.item(number, 0).icon().pixmap(10).toImage().pixelColor(5, 5).name()


def test_that_the_newest_run_is_on_top_and_selected(table):
    table.add_run(1, "vgg16 frozen")
    table.add_run(2, "nothing frozen")
    assert row(table, 0) == ["run 2", "nothing frozen", "", "running"]
    assert row(table, 1) == ["run 1", "vgg16 frozen", "", "running"]
    assert table.currentRow() == 0


def test_that_a_run_is_updated_wherever_it_stands(table):
    table.add_run(1, "vgg16 frozen")
    table.add_run(2, "nothing frozen")
    table.update_run(1, value="0.938", outcome="finished")
    assert row(table, 1) == ["run 1", "vgg16 frozen", "0.938", "finished"]
    assert row(table, 0)[3] == "running"


def test_that_an_unknown_run_is_passed_over(table):
    table.add_run(1, "a")
    table.update_run(7, value="0.9", outcome="finished")
    assert row(table, 0) == ["run 1", "a", "", "running"]


def test_that_the_newest_run_has_the_colour_of_the_training_line(table, theme):
    table.add_run(1, "a")
    first = dot_colour(table, 0)
    assert first == theme.palette.trainable
    table.add_run(2, "b")
    assert dot_colour(table, 0) == first
    assert dot_colour(table, 1) != first


def test_that_colours_follow_the_theme(table, theme):
    table.add_run(1, "a")
    theme.set_mode(Mode.DARK)
    assert dot_colour(table, 0) == theme.palette.trainable
    assert table.item(0, 1).foreground().color().name() == theme.palette.secondary


def test_that_rows_are_read_and_not_edited(qtbot, table):
    table.add_run(1, "a")
    where = table.visualItemRect(table.item(0, 1)).center()
    qtbot.mouseDClick(table.viewport(), Qt.MouseButton.LeftButton, pos=where)
    qtbot.keyClicks(table, "x")
    assert row(table, 0)[1] == "a"


def test_that_the_columns_fit_into_a_narrow_panel(table):
    table.add_run(1, "a rather long description of what was frozen")
    table.update_run(1, value="0.938", outcome="stopped, kept")
    assert sum(table.columnWidth(column) for column in range(4)) <= table.viewport().width()


def test_that_clearing_empties_the_table(table):
    table.add_run(1, "a")
    table.clear_runs()
    assert table.rowCount() == 0
    table.add_run(2, "b")
    assert row(table, 0)[0] == "run 2"


def test_that_an_empty_table_says_what_will_be_there(table):
    blank = table.viewport().grab().toImage()
    colours = {blank.pixelColor(x, y).name() for x in range(blank.width()) for y in range(blank.height())}
    assert len(colours) > 1
