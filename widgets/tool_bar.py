"""The tool bar: its buttons lose their words, the best known first, where there is no room for them."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import QToolBar, QToolButton
from typing_extensions import override


class FittingToolBar(QToolBar):
    """A bar that shortens its buttons to their icons before any of them is out of sight."""

    def __init__(self, title: str) -> None:
        super().__init__(title)
        self._groups: list[list[QToolButton]] = []
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)

    def shorten(self, groups: Sequence[Sequence[QAction]]) -> None:
        """Says which buttons may lose their words, group by group, the first one first."""
        self._groups = []
        for group in groups:
            widgets = [self.widgetForAction(action) for action in group]
            self._groups.append([widget for widget in widgets if isinstance(widget, QToolButton)])
        self._fit()

    def _fit(self) -> None:
        for group in self._groups:
            _set_style(group, Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        for group in self._groups:
            if self.sizeHint().width() <= self.width():
                return
            _set_style(group, Qt.ToolButtonStyle.ToolButtonIconOnly)

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        self._fit()
        super().resizeEvent(event)


def _set_style(buttons: list[QToolButton], style: Qt.ToolButtonStyle) -> None:
    for button in buttons:
        button.setToolButtonStyle(style)
