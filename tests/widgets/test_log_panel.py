from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QCheckBox, QPlainTextEdit, QPushButton

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
    qtbot.mouseClick(button(panel, "Copy All"), Qt.MouseButton.LeftButton)
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


NATIVE = (
    "WARNING: All log messages before absl::InitializeLog() is called are written to STDERR",
    "I0000 00:00:1795394628.679653   17176 port.cc:153] oneDNN custom operations are on.",
    "To enable the following instructions: AVX2 AVX512F, in other operations, rebuild TensorFlow.",
    "E0000 00:00:1795394632.149123   17176 cuda_platform.cc:52] failed call to cuInit: INTERNAL: CUDA error",
    "I0000 00:00:1795394633.410223   17220 service.cc:161]   StreamExecutor [0]: Host",
    "2025-01-02 03:04:05.678901: W tensorflow/core/framework/op_kernel.cc:1]  odd",
    "2025-01-02 03:04:05.678901: E external/local_xla/xla/stream_executor/cuda/cuda_fft.cc:477] Unable to register",
    "WARNING:tensorflow:5 out of the last 5 calls to <function one_step> triggered tf.function retracing.",
)
WORTH_READING = (
    "The optimizer goes on from step 46.",
    "E0000 00:00:1795394632.149123   17176 bfc_allocator.cc:52] out of memory",
    "UserWarning: The structure of `inputs` doesn't match",
    "Epoch 1 of 5: I see",
)


def test_that_what_tensorflow_says_of_itself_is_shown_on_request_only(qtbot, panel):
    for line in (*NATIVE, *WORTH_READING):
        panel.append_line(line)
    qtbot.waitUntil(lambda: view_of(panel).toPlainText() == "\n".join(WORTH_READING))
    assert panel.text() == "\n".join((*NATIVE, *WORTH_READING))
    box = panel.findChild(QCheckBox)
    box.click()
    qtbot.waitUntil(lambda: view_of(panel).toPlainText() == panel.text())
    box.click()
    qtbot.waitUntil(lambda: view_of(panel).toPlainText() == "\n".join(WORTH_READING))


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
