"""Nodes of the layer tree: a layer or a weight at one place."""

from __future__ import annotations

from editor.layers.paths import join, weight_path
from editor.layers.records import LayerRecord, WeightRecord


class WeightNode:
    """A weight at one place in the tree. Compares by identity, like `LayerNode`."""

    __slots__ = ("parent", "path", "record", "row")

    def __init__(self, record: WeightRecord, parent: LayerNode, row: int) -> None:
        self.record = record
        self.parent: LayerNode | None = parent
        self.row = row
        self.path: str = weight_path(parent.path, record.name)

    @property
    def name(self) -> str:
        """Keras's variable name."""
        return self.record.name

    @property
    def rows(self) -> tuple[Node, ...]:
        """A weight holds nothing."""
        return ()

    @property
    def weights_below(self) -> tuple[WeightRecord, ...]:
        """The weight itself."""
        return (self.record,)


class LayerNode:
    """A layer at one place in the tree; owned by the tree as long as the model lives.

    Attributes:
        record: The layer as it was walked.
        parent: The node that holds it; None for the root.
        row: Its index among `parent.rows`.
        path: Its place: names joined by `/`; empty for the root.
        depth: 0 for the root's children, -1 for the root.
        children: The layers it holds.
        weights: The weights it owns.
        rows: What stands below it in a view: layers, then weights.
        weights_below: All weights below and in it, each once.
    """

    __slots__ = (
        "children",
        "depth",
        "layers_below",
        "parent",
        "path",
        "record",
        "row",
        "rows",
        "weights",
        "weights_below",
    )

    def __init__(self, record: LayerRecord, parent: LayerNode | None = None, row: int = 0) -> None:
        self.record = record
        self.parent = parent
        self.row = row
        self.path: str = join(parent.path, record.name) if parent else ""
        self.depth: int = parent.depth + 1 if parent else -1
        self.children = tuple(LayerNode(child, self, at) for at, child in enumerate(record.children))
        self.weights = tuple(
            WeightNode(weight, self, len(self.children) + at) for at, weight in enumerate(record.weights)
        )
        self.rows: tuple[Node, ...] = (*self.children, *self.weights)
        below = {weight.weight_id: weight for row_node in self.rows for weight in row_node.weights_below}
        self.weights_below: tuple[WeightRecord, ...] = tuple(below.values())
        layers = {record.layer_id: record}
        for child in self.children:
            layers.update((layer.layer_id, layer) for layer in child.layers_below)
        self.layers_below: tuple[LayerRecord, ...] = tuple(layers.values())

    @property
    def name(self) -> str:
        """The last name of the path."""
        return self.record.name


Node = LayerNode | WeightNode
