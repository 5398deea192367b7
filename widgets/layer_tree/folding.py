"""Which rows of the layer tree are open: at first, while filtering, and after it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from editor.layers.nodes import LayerNode, Node
from widgets.layer_tree.filter import LayerFilter
from widgets.layer_tree.model import LayerTreeModel

if TYPE_CHECKING:
    from widgets.layer_tree.view import LayerTreeView

_NUM_ROWS_SHOWN_AT_FIRST = 60


class Folding:
    """Opens and closes rows of one view."""

    def __init__(self, view: LayerTreeView, model: LayerTreeModel, layer_filter: LayerFilter) -> None:
        self._view = view
        self._model = model
        self._filter = layer_filter
        self._open_before: set[Node] = set()
        self._revealed: list[Node] = []

    def forget(self) -> None:
        """Forgets what was open before the filter, and for whom; for another tree."""
        self._open_before.clear()
        self._revealed.clear()

    def carry(self, place_of: Callable[[Node], Node | None]) -> None:
        """Remembers what was open before the filter by the nodes of the tree that takes this one's place."""
        self._open_before = {place for node in self._open_before if (place := place_of(node))}
        self._revealed = [place for node in self._revealed if (place := place_of(node))]

    def open_all(self, nodes: Iterable[Node]) -> None:
        """Opens these and no others."""
        for node in nodes:
            self._open(node)

    def open_at_first(self) -> None:
        """Opens the root and, where the rows are not too many, the models inside it."""
        tree = self._model.tree
        if tree is None:
            return
        self._open(tree.root)
        containers = [child for child in tree.root.children if child.children]
        if len(tree.root.rows) + sum(len(child.rows) for child in containers) <= _NUM_ROWS_SHOWN_AT_FIRST:
            for child in containers:
                self._open(child)

    def expand_below(self, nodes: Iterable[Node]) -> None:
        """Opens nodes with all below them."""
        for node in nodes:
            self._view.expandRecursively(self._view.index_of(node))

    def collapse_all(self) -> None:
        """Closes all but the root."""
        self._view.collapseAll()
        if self._model.tree is not None:
            self._open(self._model.tree.root)

    def reveal(self, node: Node | None) -> None:
        """Opens what holds a node, and closes again what was opened for the one before."""
        holders = []
        above = node.parent if node else None
        while above is not None:
            holders.append(above)
            above = above.parent
        for opened in self._revealed:
            if opened not in holders:
                self._view.collapse(self._view.index_of(opened))
        closed = [holder for holder in holders if not self._view.isExpanded(self._view.index_of(holder))]
        self._revealed = [*(opened for opened in self._revealed if opened in holders), *closed]
        for holder in reversed(closed):
            self._open(holder)

    def set_filter_text(self, text: str) -> None:
        """Shows only what matches; with an empty text all is back, folded as it was before."""
        was_filtered = bool(self._filter.text)
        if not was_filtered:
            self._open_before = self.open_nodes()
        self._filter.set_text(text)
        if self._filter.text:
            self._open_to_matches()
        elif was_filtered:
            self._restore()
        self._view.viewport().update()

    def _open(self, node: Node) -> None:
        self._view.expand(self._view.index_of(node))

    def open_nodes(self) -> set[Node]:
        """The nodes that are open now."""
        tree = self._model.tree
        layers = tree.walk_layers() if tree else ()
        return {layer for layer in layers if layer.rows and self._view.isExpanded(self._view.index_of(layer))}

    def _open_to_matches(self) -> None:
        """Opens what holds layers that match; a matching layer's own weights stay closed."""
        for node in self._filter.kept:
            if isinstance(node, LayerNode) and (node.children or not self._filter.is_match(node)):
                self._open(node)

    def _restore(self) -> None:
        self._view.collapseAll()
        for node in self._open_before:
            self._open(node)
        if self._view.currentIndex().isValid():
            self._view.scrollTo(self._view.currentIndex())
