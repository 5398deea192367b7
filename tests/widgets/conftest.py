"""What many tests of widgets stand on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from widgets.theme import Mode, Theme
from widgets.training.plots import RunPlots


@pytest.fixture
def theme(qapp: QApplication) -> Iterator[Theme]:
    """Light; the application has the system's again afterwards."""
    theme = Theme(Mode.LIGHT)
    yield theme
    theme.set_mode(Mode.SYSTEM)


@pytest.fixture
def plots(qtbot: QtBot, theme: Theme) -> RunPlots:
    """The curves of runs, on screen."""
    widget = RunPlots(theme)
    qtbot.addWidget(widget)
    widget.resize(900, 320)
    with qtbot.waitExposed(widget):
        widget.show()
    return widget
