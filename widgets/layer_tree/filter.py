"""The rows that a filter's text leaves: what matches, with all that holds it."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QSortFilterProxyModel, Slot
from typing_extensions import override

from editor.layers.nodes import LayerNode, Node, WeightNode
from widgets.layer_tree.model import LayerTreeModel


class LayerFilter(QSortFilterProxyModel):
    """Keeps nodes whose path or class contains a text, whatever the case, and their parents.

    What matches is found in one walk over the tree when the text changes. Qt's own recursive filtering would ask
    about every row again for each of its ancestors.
    """

    def __init__(self, source: LayerTreeModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._source = source
        self._text = ""
        self._matches: set[Node] = set()
        self._kept: set[Node] = set()
        # Toggling changes no path and no class: nothing needs filtering again.
        self.setDynamicSortFilter(False)
        # Connected before Qt's own handlers, so that the matches are those of the new tree when it asks for rows.
        source.modelReset.connect(self._find)
        self.setSourceModel(source)

    @property
    def text(self) -> str:
        """What is looked for; empty shows all."""
        return self._text

    def set_text(self, text: str) -> None:
        """Looks for another text."""
        if hasattr(self, "endFilterChange"):
            self.beginFilterChange()
            self._look_for(text)
            self.endFilterChange(QSortFilterProxyModel.Direction.Rows)
        else:
            # Qt before 6.10, which knows no other way than the one that is deprecated since.
            self._look_for(text)
            self.invalidateFilter()

    def _look_for(self, text: str) -> None:
        self._text = text.strip().casefold()
        self._find()

    def is_match(self, node: Node) -> bool:
        """Whether a node itself matches, not only something below it."""
        return node in self._matches

    @property
    def kept(self) -> frozenset[Node]:
        """What the text leaves: matches and their parents; empty without a text."""
        return frozenset(self._kept)

    @property
    def matches(self) -> tuple[Node, ...]:
        """What matches by itself, from the top down."""
        tree = self._source.tree
        return tuple(node for node in tree.walk() if node in self._matches) if tree else ()

    @Slot()
    def _find(self) -> None:
        self._matches.clear()
        self._kept.clear()
        if not self._text or self._source.tree is None:
            return
        for node in self._source.tree.walk():
            if self._text in _searched(node).casefold():
                self._matches.add(node)
                self._keep_with_parents(node)

    def _keep_with_parents(self, node: Node) -> None:
        above: Node | None = node
        while above is not None and above not in self._kept:
            self._kept.add(above)
            above = above.parent

    @override
    def filterAcceptsRow(self, source_row: int, source_parent: QModelIndex | QPersistentModelIndex) -> bool:
        if not self._text:
            return True
        holder = self._source.node_of(source_parent)
        tree = self._source.tree
        node = holder.rows[source_row] if holder else tree.root if tree else None
        return node in self._kept


def _searched(node: Node) -> str:
    """Path and class of a layer; a weight is also found by the class of its layer."""
    layer = node.parent if isinstance(node, WeightNode) else node
    return f"{node.path}\n{layer.record.class_name if isinstance(layer, LayerNode) else ''}"
