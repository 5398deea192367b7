"""Patterns that match nodes by path: `*`, `**`, `class:`, `re:`, and a plain path."""

from __future__ import annotations

import re
from collections.abc import Callable

from editor.errors import SelectionError
from editor.layers.nodes import LayerNode, Node, WeightNode

Matcher = Callable[[Node], bool]

_MOST_WILDCARDS = 1
_SPECIAL = re.compile(r"[*?]|^(class|re):|^\s|\s$")


def matcher(pattern: str) -> Matcher:
    """Tells of a node whether a pattern matches it; a node stands for itself with all below it.

    `*` matches within one name, `**` any depth and alone the whole model, `class:BatchNormalization` by class,
    `re:…` is a regular expression that must match the whole path.
    `path:name` is a weight: `**:bias` is every bias.

    Raises:
        SelectionError: The pattern is empty or malformed.
    """
    pattern = pattern.strip()
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
    return _path_matcher(pattern)


def exact(path: str) -> str:
    """A pattern that matches this path alone, also where the path itself looks like a pattern."""
    # The root's path is empty, and an empty pattern is refused.
    return f"re:{re.escape(path)}" if not path or _SPECIAL.search(path) else path


def is_harmless(pattern: str) -> bool:
    """Whether a pattern out of a file is matched in a short time, whatever the paths are.

    A regular expression may take for ever, and so may several wildcards; what `exact` makes of a path does not.
    """
    if pattern.startswith("re:"):
        escaped = pattern.removeprefix("re:")
        return escaped == re.escape(re.sub(r"\\(.)", r"\1", escaped, flags=re.DOTALL))
    return len(re.findall(r"\*+|\?", pattern)) <= _MOST_WILDCARDS


def _path_matcher(pattern: str) -> Matcher:
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
