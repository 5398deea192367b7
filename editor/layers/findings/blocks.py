"""Blocks: where findings stand, and how many alike are told as one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from editor.layers.accounts import State
from editor.layers.nodes import LayerNode, Node
from editor.layers.tree import LayerTree
from editor.wording import counted

_NUM_NAMED = 3


@dataclass(frozen=True, slots=True)
class Group:
    """Nodes of which the same is to be said.

    Attributes:
        place: The node itself if it is alone, else the innermost layer that holds them all.
        nodes: In the order of the tree.
    """

    place: Node
    nodes: tuple[Node, ...]

    @property
    def path(self) -> str:
        """Path of the place; empty for the model."""
        return self.place.path

    @property
    def paths(self) -> tuple[str, ...]:
        """Paths of the nodes."""
        return tuple(node.path for node in self.nodes)

    @property
    def name(self) -> str:
        """The place, in words for a sentence."""
        return self.path or "the model"

    @property
    def is_one(self) -> bool:
        """Whether a single node is told."""
        return len(self.nodes) == 1

    def all_of_them(self, name: str) -> str:
        """The nodes in words for a sentence: `base/bn`, or `50 layers in base (bn1, bn2, bn3 and 47 more)`."""
        if self.is_one:
            return self.name
        named = [node.path.removeprefix(f"{self.path}/") for node in self.nodes[:_NUM_NAMED]]
        rest = len(self.nodes) - len(named)
        members = listed([*named, f"{rest:,} more"] if rest else named)
        return f"{counted(len(self.nodes), name)} in {self.name} ({members})"


def grouped(nodes: Iterable[Node]) -> Iterator[Group]:
    """Nodes that stand below the same child of the root together; those directly below the root together too."""
    groups: dict[Node | None, list[Node]] = {}
    for node in nodes:
        groups.setdefault(_top(node), []).append(node)
    for members in groups.values():
        yield Group(_place(members), tuple(members))


def _top(node: Node) -> Node | None:
    """The child of the root that holds a node; None if the node has the root itself as its parent."""
    above = ancestors(node)
    return above[-2] if len(above) > 1 else None


def _place(nodes: list[Node]) -> Node:
    if len(nodes) == 1:
        return nodes[0]
    common: list[LayerNode] = ancestors(nodes[0])
    for node in nodes[1:]:
        above = set(ancestors(node))
        common = [holder for holder in common if holder in above]
    return common[0]


def ancestors(node: Node) -> list[LayerNode]:
    """The layers that hold a node, the nearest first, the root last; none for the root."""
    above: list[LayerNode] = []
    parent = node.parent
    while parent is not None:
        above.append(parent)
        parent = parent.parent
    return above


def frozen_block(tree: LayerTree, node: LayerNode) -> LayerNode | None:
    """The nearest layer around a node, or itself, that has weights that can train, if all of them are frozen.

    The model as a whole is no block.
    """
    for holder in (node, *ancestors(node)):
        state = tree.state(holder)
        if holder.parent is None or state in (State.TRAINABLE, State.MIXED):
            return None
        if state is State.FROZEN:
            return holder
    return None


def inference_call(node: LayerNode) -> LayerNode | None:
    """The node itself, or the nearest layer around it, into whose call `training=False` is built (fact F6)."""
    fixed = (holder for holder in (node, *ancestors(node)) if holder.record.fixed_training is not None)
    nearest = next(fixed, None)
    return nearest if nearest and nearest.record.fixed_training is False else None


def listed(names: list[str]) -> str:
    """`a, b and c`."""
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)
