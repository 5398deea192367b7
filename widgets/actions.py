"""All actions of the window, each with its words, its keys and its icon."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar, QToolBar, QWidget

from widgets.icons import Icons
from widgets.theme import Mode, Theme


@dataclass(frozen=True)
class _Words:
    """What an action is called and looks like; several `keys` are separated by `; `."""

    text: str
    keys: str = ""
    icon: str = ""
    tip: str = ""


_ACTIONS = {
    "open": _Words("Open…", "Ctrl+O", "open", "Open a Keras model (.keras, .h5, .hdf5)"),
    "open_with_code": _Words("Open with Custom Code…", "", "", "Open a model together with the Python file it needs"),
    "save": _Words("Save", "Ctrl+S", "save", "Save the model with its frozen state"),
    "save_as": _Words("Save As…", "Ctrl+Shift+S"),
    "quit": _Words("Quit", "Ctrl+Q"),
    "undo": _Words("Undo", "Ctrl+Z", "undo"),
    "redo": _Words("Redo", "Ctrl+Shift+Z; Ctrl+Y", "redo"),
    "find": _Words("Find Layers", "Ctrl+F", "search"),
    "freeze": _Words("Freeze", "Ctrl+E", "freeze", "Freeze the selected layers and weights"),
    "thaw": _Words("Thaw", "Ctrl+Shift+E", "thaw", "Make the selected layers and weights trainable"),
    "start": _Words("Start", "F5", "start", "Start training"),
    "stop": _Words("Stop and keep", "Shift+F5", "stop", "End training after the current batch and keep the weights"),
    "reset_layout": _Words("Reset Layout"),
    "about": _Words("About Frostline"),
}
_MODES = {Mode.SYSTEM: "As the System", Mode.LIGHT: "Light", Mode.DARK: "Dark"}


class Actions(QObject):
    """The actions by name; the window's menus and its toolbar are made of them.

    Attributes:
        modes: The actions that choose the theme.
        recent: The menu of recent files, filled by whoever knows them.
        panels: The menu that shows and hides panels.
    """

    def __init__(self, window: QWidget, theme: Theme, icons: Icons) -> None:
        super().__init__(window)
        self._theme = theme
        self._icons = icons
        self._by_name = {name: self._made(window, name, words) for name, words in _ACTIONS.items()}
        self._by_name["quit"].setMenuRole(QAction.MenuRole.QuitRole)
        self._by_name["about"].setMenuRole(QAction.MenuRole.AboutRole)
        self.modes = self._mode_actions(window)
        self.recent = QMenu("Open Recent", window)
        self.panels = QMenu("Panels", window)
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()

    def __getitem__(self, name: str) -> QAction:
        return self._by_name[name]

    def fill_menus(self, bar: QMenuBar) -> None:
        """Puts the actions into menus."""
        file = bar.addMenu("&File")
        self._fill(file, "open", "open_with_code")
        file.addMenu(self.recent)
        self._fill(file, "", "save", "save_as", "", "quit")
        self._fill(bar.addMenu("&Edit"), "undo", "redo", "", "find")
        self._fill(bar.addMenu("&Model"), "freeze", "thaw")
        self._fill(bar.addMenu("&Train"), "start", "stop")
        view = bar.addMenu("&View")
        view.addMenu(self.panels)
        theme = view.addMenu("Theme")
        theme.addActions(list(self.modes.values()))
        self._fill(view, "", "reset_layout")
        self._fill(bar.addMenu("&Help"), "about")

    def fill_toolbar(self, bar: QToolBar) -> None:
        """Puts the actions that are used most into the toolbar."""
        for name in ("open", "save", "", "undo", "redo", "", "freeze", "thaw", "", "start", "stop"):
            if not name:
                bar.addSeparator()
                continue
            bar.addAction(self[name])
            if name in ("freeze", "thaw"):
                bar.widgetForAction(self[name]).setProperty("tone", "frozen" if name == "freeze" else "trainable")

    def _fill(self, menu: QMenu, *names: str) -> None:
        for name in names:
            if name:
                menu.addAction(self[name])
            else:
                menu.addSeparator()

    def _made(self, window: QWidget, name: str, words: _Words) -> QAction:
        action = QAction(words.text, window)
        action.setObjectName(f"{name}Action")
        # The toolbar keeps the short word when a menu says what would be undone.
        action.setIconText(words.text.rstrip("…"))
        # Qt's standard keys are empty on some platforms; Ctrl stands for Command on a Mac.
        action.setShortcuts([QKeySequence(keys) for keys in words.keys.split("; ") if keys])
        keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        tip = words.tip or words.text.rstrip("…")
        action.setToolTip(f"{tip} ({keys})" if keys else tip)
        return action

    def _mode_actions(self, window: QWidget) -> dict[Mode, QAction]:
        group = QActionGroup(window)
        actions = {}
        for mode, text in _MODES.items():
            actions[mode] = action = group.addAction(text)
            action.setCheckable(True)
            action.setData(mode.value)
        return actions

    def _on_theme_changed(self) -> None:
        for name, words in _ACTIONS.items():
            if words.icon:
                self._by_name[name].setIcon(self._icons.icon(words.icon))
