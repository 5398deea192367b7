"""Which nodes are marked in the tree, and how many of them lie below each other one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from editor.layers.nodes import LayerNode, Node


class Marks:
    """Nodes that a pattern matches, or that an edit is about to touch, from the top down."""

    def __init__(self, nodes: Iterable[Node] = ()) -> None:
        self._nodes = dict.fromkeys(nodes)
        self._below: Counter[LayerNode] = Counter()
        for node in self._nodes:
            above = node.parent
            while above is not None:
                self._below[above] += 1
                above = above.parent

    def __contains__(self, node: Node) -> bool:
        return node in self._nodes

    def __iter__(self) -> Iterator[Node]:
        return iter(self._nodes)

    def __len__(self) -> int:
        return len(self._nodes)

    def num_below(self, node: Node) -> int:
        """How many marked nodes lie below a node, itself left out."""
        return self._below[node] if isinstance(node, LayerNode) else 0
