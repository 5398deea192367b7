"""The panels that speak of the open document: they get another one, or another tree of the same, together."""

from __future__ import annotations

from typing import Protocol

from editor.layers.rebase import Match, place_in
from editor.layers.tree import LayerTree
from widgets.document import Document
from widgets.inspector.facts import Fact
from widgets.inspector.file_facts import file_facts
from widgets.main_window import MainWindow


class DocumentPart(Protocol):
    """What works on one document at a time."""

    def set_document(self, document: Document) -> None:
        """Works on another document."""


class DocumentPanels:
    """Hands on what is open.

    Args:
        window: Has tree, inspector, curves and progress.
        parts: All else that works on the document, in the order in which they are told.
    """

    def __init__(self, window: MainWindow, parts: tuple[DocumentPart, ...]) -> None:
        self._window = window
        self._parts = parts

    def show(self, document: Document) -> None:
        """Shows another document; no run is active."""
        window = self._window
        window.layers.set_tree(document.tree, document.model_name)
        window.inspector.set_tree(document.tree, _facts(document))
        window.plots.clear()
        window.progress.clear()
        for part in self._parts:
            part.set_document(document)
        window.layers.view.setFocus()

    def show_other_tree(self, document: Document, before: LayerTree, match: Match) -> None:
        """Shows the tree that the document has now; what is open, selected and in sight stays so.

        Args:
            document: What is shown already.
            before: Its tree until now.
            match: The ids of what stays, from that tree to the one that it has now.
        """
        window = self._window
        window.inspector.set_tree(document.tree, _facts(document))
        window.layers.replace_tree(
            document.tree,
            document.model_name,
            lambda node: place_in(document.tree, node, before, match),
        )
        # The other tree may know more: what trains, what is found, what another map differs in.
        document.flags_changed.emit(set())

    def show_file(self, document: Document) -> None:
        """The document is saved in another file."""
        self._window.inspector.set_about(_facts(document))


def _facts(document: Document) -> list[Fact]:
    return file_facts(document.preview, document.repairs, path=None if document.is_untitled else document.path)
