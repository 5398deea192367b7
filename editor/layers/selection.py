"""Patterns that select nodes by path: `*`, `**`, `class:`, `re:`, and a plain path."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable

from editor.errors import SelectionError
from editor.layers.nodes import LayerNode, Node, WeightNode
from editor.layers.tree import FlagChange, LayerTree


def select(tree: LayerTree, pattern: str) -> tuple[Node, ...]:
    """The nodes that a pattern matches; each stands for itself with all below it.

    `*` matches within one name, `**` any depth and alone the whole model, `class:BatchNormalization` by class,
    `re:…` is a regular expression that must match the whole path. `path:name` is a weight: `**:bias` is every bias.

    Raises:
        SelectionError: The pattern is empty or malformed, or nothing matches.
    """
    matches = _matcher(pattern.strip())
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
            change = tree.plan(select(tree, pattern), trainable=trainable)
            tree.apply(change)
            whole = whole.then(change)
    finally:
        tree.apply(whole.reverted)
    return whole


def _matcher(pattern: str) -> Callable[[Node], bool]:
    if not pattern:
        raise SelectionError("The pattern is empty.", hint="Give a path, such as base or base/*_conv1.")
    if pattern.startswith("class:"):
        names = _compile(pattern.removeprefix("class:"), _glob)
        # The root has no name, and nobody means the whole model by its class.
        return lambda node: (
            isinstance(node, LayerNode) and node.parent is not None and bool(names.fullmatch(node.record.class_name))
        )
    if pattern.startswith("re:"):
        expression = _compile(pattern.removeprefix("re:"), str)
        return lambda node: expression.fullmatch(node.path) is not None
    if pattern == "**":
        return lambda node: isinstance(node, LayerNode)
    # The root's empty path would match many a pattern.
    paths = _compile(pattern, _glob)
    kind = WeightNode if ":" in pattern else LayerNode
    # A path as it stands always matches itself: a layer's name may hold a `:`, which otherwise marks a weight.
    return lambda node: (
        node.path == pattern
        or (isinstance(node, kind) and node.parent is not None and paths.fullmatch(node.path) is not None)
    )


def _compile(text: str, translate: Callable[[str], str]) -> re.Pattern[str]:
    try:
        return re.compile(translate(text))
    except re.error as error:
        raise SelectionError(
            f"{text!r} is not a regular expression: {error}.", hint="Mend it, or use * and ** instead."
        ) from error


def _glob(pattern: str) -> str:
    """`**/` also matches no name at all, so that `**/conv` finds a `conv` at the top."""
    pieces = {"**/": r"(?:[^:]*/)?", "**": r"[^:]*", "*": r"[^/:]*", "?": r"[^/:]"}
    tokens = re.split(r"(\*\*/|\*\*|\*|\?)", pattern)
    return "".join(pieces.get(token, re.escape(token)) for token in tokens)


def _nearest(tree: LayerTree, pattern: str) -> str:
    nodes = [node for node in tree.walk() if node is not tree.root]
    if pattern.strip().startswith("class:"):
        classes = {node.record.class_name for node in nodes if isinstance(node, LayerNode)}
        names = difflib.get_close_matches(pattern.strip().removeprefix("class:"), classes, n=3, cutoff=0.5)
        near = [f"class:{name}" for name in names]
    else:
        near = difflib.get_close_matches(pattern, [node.path for node in nodes], n=3, cutoff=0.5)
    if near:
        return f"Did you mean {' or '.join(near)}?"
    tops = ", ".join(child.path for child in tree.root.children[:4])
    return f"The first layers of the model are: {tops}. 'inspect' lists them all."
