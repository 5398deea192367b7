"""A mode of the tree in which a click names a layer and nothing is edited."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint, Signal
from PySide6.QtWidgets import QAbstractItemView

from editor.layers.nodes import Node
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
        self.is_on = False

    def begin(self) -> None:
        """Takes clicks and keys; what is selected comes back at the end."""
        self.is_on = True
        self._selected_before = self._view.selected_nodes()
        self._view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)

    def end(self) -> None:
        """Leaves the tree as it was."""
        self.show(None)
        self.is_on = False
        self._view.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self._view.select_nodes(self._selected_before)
        self._selected_before = ()

    def show(self, look: CutLook | None) -> None:
        """Shows where it would be cut; None shows the tree as ever."""
        self._view.show_cut(look)
        if look is not None:
            self._view.folding.reveal(look.place)
            self._view.select_nodes((look.place,))

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
