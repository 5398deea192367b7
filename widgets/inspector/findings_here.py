"""Which findings concern a node."""

from __future__ import annotations

from collections.abc import Iterable

from editor.layers.findings.finding import Finding
from editor.layers.nodes import LayerNode, Node


def findings_at(node: Node, findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Those that name a node, a weight of it, or anything below it; the model itself has all of them elsewhere."""
    if not node.path:
        return ()
    return tuple(finding for finding in findings if any(_is_at(node, path) for path in (finding.path, *finding.paths)))


def _is_at(node: Node, path: str) -> bool:
    is_inside = isinstance(node, LayerNode) and path.startswith((f"{node.path}/", f"{node.path}:"))
    return path == node.path or is_inside
