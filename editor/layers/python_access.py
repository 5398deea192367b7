"""How Python reaches a layer or a weight of a model that was loaded anew."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from editor.layers.nodes import LayerNode, Node, WeightNode

PLAIN_GRAPHS = frozenset({"Functional", "Sequential", "Model"})
"""Graphs whose layers are rebuilt from the file, each with the name that stands there."""
_BY_NAME = ".get_layer("


@dataclass(frozen=True, slots=True)
class Link:
    """One step on the way from the root to a node.

    Attributes:
        anchor: The layer from which the step is taken.
        before: Steps in between, such as the `.blocks` of `.blocks[0]`.
        step: `.get_layer("conv")`, `.query_dense`, `[0]` or `["left"]`.
        child: The node under `anchor` to which the step leads.
    """

    anchor: LayerNode
    before: str
    step: str
    child: Node

    @property
    def kind(self) -> str:
        """What sort of step it is: `name`, `index`, `key` or `attribute`."""
        if self.step.startswith(_BY_NAME):
            return "name"
        if self.step.startswith("["):
            return "index" if self.step[1:-1].isdigit() else "key"
        return "attribute"

    @property
    def literal(self) -> str:
        """The name, index or key as Python writes it."""
        return self.step.removeprefix(_BY_NAME)[:-1] if self.kind == "name" else self.step[1:-1]


def links_to(node: Node) -> tuple[Link, ...]:
    """All steps from the root to a node."""
    if node.parent is None:
        return ()
    steps = steps_to(node)
    own = (Link(node.parent, "".join(steps[:at]), step, node) for at, step in enumerate(steps))
    return (*links_to(node.parent), *own)


def steps_to(node: Node) -> tuple[str, ...]:
    """The steps from a node's parent to it."""
    if node.parent is None:
        return ()
    if isinstance(node, WeightNode):
        attribute = node.record.attribute
        return (f".{attribute}",) if attribute else (f".weights[{node.row - len(node.parent.children)}]",)
    access = node.record.access or (f"{_BY_NAME}{quoted(name_of(node))})",)
    if access[0].startswith(_BY_NAME) and not is_name_lasting(node):
        return (".layers", f"[{node.row}]")
    return access


def name_of(layer: LayerNode) -> str:
    """Keras's name of a layer of a graph."""
    access = layer.record.access
    if access and access[0].startswith(_BY_NAME):
        return str(json.loads(access[0].removeprefix(_BY_NAME)[:-1]))
    return layer.name.replace("%2F", "/")


def is_name_lasting(layer: LayerNode) -> bool:
    """Whether a layer of a graph has its name in every process (fact F9).

    It has if a person gave it, or if it stands in the file: a subclassed model gives automatic names anew.
    """
    name = name_of(layer)
    if not re.fullmatch(re.escape(_snake_case(layer.record.class_name)) + r"(_\d+)?", name):
        return True
    return layer.record.config.get("name") == name and is_from_file(layer.parent)


def is_from_file(graph: LayerNode | None) -> bool:
    """Whether a graph, and all above it, is built from what the file says and not by a class."""
    while graph is not None:
        if not graph.record.is_graph or graph.record.class_name not in PLAIN_GRAPHS:
            return False
        graph = graph.parent
    return True


def graph_layers(layer: LayerNode) -> tuple[LayerNode, ...]:
    """What `layer.layers` gives for a graph, in that order; empty for other layers."""
    if not layer.record.is_graph:
        return ()
    return tuple(child for child in layer.children if not child.record.access or _is_by_name(child))


def _is_by_name(layer: LayerNode) -> bool:
    return layer.record.access[0].startswith(_BY_NAME)


def quoted(text: str) -> str:
    """A text as Python and JSON write it, in double quotes."""
    return json.dumps(text, ensure_ascii=False)


def _snake_case(class_name: str) -> str:
    """As `keras.src.utils.naming.to_snake_case`, of which automatic names are made."""
    name = re.sub(r"\W+", "", class_name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()
