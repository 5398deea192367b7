"""A mode of the tree in which a click names a layer and nothing is edited."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint, Signal
from PySide6.QtWidgets import QAbstractItemView

from editor.layers.nodes import LayerNode, Node
from widgets.layer_tree.cut_look import CutLook, layer_of

if TYPE_CHECKING:
    from widgets.layer_tree.view import LayerTreeView


class Picking(QObject):
    """Has the place to cut chosen in a tree view.

    Signals:
        picked: The `LayerNode` that was clicked, or that an arrow key has come to.
    """

    picked = Signal(object)

    def __init__(self, view: LayerTreeView) -> None:
        super().__init__(view)
        self._view = view
        self._selected_before: tuple[Node, ...] = ()
        self._folded: LayerNode | None = None
        self._is_first = True
        self.is_on = False

    def begin(self) -> None:
        """Takes clicks and keys; what is selected comes back at the end."""
        self.is_on = self._is_first = True
        self._selected_before = self._view.selected_nodes()
        self._view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)

    def end(self) -> None:
        """Leaves the tree as it was."""
        self.show(None)
        self.is_on = False
        if self._folded:
            self._view.expand(self._view.index_of(self._folded))
            self._folded = None
        self._view.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self._view.select_nodes(self._selected_before)
        self._selected_before = ()

    def show(self, look: CutLook | None) -> None:
        """Shows where it would be cut; None shows the tree as ever."""
        self._view.show_cut(look)
        if look is not None:
            self._view.folding.reveal(look.place)
            self._view.select_nodes((look.place,))
            if self._is_first:
                self._is_first = False
                self._bring_together(look)

    def _bring_together(self, look: CutLook) -> None:
        """Folds a model that stays as a whole where its rows would push what goes out of sight."""
        view, gone = self._view, look.first_gone
        place = view.index_of(look.place)
        if gone is None or not view.isExpanded(place) or not look.place.children:
            return
        row = view.visualRect(view.index_of(gone))
        if not (row.isValid() and row.top() >= 0 and row.bottom() <= view.viewport().height()):
            self._folded = look.place
            view.collapse(place)

    def take_click(self, position: QPoint) -> None:
        """Names the layer at a place in the viewport; a click beside the rows folds or does nothing."""
        index = self._view.indexAt(position)
        if self._view.visualRect(index).contains(position):
            self._name(self._view.node_at(position))

    def take_step(self, before: Node | None) -> None:
        """Names the layer that the keyboard has come to, if it is another one."""
        current = self._view.current_node()
        if current is not before:
            self._name(current)

    def _name(self, node: Node | None) -> None:
        if node is not None and (layer := layer_of(node)):
            self.picked.emit(layer)
