from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QPlainTextEdit, QPushButton

from widgets.training.log_panel import MAX_BLOCKS, MAX_LINES_PER_FLUSH, LogPanel

# The offscreen platform has no window manager to tell its wishes to.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")


@pytest.fixture
def panel(qtbot):
    widget = LogPanel()
    qtbot.addWidget(widget)
    widget.resize(400, 200)
    with qtbot.waitExposed(widget):
        widget.show()
    return widget


def view_of(panel: LogPanel) -> QPlainTextEdit:
    return panel.findChild(QPlainTextEdit)


def button(panel: LogPanel, text: str) -> QPushButton:
    return next(found for found in panel.findChildren(QPushButton) if found.text() == text)


def fill(qtbot, panel: LogPanel, num_lines: int) -> None:
    for number in range(num_lines):
        panel.append_line(f"line {number}")
    last = f"line {num_lines - 1}"
    qtbot.waitUntil(lambda: view_of(panel).document().lastBlock().text() == last)


def test_that_a_line_appears(qtbot, panel):
    panel.append_line("TensorFlow is loading")
    qtbot.waitUntil(lambda: view_of(panel).toPlainText() == "TensorFlow is loading")


def test_that_a_flood_is_drawn_in_portions_and_the_newest_lines_are_kept(qtbot, panel):
    for number in range(100_000):
        panel.append_line(f"line {number}")
    assert view_of(panel).blockCount() <= MAX_LINES_PER_FLUSH
    qtbot.waitUntil(lambda: view_of(panel).document().lastBlock().text() == "line 99999")
    assert view_of(panel).blockCount() == MAX_BLOCKS
    assert view_of(panel).document().firstBlock().text() == f"line {100_000 - MAX_BLOCKS}"


def test_that_the_view_follows_the_end(qtbot, panel):
    fill(qtbot, panel, 300)
    bar = view_of(panel).verticalScrollBar()
    assert bar.value() == bar.maximum() > 0


def test_that_the_view_stays_where_somebody_scrolled_up(qtbot, panel):
    fill(qtbot, panel, 300)
    bar = view_of(panel).verticalScrollBar()
    bar.setValue(100)
    panel.append_line("one more")
    qtbot.waitUntil(lambda: view_of(panel).document().lastBlock().text() == "one more")
    assert bar.value() == 100


def test_that_the_lines_in_sight_stay_when_old_ones_leave_at_the_top(qtbot, panel):
    fill(qtbot, panel, MAX_BLOCKS)
    view = view_of(panel)
    view.verticalScrollBar().setValue(2000)
    seen = view.firstVisibleBlock().text()
    for number in range(100):
        panel.append_line(f"more {number}")
    qtbot.waitUntil(lambda: view.document().lastBlock().text() == "more 99")
    assert view.firstVisibleBlock().text() == seen


def test_that_all_lines_can_be_copied_those_not_drawn_yet_too(qtbot, panel):
    fill(qtbot, panel, 2)
    panel.append_line("fresh")
    qtbot.mouseClick(button(panel, "Copy all"), Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == "line 0\nline 1\nfresh"


def test_that_clear_forgets_all_lines(qtbot, panel):
    fill(qtbot, panel, 3)
    panel.append_line("fresh")
    qtbot.mouseClick(button(panel, "Clear"), Qt.MouseButton.LeftButton)
    assert panel.text() == ""
    panel.append_line("after")
    qtbot.waitUntil(lambda: view_of(panel).toPlainText() == "after")


def test_that_terminal_colours_and_overwritten_parts_are_left_out(panel):
    panel.append_line("\x1b[1m 1/92\x1b[0m\r\x1b[32m92/92\x1b[0m done\n")
    assert panel.text() == "92/92 done"


def test_that_a_hidden_log_draws_nothing_until_it_is_shown(qtbot, panel):
    panel.hide()
    panel.append_line("behind a tab")
    assert view_of(panel).toPlainText() == ""
    panel.show()
    qtbot.waitUntil(lambda: view_of(panel).toPlainText() == "behind a tab")


def test_that_the_log_cannot_be_typed_into(qtbot, panel):
    fill(qtbot, panel, 1)
    qtbot.keyClicks(view_of(panel), "x")
    assert panel.text() == "line 0"
