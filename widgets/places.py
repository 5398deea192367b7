"""Goes from a path that a panel names to the node in the tree."""

from __future__ import annotations

from collections.abc import Iterable

from widgets.document import Document
from widgets.main_window import MainWindow


def select_paths(window: MainWindow, document: Document | None, paths: Iterable[str]) -> None:
    """Selects the nodes at these paths and shows the first, also where the filter hides some.

    Paths that the model does not have are passed over.
    """
    nodes = [node for path in paths if document and (node := document.tree.find(path))]
    if not nodes:
        return
    if not all(window.layers.view.index_of(node).isValid() for node in nodes):
        window.layers.filter_edit.clear()
    window.layers.select_nodes(nodes)
