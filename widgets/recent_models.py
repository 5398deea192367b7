"""The menu of models that were opened or saved last."""

from __future__ import annotations

from pathlib import Path

import msgspec
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from editor.files.options import OpenOptions
from widgets.settings import Settings


class RecentModels(QObject):
    """Fills the menu and says what was chosen in it."""

    chosen = Signal(object)
    """Carries the `Path`."""

    def __init__(self, menu: QMenu, settings: Settings) -> None:
        super().__init__(menu)
        self._menu = menu
        self._settings = settings
        menu.setToolTipsVisible(True)
        menu.triggered.connect(self._on_triggered)

    @property
    def folder(self) -> Path:
        """Where the last model is; the home folder before the first."""
        recent = self._settings.recent("models")
        return Path(recent[0]).parent if recent else Path.home()

    def add(self, path: Path, options: OpenOptions | None = None) -> None:
        """Puts a model in front, and remembers what it was opened with.

        Code is remembered only with its digest: another file in its place is none that anybody has agreed to.
        """
        self._settings.add_recent("models", str(path.absolute()))
        kept = options or OpenOptions()
        if not kept.code_digest:
            kept = msgspec.structs.replace(kept, custom_code=None, module=None)
        self._settings.set_recent_options(str(path.absolute()), kept)
        self.fill()

    def options_of(self, path: Path) -> OpenOptions:
        """What a model in the menu was opened with."""
        return self._settings.recent_options(str(path.absolute()))

    def fill(self) -> None:
        """Shows what the settings remember."""
        self._menu.clear()
        for path in self._settings.recent("models"):
            action = self._menu.addAction(Path(path).name)
            action.setToolTip(path)
            action.setData(path)
        self._menu.setEnabled(not self._menu.isEmpty())

    def _on_triggered(self, action: QAction) -> None:
        self.chosen.emit(Path(action.data()))
