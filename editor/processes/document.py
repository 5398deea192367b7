"""A model that is open in the engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from editor.keras_model.walk import ModelIndex


@dataclass
class Document:
    """An open model.

    Attributes:
        revision: Of the weights; grows with every change of them.
        newest_revision: The greatest number given so far; an undo goes back with `revision` alone.
    """

    index: ModelIndex
    custom_objects: dict[str, Any]
    revision: int = 0
    newest_revision: int = 0

    def note_change(self) -> None:
        """The weights are others than a moment ago."""
        self.newest_revision += 1
        self.revision = self.newest_revision
