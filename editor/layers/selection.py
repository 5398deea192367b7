"""Selects nodes of a tree by pattern, by the name of a weight, by class."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from editor.errors import SelectionError
from editor.layers.flag_change import FlagChange
from editor.layers.nodes import LayerNode, Node, WeightNode
from editor.layers.patterns import matcher
from editor.layers.tree import LayerTree


def select(tree: LayerTree, pattern: str) -> tuple[Node, ...]:
    """The nodes that a pattern matches (see `patterns.matcher`); each stands for itself with all below it.

    Raises:
        SelectionError: The pattern is empty or malformed, or nothing matches.
    """
    matches = matcher(pattern)
    found = tuple(node for node in tree.walk() if matches(node))
    if not found:
        raise SelectionError(f"{pattern!r} selects no layer of this model.", hint=_nearest(tree, pattern))
    return found


def plan_patterns(tree: LayerTree, steps: Iterable[tuple[str, bool]]) -> FlagChange:
    """The edit of several `(pattern, trainable)` steps in the order given; the tree itself is left as it was.

    Raises:
        SelectionError: As `select`.
    """
    whole = FlagChange()
    try:
        for pattern, trainable in steps:
            change = tree.plan(topmost(select(tree, pattern)), trainable=trainable)
            tree.apply(change)
            whole = whole.then(change)
    finally:
        tree.apply(whole.reverted)
    return whole


def weights_of(tree: LayerTree, nodes: Iterable[Node], *, named: str, others: bool = False) -> tuple[WeightNode, ...]:
    """The weights in and below nodes that have a name, such as `bias`; with `others` those that have not.

    Statistics are left out, as nothing can train them.
    """
    found: dict[str, WeightNode] = {}
    for node in nodes:
        below = tree.walk(node) if isinstance(node, LayerNode) else (node,)
        for inner in below:
            is_weight = isinstance(inner, WeightNode) and not inner.record.is_statistics
            if is_weight and (_base_name(inner) == named) != others:
                assert isinstance(inner, WeightNode)
                found[inner.path] = inner
    return tuple(found.values())


def _base_name(node: Node) -> str:
    """Keras's name of a weight, without the mark of a repeated one and the part before a `/`."""
    return node.name.partition("#")[0].rpartition("/")[2]


def of_class(tree: LayerTree, class_name: str) -> tuple[LayerNode, ...]:
    """All layers of a class, each at its first place."""
    return tuple(
        node for node in tree.walk_layers() if node.record.class_name == class_name and tree.is_first_place(node)
    )


def topmost(nodes: Iterable[Node]) -> tuple[Node, ...]:
    """Those of the nodes that no other of them holds."""
    chosen = dict.fromkeys(nodes)
    return tuple(node for node in chosen if not _has_above(node, chosen))


def _has_above(node: Node, chosen: dict[Node, None]) -> bool:
    above = node.parent
    while above is not None:
        if above in chosen:
            return True
        above = above.parent
    return False


def similar(tree: LayerTree, pattern: str) -> list[str]:
    """Patterns that match something and read like one that does not; at most three, the nearest first."""
    nodes = [node for node in tree.walk() if node is not tree.root]
    if pattern.strip().startswith("class:"):
        classes = {node.record.class_name for node in nodes if isinstance(node, LayerNode)}
        names = difflib.get_close_matches(pattern.strip().removeprefix("class:"), classes, n=3, cutoff=0.5)
        return [f"class:{name}" for name in names]
    return difflib.get_close_matches(pattern, [node.path for node in nodes], n=3, cutoff=0.5)


def _nearest(tree: LayerTree, pattern: str) -> str:
    near = similar(tree, pattern)
    if near:
        return f"Did you mean {' or '.join(near)}?"
    tops = ", ".join(child.path for child in tree.root.children[:4])
    return f"The first layers of the model are: {tops}. 'inspect' lists them all."
