"""How the tree shows where a model would be cut: what stays, what goes, and where else it could be."""

from __future__ import annotations

from collections.abc import Iterable

from editor.layers.cutting import Cut, cut_at
from editor.layers.nodes import LayerNode, Node, WeightNode
from editor.layers.tree import LayerTree
from widgets.layer_tree.rows import Chip

_LAST = Chip("last that stays", "stays", "frozen")
_GOES = Chip("goes", "goes", "error")


class CutLook:
    """One place to cut, for each node of the tree.

    Args:
        tree: The model's.
        cut: The chosen place.
        places: The layers behind which it could be cut.
    """

    def __init__(self, tree: LayerTree, cut: Cut, places: Iterable[LayerNode]) -> None:
        self._tree = tree
        self._cut = cut
        self._open = {place for layer in places for place in tree.places(layer)}
        self._gone = {below for layer in cut.goes for below in tree.walk(layer)}

    @property
    def place(self) -> LayerNode:
        """The last layer that stays."""
        return self._cut.layer

    @property
    def first_gone(self) -> LayerNode | None:
        """The first layer that goes; None where nothing does."""
        return next(iter(self._cut.goes), None)

    def goes(self, node: Node) -> bool:
        """Whether a node is taken off."""
        return node in self._gone

    def can_be_chosen(self, node: Node) -> bool:
        """Whether the model can be cut behind a layer; a weight stands for its layer."""
        return layer_of(node) in self._open

    def chips(self, node: Node) -> tuple[Chip, ...]:
        """What is written behind a node's name."""
        if node is self.place:
            return (_LAST,)
        return (_GOES,) if node in self._cut.goes else ()

    def words(self, node: Node) -> str:
        """What becomes of a node, and why the model cannot be cut behind it, if so."""
        becomes = "Goes." if self.goes(node) else "Stays."
        layer = layer_of(node)
        if self.can_be_chosen(node) or layer is None:
            return becomes
        return f"{becomes} No place to cut: {cut_at(self._tree, layer).problem}"


def layer_of(node: Node) -> LayerNode | None:
    """A layer itself; of a weight the layer that owns it."""
    return node.parent if isinstance(node, WeightNode) else node
