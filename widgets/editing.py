"""Carries out what menus, tree, pattern bar and inspector ask for: each wish is one step of the document."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QMenu

from editor.errors import SelectionError
from editor.layers.edits import Edit
from editor.layers.policies import StatisticsPolicy
from widgets.capitals import in_title_case
from widgets.dialogs.last_layers import LastLayersDialog
from widgets.document import Document
from widgets.edit_commands import PLANNERS, Target, dry_look, target_of
from widgets.inspector.policy_form import stays_frozen_words
from widgets.layer_tree.wish import ToggleWish
from widgets.main_window import MainWindow
from widgets.notice_bar import Level
from widgets.notifier import Notifier

_OF_A_LAYER = ("freeze_up_to", "thaw_up_to", "freeze_from_here", "thaw_from_here", "freeze_class", "thaw_class")


class Editing(QObject):
    """The commands that freeze and thaw, from the wish to the step on the stack.

    Args:
        window: Has the actions and the panels that ask.
        notifier: Says what means nothing here.
        current: The document that is open; None while nothing is.
    """

    def __init__(self, window: MainWindow, notifier: Notifier, current: Callable[[], Document | None]) -> None:
        super().__init__(window)
        self._window = window
        self._notifier = notifier
        self._current = current
        self._said = ""
        self._tips = {name: window.actions_[name].toolTip() for name in PLANNERS}
        self._connect_actions()
        layers = window.layers
        layers.toggle_requested.connect(self._on_toggle_requested)
        layers.edit_requested.connect(self.make)
        layers.view.fill_menu = self._fill_tree_menu
        layers.preset_button.setMenu(window.actions_.presets)
        window.inspector.edit_requested.connect(self.make)

    def _connect_actions(self) -> None:
        actions = self._window.actions_
        for name in PLANNERS:
            actions[name].triggered.connect(lambda _checked=False, name=name: self.carry_out(name))
            actions[name].hovered.connect(lambda name=name: self._on_action_hovered(name))
        actions["last_layers"].triggered.connect(self._on_last_layers_triggered)
        actions["select_pattern"].triggered.connect(self._window.layers.open_pattern_bar)
        actions.model.aboutToShow.connect(self.prepare)

    def set_document(self, document: Document) -> None:
        """Shows what changes in another document."""
        document.flags_changed.connect(self._on_flags_changed)

    # -- wishes -----------------------------------------------------------------------------------------------

    def carry_out(self, name: str) -> None:
        """Carries out a command on what is selected."""
        target = self._target()
        if target is None:
            return
        try:
            edit = PLANNERS[name](target)
        except SelectionError as error:
            self._say(Level.WARNING, str(error))
        else:
            self.make(edit)

    def make(self, edit: Edit) -> None:
        """Makes an edit a step, or says that it changes nothing."""
        document = self._current()
        if document is None:
            return
        if not edit.change:
            self._say(Level.INFO, f"{edit.text}: nothing changes.")
            return
        if self._said and self._window.notices.text == self._said:
            self._notifier.clear()
        document.make(edit)

    def _say(self, level: Level, text: str) -> None:
        self._said = text
        self._notifier.say(level, text)

    def _target(self) -> Target | None:
        document, layers = self._current(), self._window.layers
        return target_of(document.tree, layers.selected_nodes(), layers.view.current_node()) if document else None

    # -- menus ------------------------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Fits words, ticks and what can be used to the selection; before a menu with the commands opens."""
        actions, target = self._window.actions_, self._target()
        for name in (*PLANNERS, "last_layers", "select_pattern", "copy_python"):
            actions[name].setEnabled(target is not None)
        for menu in (actions.presets, actions.statistics, actions.other_way, actions.biases):
            menu.setEnabled(target is not None)
        if target is not None:
            self._fit_to_layer(target)
            self._fit_to_policies(target)

    def _fit_to_layer(self, target: Target) -> None:
        actions, layer = self._window.actions_, target.layer
        for name in ("freeze", "thaw"):
            actions[name].setEnabled(bool(target.nodes))
        actions.other_way.setEnabled(layer is not None)
        class_name = layer.record.class_name if layer else ""
        for name in _OF_A_LAYER:
            actions[name].setEnabled(bool(class_name) if name.endswith("_class") else layer is not None)
        class_words = f"Class {class_name}" if class_name else "This Class"
        actions["freeze_class"].setText(f"Freeze All of {class_words}")
        actions["thaw_class"].setText(f"Thaw All of {class_words}")

    def _fit_to_policies(self, target: Target) -> None:
        actions, subject = self._window.actions_, target.subject
        num_owners = len(subject.statistics_owners)
        actions.statistics.setEnabled(num_owners > 0)
        actions.statistics.setTitle(f"Statistics of {num_owners:,} Layers" if num_owners > 1 else "Statistics")
        for policy in StatisticsPolicy:
            actions[f"policy_{policy.value}"].setChecked(subject.policy is policy)
        rule = actions["stays_frozen"]
        rule.setEnabled(bool(subject.rule_layers))
        rule.setText(in_title_case(stays_frozen_words(len(subject.rule_layers))))
        rule.setChecked(bool(subject.stays_frozen))

    def _fill_tree_menu(self, menu: QMenu) -> None:
        self.prepare()
        self._window.actions_.fill_edits(menu)
        self._window.actions_.fill_structure_edits(menu)
        document = self._current()
        if document and document.tree.root in self._window.layers.selected_nodes():
            menu.addSeparator()
            menu.addAction(self._window.actions_["copy_python"])

    # -- handlers ---------------------------------------------------------------------------------------------

    def _on_action_hovered(self, name: str) -> None:
        """Lets the tip of a command say what it would change; nobody waits for what is not looked at."""
        target, action, tip = self._target(), self._window.actions_[name], self._tips[name]
        words = dry_look(PLANNERS[name], target) if target and action.isEnabled() else ""
        action.setToolTip(f"{tip}\n{words}".strip())
        action.setStatusTip(words)

    def _on_last_layers_triggered(self) -> None:
        document = self._current()
        if document is not None:
            dialog = LastLayersDialog(document.tree, self._window)
            dialog.matched.connect(self._window.layers.show_marked)
            dialog.edit_requested.connect(self.make)
            dialog.ask()

    def _on_toggle_requested(self, wish: ToggleWish) -> None:
        document = self._current()
        if document is not None:
            document.edit(wish.nodes, trainable=wish.trainable)

    def _on_flags_changed(self, nodes: object) -> None:
        document = self._current()
        assert document and isinstance(nodes, set)
        self._window.layers.refresh(nodes)
        self._window.summary.show_account(document.tree.account(document.tree.root))
        self._window.inspector.refresh()
