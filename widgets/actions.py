"""All actions of the window, each with its words, its keys and its icon."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar, QToolButton, QWidget

from editor.layers.policies import StatisticsPolicy
from editor.layers.presets import PRESETS
from widgets.capitals import in_title_case
from widgets.icons import Icons
from widgets.inspector.policy_form import POLICY_TIPS, POLICY_WORDS, STAYS_FROZEN_TIP, STAYS_FROZEN_WORDS
from widgets.theme import Mode, Theme
from widgets.tool_bar import FittingToolBar


@dataclass(frozen=True)
class _Words:
    """What an action is called and looks like; several `keys` are separated by `; `.

    `short` is its word in the toolbar, if that is another one.
    """

    text: str
    keys: str = ""
    icon: str = ""
    tip: str = ""
    short: str = ""
    is_checkable: bool = False


_EDITS = {
    "freeze": _Words("Freeze", "Ctrl+E", "freeze", "Freeze the selected layers and weights"),
    "thaw": _Words("Thaw", "Ctrl+Shift+E", "thaw", "Make the selected layers and weights trainable"),
    "invert": _Words("Invert", "Ctrl+I", "", "Freeze what trains and thaw what is frozen"),
    "freeze_up_to": _Words("Freeze Everything Up to Here"),
    "thaw_from_here": _Words("Thaw Everything from Here On"),
    "thaw_up_to": _Words("Thaw Everything Up to Here"),
    "freeze_from_here": _Words("Freeze Everything from Here On"),
    "freeze_class": _Words("Freeze All of This Class"),
    "thaw_class": _Words("Thaw All of This Class"),
    "freeze_biases": _Words("Freeze the Biases Only"),
    "thaw_biases": _Words("Thaw the Biases Only"),
    "freeze_all_but_biases": _Words("Freeze All but the Biases"),
    "thaw_all_but_biases": _Words("Thaw All but the Biases"),
    **{
        f"policy_{policy.value}": _Words(
            in_title_case(POLICY_WORDS[policy]), tip=POLICY_TIPS[policy], is_checkable=True
        )
        for policy in StatisticsPolicy
    },
    "stays_frozen": _Words(in_title_case(STAYS_FROZEN_WORDS), tip=STAYS_FROZEN_TIP, is_checkable=True),
    **{f"preset_{preset.key}": _Words(preset.title, tip=preset.tip) for preset in PRESETS},
    "last_layers": _Words("Train the Last N Layers Only…", tip="Freeze all but the last layers with weights"),
    "select_pattern": _Words(
        "Select by Pattern…", "Ctrl+L", "select", "Select, freeze or thaw by pattern", short="Select…"
    ),
}
_ACTIONS = {
    "new": _Words("New from keras.applications…", "Ctrl+N", "", "Build one of Keras's own models, such as MobileNetV2"),
    "open": _Words("Open…", "Ctrl+O", "open", "Open a Keras model (.keras, .h5, .hdf5, .json)"),
    "open_folder": _Words("Open Folder…", tip="Open a SavedModel folder"),
    "open_with_code": _Words("Open with Custom Code…", "", "", "Open a model together with the Python file it needs"),
    "give_code": _Words("Give Custom Code…", tip="Give the preview that is open the code that its model needs"),
    "save": _Words("Save", "Ctrl+S", "save", "Save the model with its frozen state"),
    "save_as": _Words("Save As…", "Ctrl+Shift+S"),
    "export_weights": _Words("Weights Only (.weights.h5)…", tip="Write the weights for Keras's load_weights"),
    "export_serving": _Words("For Serving (SavedModel)…", tip="Write a folder that TensorFlow Serving takes"),
    "export_trained": _Words(
        "Trained Weights Only…", tip="Write what differs from the opened file, to be applied to it again"
    ),
    "export_map": _Words("Export Freeze Map…", tip="Write what is frozen into a file of its own"),
    "apply_map": _Words("Apply Freeze Map…", tip="Freeze what a map, or another model file, has frozen"),
    "compare_map": _Words("Compare With…", tip="Show another file's freeze map beside this one"),
    "apply_trained": _Words("Apply Trained Weights…", tip="Put exported trained weights back onto this model"),
    "quit": _Words("Quit", "Ctrl+Q"),
    "undo": _Words("Undo", "Ctrl+Z", "undo"),
    "redo": _Words("Redo", "Ctrl+Shift+Z; Ctrl+Y", "redo"),
    "find": _Words("Find Layers", "Ctrl+F", "search"),
    **_EDITS,
    "replace_head": _Words(
        "Replace Head…",
        "Ctrl+H",
        "",
        "Cut off the head of the model and put one for other classes there",
        "Replace Head…",
    ),
    "add_layers": _Words("Add Layers…", "Ctrl+Shift+H", "", "Put new layers on top of all that is there"),
    "transfer_learning": _Words(
        "Transfer Learning…", "Ctrl+T", "", "A new head on a frozen model, in three pages: the usual first step"
    ),
    "reinitialise": _Words("Re-initialise…", tip="Give the weights of the selected layers fresh values"),
    "rename_layer": _Words("Rename…", tip="Give the selected layer another name"),
    "copy_python": _Words(
        "Copy as Python", "Ctrl+Shift+C", "copy", "Copy plain Keras code that freezes exactly what is frozen here"
    ),
    "data": _Words("Data…", "Ctrl+D", "", "Choose the data to train on, and look at them"),
    "start": _Words("Start", "F5", "start", "Start training"),
    "pause": _Words("Pause", "F6", "pause", "Hold the run after the current batch"),
    "stop": _Words("Stop and Keep", "Shift+F5", "stop", "End training after the current batch and keep the weights"),
    "stop_best": _Words(
        "Stop and Keep the Best", tip="End training and go back to the weights of the run's best epoch"
    ),
    "cancel": _Words(
        "Cancel and Restore", "Ctrl+Shift+F5", "close", "End training and put the weights back as they were before"
    ),
    "forget_consents": _Words("Forget Consents to Code", tip="Ask again before the code of any model is run"),
    "reset_layout": _Words("Reset Layout"),
    "about": _Words("About Frostline"),
}
STRUCTURE_EDITS = ("transfer_learning", "replace_head", "add_layers", "reinitialise", "rename_layer")
"""What changes the layers themselves; the first three concern the model as a whole."""
_TOOLS = (
    *("open", "save", "", "undo", "redo", "", "freeze", "thaw", "select_pattern", "replace_head", ""),
    *("start", "pause", "stop", "cancel"),
)
"""What the toolbar holds; nothing stands for a line between groups."""
_SHORTENED = (
    ("open", "save", "undo", "redo"),
    ("start", "pause"),
    ("freeze", "thaw"),
    ("select_pattern",),
    ("stop", "cancel"),
)
"""What is told by its icon alone in a narrow window, the best known first."""
_MODES = {Mode.SYSTEM: "As the System", Mode.LIGHT: "Light", Mode.DARK: "Dark"}


class Actions(QObject):
    """The actions by name; the window's menus and its toolbar are made of them.

    Attributes:
        modes: The actions that choose the theme.
        recent: The menu of recent files, filled by whoever knows them.
        panels: The menu that shows and hides panels.
        export: The menu of what else than a whole model can be written.
        model: The menu of what can be done to the model.
        presets: The menu of common states of a whole model.
        statistics: The menu of what happens to statistics.
        other_way: The menu of the opposites of what is usual.
        biases: The menu of what concerns weights by their name.
    """

    def __init__(self, window: QWidget, theme: Theme, icons: Icons) -> None:
        super().__init__(window)
        self._theme = theme
        self._icons = icons
        self._is_held = False
        self._by_name = {name: self._made(window, name, words) for name, words in _ACTIONS.items()}
        for name in STRUCTURE_EDITS:
            # Until whoever knows the document says what can be done to its layers.
            self._by_name[name].setEnabled(False)
        self._by_name["quit"].setMenuRole(QAction.MenuRole.QuitRole)
        self._by_name["about"].setMenuRole(QAction.MenuRole.AboutRole)
        self.modes = self._mode_actions(window)
        self.recent = QMenu("Open Recent", window)
        self.panels = QMenu("Panels", window)
        self.export = self._menu(window, "Export", "export_weights", "export_serving", "export_trained")
        self.model = self._menu(window, "&Model")
        self.presets = self._menu(window, "Presets", "preset_head", "preset_last-block", "last_layers")
        self._fill(self.presets, "preset_normalizations", "", "preset_all", "preset_none")
        self.statistics = self._menu(window, "Statistics", *(f"policy_{policy.value}" for policy in StatisticsPolicy))
        self.other_way = self._menu(window, "The Other Way Round", "thaw_up_to", "freeze_from_here")
        self.biases = self._menu(window, "Biases", "freeze_biases", "thaw_biases", "")
        self._fill(self.biases, "freeze_all_but_biases", "thaw_all_but_biases")
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()

    def __getitem__(self, name: str) -> QAction:
        return self._by_name[name]

    def fill_menus(self, bar: QMenuBar) -> None:
        """Puts the actions into menus."""
        file = bar.addMenu("&File")
        self._fill(file, "new", "", "open", "open_folder", "open_with_code", "give_code")
        file.addMenu(self.recent)
        self._fill(file, "", "save", "save_as")
        file.addMenu(self.export)
        self._fill(file, "", "apply_map", "export_map", "compare_map", "", "apply_trained", "", "quit")
        self._fill(bar.addMenu("&Edit"), "undo", "redo", "", "find")
        bar.addMenu(self.model)
        self._fill(self.model, "freeze", "thaw")
        self.fill_edits(self.model)
        self.fill_structure_edits(self.model)
        self._fill(self.model, "", "copy_python")
        self._fill(bar.addMenu("&Train"), "data", "", "start", "pause", "", "stop", "stop_best", "", "cancel")
        view = bar.addMenu("&View")
        view.addMenu(self.panels)
        theme = view.addMenu("Theme")
        theme.addActions(list(self.modes.values()))
        self._fill(view, "", "reset_layout", "", "forget_consents")
        self._fill(bar.addMenu("&Help"), "about")

    def show_pause(self, *, is_held: bool) -> None:
        """Lets *Pause* read *Resume* while a run is held."""
        action = self["pause"]
        self._is_held = is_held
        text = "Resume" if is_held else "Pause"
        if action.text() != text:
            action.setText(text)
            action.setIconText(text)
            tip = "Go on with the run where it was held" if is_held else _ACTIONS["pause"].tip
            action.setToolTip(f"{tip} ({action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)})")
            self._show_pause_icon()

    def _show_pause_icon(self) -> None:
        self["pause"].setIcon(self._icons.icon("start" if self._is_held else "pause"))

    def fill_edits(self, menu: QMenu) -> None:
        """Puts what freezes and thaws more than the selection alone into a menu; its tips are shown."""
        menu.setToolTipsVisible(True)
        self._fill(menu, "invert", "", "freeze_up_to", "thaw_from_here")
        menu.addMenu(self.other_way)
        self._fill(menu, "", "freeze_class", "thaw_class")
        menu.addMenu(self.biases)
        menu.addSeparator()
        menu.addMenu(self.statistics)
        self._fill(menu, "stays_frozen", "")
        menu.addMenu(self.presets)
        self._fill(menu, "select_pattern")

    def fill_structure_edits(self, menu: QMenu) -> None:
        """Puts what changes the layers themselves into a menu."""
        self._fill(menu, "", *STRUCTURE_EDITS[:3], "", *STRUCTURE_EDITS[3:])

    def fill_toolbar(self, bar: FittingToolBar) -> None:
        """Puts the actions that are used most into the toolbar."""
        for name in _TOOLS:
            if not name:
                bar.addSeparator()
                continue
            bar.addAction(self[name])
            if name in ("freeze", "thaw"):
                bar.widgetForAction(self[name]).setProperty("tone", "frozen" if name == "freeze" else "trainable")
            button = bar.widgetForAction(self[name])
            if name == "stop" and isinstance(button, QToolButton):
                button.setMenu(self._menu(bar, "Stop", "stop", "stop_best"))
                button.setPopupMode(QToolButton.ToolButtonPopupMode.MenuButtonPopup)

        bar.shorten([[self[name] for name in group] for group in _SHORTENED])

    def _menu(self, window: QWidget, title: str, *names: str) -> QMenu:
        menu = QMenu(title, window)
        menu.setToolTipsVisible(True)
        self._fill(menu, *names)
        return menu

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
        action.setIconText(words.short or words.text.rstrip("…"))
        action.setCheckable(words.is_checkable)
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
        self._show_pause_icon()
