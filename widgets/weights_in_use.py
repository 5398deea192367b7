"""Which run the weights are from that the model has, and how that is said."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from editor.runs.workspace import revision_of
from widgets.document import Document
from widgets.training.run_entry import RunEntry


def has_weights(document: Document, file: Path | None) -> bool:
    """Whether the model has the weights of a file of the workspace."""
    return file is not None and document.revision == revision_of(file)


def run_in_use(document: Document, entries: Iterable[RunEntry]) -> RunEntry | None:
    """The run that left the weights that the model has; None where something else did."""
    return next((entry for entry in entries if has_weights(document, entry.after)), None)


def weights_sentence(document: Document, entries: Iterable[RunEntry]) -> str:
    """Where the weights are from; empty where neither a run nor the file tells.

    Args:
        document: What is open; no run is under way.
        entries: Its runs, the newest first.
    """
    trained = [entry for entry in entries if entry.after]
    if in_use := run_in_use(document, trained):
        tested = f" · Test: {in_use.test_text}" if in_use.test_metrics else ""
        return f"The weights are those from after {in_use.name}{tested}"
    later = [entry for entry in trained if has_weights(document, entry.before)]
    if later:
        return f"The weights are those from before {later[-1].name}"
    return "The weights are those of the file" if document.revision == document.saved_revision else ""
