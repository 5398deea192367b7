"""The tool bar in windows of any width."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMainWindow, QToolButton

from widgets.actions import Actions
from widgets.icons import Icons
from widgets.theme import Mode, Theme
from widgets.tool_bar import FittingToolBar

# The offscreen platform has no window manager to tell its wishes to.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")


@pytest.mark.parametrize("width", [1024, 1280, 1600])
def test_that_every_tool_is_in_sight(qtbot, width):
    theme = Theme(Mode.LIGHT)
    window = QMainWindow()
    qtbot.addWidget(window)
    actions = Actions(window, theme, Icons(theme))
    bar = FittingToolBar("Tools")
    window.addToolBar(bar)
    actions.fill_toolbar(bar)
    window.resize(width, 300)
    with qtbot.waitExposed(window):
        window.show()
    buttons = [bar.widgetForAction(action) for action in bar.actions() if not action.isSeparator()]
    qtbot.waitUntil(lambda: all(button.isVisible() for button in buttons))
    assert all(button.geometry().right() <= bar.width() for button in buttons)
    with_words = [
        isinstance(button, QToolButton) and button.toolButtonStyle() != Qt.ToolButtonStyle.ToolButtonIconOnly
        for button in buttons
    ]
    assert all(with_words) is (width == 1600) or width == 1280
    assert all(button.toolTip() for button in buttons)
