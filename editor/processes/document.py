"""A model that is open in the engine."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from editor.files.options import OpenOptions
from editor.keras_model.walk import ModelIndex
from editor.runs.revisions import Revision


@dataclass
class Document:
    """An open model.

    Attributes:
        revision: Of the weights; grows with every change of them.
        newest_revision: The greatest number given so far; an undo goes back with `revision` alone.
        options: What was given and allowed for its file.
        path: Absolute path of its file.
        opened: The digest of each weight in the file, by `weight_id`: what is trained differs from it.
        structure: Number of the model's structure; 0 as it was opened, another one after an edit of its layers.
        opened_structure: The structure that `opened` is of.
        learned: Paths of the layers that were trained before the model was opened, and are still in it.
        calling: Held by whoever calls the model outside its run, and by whoever starts a run: two threads that trace
            one model at once would mix up their symbols.
    """

    index: ModelIndex
    custom_objects: dict[str, Any]
    revision: int = 0
    newest_revision: int = 0
    options: OpenOptions = field(default_factory=OpenOptions)
    opened: Sequence[str] = ()
    path: str = ""
    structure: int = 0
    opened_structure: int = 0
    learned: tuple[str, ...] = ()
    calling: threading.Lock = field(default_factory=threading.Lock)

    def note_change(self) -> None:
        """The weights are others than a moment ago."""
        self.newest_revision += 1
        self.revision = self.newest_revision

    def note_learned(self, revision: Revision) -> None:
        """The weights are those of a revision, and so is what was trained before."""
        if revision.meta.learned is not None:
            self.learned = revision.meta.learned
