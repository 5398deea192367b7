"""What the engine and the window write down, line by line."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable

from PySide6.QtCore import QTimer
from PySide6.QtGui import QGuiApplication, QHideEvent, QShowEvent
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget
from typing_extensions import override

from widgets.theme import mono_font
from widgets.training.native_lines import is_native

MAX_BLOCKS = 5_000
FLUSH_INTERVAL_MS = 50
MAX_LINES_PER_FLUSH = 500
"""Lines that one turn of the event loop appends; 500 take some 5 ms."""

_TERMINAL_CODES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f]")


class LogPanel(QWidget):
    """The log: follows its end unless scrolled up, keeps the newest 5,000 lines.

    What TensorFlow's native code says of itself is kept, and shown on request only.

    Lines are collected and appended by a timer, so that a flood of them does not block the window; of more lines
    than the panel keeps, the oldest are dropped before they are drawn.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("logPanel")
        self._lines: deque[str] = deque(maxlen=MAX_BLOCKS)
        self._waiting: deque[str] = deque(maxlen=MAX_BLOCKS)
        self._text = _log_view(self)
        self._shows_native = QCheckBox("TensorFlow", self)
        self._shows_native.setAccessibleName("Show TensorFlow's own messages")
        self._shows_native.setObjectName("nativeLinesBox")
        self._shows_native.setToolTip("Also what its native code says of itself, such as of devices and tracing")
        self._shows_native.toggled.connect(self._on_native_toggled)
        self._copy = QPushButton("Copy All", self)
        self._copy.clicked.connect(self.copy_all)
        self._clear = QPushButton("Clear", self)
        self._clear.clicked.connect(self.clear)
        self._timer = QTimer(self)
        self._timer.setInterval(FLUSH_INTERVAL_MS)
        self._timer.timeout.connect(self._on_timer_timeout)
        self._lay_out()

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.setContentsMargins(8, 0, 8, 0)
        buttons.setSpacing(8)
        buttons.addWidget(self._shows_native)
        buttons.addStretch(1)
        for button in (self._copy, self._clear):
            button.setStyleSheet("padding: 2px 10px;")
            buttons.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 6)
        layout.setSpacing(4)
        layout.addWidget(self._text, 1)
        layout.addLayout(buttons)

    def append_line(self, line: str) -> None:
        """Adds a line, or several; terminal colours and the overwritten part of progress bars are left out."""
        lines = [_plain(part) for part in line.rstrip("\r\n").split("\n")]
        self._lines.extend(lines)
        self._wait(lines)

    def _wait(self, lines: Iterable[str]) -> None:
        """Has lines drawn soon that are to be seen."""
        shows_native = self._shows_native.isChecked()
        self._waiting.extend(line for line in lines if shows_native or not is_native(line))
        if self._waiting and not self._timer.isActive() and self.isVisible():
            self._timer.start()

    def text(self) -> str:
        """All lines, those that are not shown too."""
        return "\n".join(self._lines)

    def copy_all(self) -> None:
        """Puts all lines on the clipboard."""
        QGuiApplication.clipboard().setText(self.text())

    def clear(self) -> None:
        """Forgets all lines."""
        self._lines.clear()
        self._waiting.clear()
        self._text.clear()

    def _on_native_toggled(self) -> None:
        self._waiting.clear()
        self._text.clear()
        self._wait(self._lines)

    def _on_timer_timeout(self) -> None:
        lines = [self._waiting.popleft() for _ in range(min(len(self._waiting), MAX_LINES_PER_FLUSH))]
        if lines:
            self._draw(lines)
        if not self._waiting:
            self._timer.stop()

    def _draw(self, lines: list[str]) -> None:
        """Appends in one go; what is read further up stays where it is, also when old lines leave at the top."""
        bar = self._text.verticalScrollBar()
        follows = bar.value() >= bar.maximum()
        value = bar.value()
        blocks = 0 if self._text.document().isEmpty() else self._text.blockCount()
        self._text.appendPlainText("\n".join(lines))
        num_dropped = blocks + len(lines) - self._text.blockCount()
        bar.setValue(bar.maximum() if follows else max(0, value - num_dropped))

    @override
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._waiting:
            self._timer.start()

    @override
    def hideEvent(self, event: QHideEvent) -> None:
        self._timer.stop()
        super().hideEvent(event)


def _log_view(parent: QWidget) -> QPlainTextEdit:
    view = QPlainTextEdit(parent)
    view.setObjectName("logText")
    view.setAccessibleName("Log")
    view.setReadOnly(True)
    view.setUndoRedoEnabled(False)
    view.setMaximumBlockCount(MAX_BLOCKS)
    view.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
    view.setFrameShape(QPlainTextEdit.Shape.NoFrame)
    view.setFont(mono_font(view.font()))
    view.setStyleSheet("QPlainTextEdit { background: transparent; border: none; padding: 4px 8px; }")
    view.setPlaceholderText("What the engine reports appears here.")
    return view


def _plain(line: str) -> str:
    """What a terminal would show of a line in the end."""
    return _TERMINAL_CODES.sub("", line.rstrip("\r").rpartition("\r")[2])
