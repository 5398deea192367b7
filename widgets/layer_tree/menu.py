"""The context menu of the layer tree."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QKeySequence
from PySide6.QtWidgets import QMenu

from editor.layers.nodes import Node
from widgets.icons import Icons
from widgets.layer_tree.wish import with_weights

if TYPE_CHECKING:
    from widgets.layer_tree.view import LayerTreeView


def tree_menu(view: LayerTreeView, icons: Icons) -> QMenu:
    """A menu for what is selected now."""
    menu = QMenu(view)
    nodes = view.selected_nodes()
    freeze = menu.addAction(icons.icon("freeze"), "Freeze", lambda: view.ask_for(trainable=False))
    thaw = menu.addAction(icons.icon("thaw"), "Thaw", lambda: view.ask_for(trainable=True))
    for action, keys in ((freeze, "Ctrl+E"), (thaw, "Ctrl+Shift+E")):
        # Shown here; the window's own actions are those that hear the keys.
        action.setShortcut(QKeySequence(keys))
        action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        action.setShortcutVisibleInContextMenu(True)
    view.fill_menu(menu)
    menu.addSeparator()
    below = menu.addAction("Expand All Below", lambda: view.folding.expand_below(nodes))
    menu.addAction("Collapse All", view.folding.collapse_all)
    menu.addSeparator()
    copy = menu.addAction("Copy Path" if len(nodes) == 1 else "Copy Paths", lambda: _copy_paths(nodes))
    has_weights = bool(with_weights(nodes))
    freeze.setEnabled(has_weights)
    thaw.setEnabled(has_weights)
    below.setEnabled(any(node.rows for node in nodes))
    copy.setEnabled(any(node.path for node in nodes))
    return menu


def _copy_paths(nodes: Sequence[Node]) -> None:
    QGuiApplication.clipboard().setText("\n".join(node.path for node in nodes if node.path))
