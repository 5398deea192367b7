"""What is open, selected and in sight in a tree view, carried over to another tree of the same model."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QItemSelectionModel, QPoint

from editor.layers.nodes import Node
from widgets.layer_tree.selection import rows_of

if TYPE_CHECKING:
    from widgets.layer_tree.view import LayerTreeView

Flag = QItemSelectionModel.SelectionFlag


class Carrying:
    """Remembers when it is made; restores when the view shows the other tree."""

    def __init__(self, view: LayerTreeView, place_of: Callable[[Node], Node | None]) -> None:
        self._view = view
        places = ((node, place_of(node)) for node in view.folding.open_nodes())
        self._open = [place for _, place in places if place]
        self._selected = [place for node in view.selected_nodes() if (place := place_of(node))]
        current = view.current_node()
        self._current = place_of(current) if current else None
        self._marked = [place for node in view.marks if (place := place_of(node))]
        top = view.node_at(QPoint(0, 0))
        self._top = place_of(top) if top else None
        self._top_y = view.visualRect(view.index_of(top)).top() if top else 0
        self._scrolled = view.verticalScrollBar().value(), view.horizontalScrollBar().value()
        view.folding.carry(place_of)

    def restore(self) -> None:
        """Makes all as it was, as far as the other tree has it."""
        view = self._view
        view.folding.open_all(self._open)
        view.mark_nodes(self._marked)
        selection = view.selectionModel()
        if self._current is not None:
            selection.setCurrentIndex(view.index_of(self._current), Flag.NoUpdate)
        indexes = (view.index_of(node) for node in self._selected)
        selection.select(rows_of(index for index in indexes if index.isValid()), Flag.ClearAndSelect)
        self._scroll()

    def _scroll(self) -> None:
        """Rows above may be more or fewer: the one that stood at the top stands there again."""
        view = self._view
        # Laid out now: the scroll bar still has the range of the empty view.
        view.doItemsLayout()
        bar = view.verticalScrollBar()
        bar.setValue(self._scrolled[0])
        view.horizontalScrollBar().setValue(self._scrolled[1])
        if self._top is not None and view.index_of(self._top).isValid():
            bar.setValue(bar.value() + view.visualRect(view.index_of(self._top)).top() - self._top_y)
