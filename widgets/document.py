"""The model being edited, as the window owns it: its flags, its steps, and which weights are saved."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoStack

from editor.errors import EditorError
from editor.files.options import OpenOptions
from editor.layers.changes import snapshot_of
from editor.layers.edits import Edit, freeze
from editor.layers.freeze_map import FreezeMap
from editor.layers.nodes import Node
from editor.layers.tree import FlagChange, LayerTree, MapReport
from editor.processes.messages import ModelOpened
from editor.runs.journal import Journal, JournalStep, plan_steps, step_of
from editor.runs.workspace import Workspace
from widgets.undo import FlagCommand


class Document(QObject):
    """One open model.

    Attributes:
        document_id: The engine's number for it.
        path: The file that Save writes.
        options: What was given and allowed for its file.
        tree: The truth about what is frozen.
        stack: The steps that can be undone.
        map_report: What of the file's freeze map did not fit.
        opened: The flags as they were in the file.
        notes: What else a person should know about the opening, a sentence each.
        has_optimizer: Whether the engine's model has an optimizer, from its file or from a run.
        revision: Of the weights in the engine, as last heard.
        saved_revision: Of the weights in the file.
    """

    flags_changed = Signal(object)
    """Carries the set of nodes whose numbers or state may differ now."""
    modified_changed = Signal(bool)
    troubled = Signal(object)
    """Carries the `Problem` of an edit that could not be written down; the edit itself stands."""

    def __init__(
        self,
        opened: ModelOpened,
        path: Path,
        options: OpenOptions,
        workspace: Workspace,
        weights_file: Path | None = None,
    ) -> None:
        super().__init__()
        self.document_id = opened.document_id
        self.path = path
        self.options = options
        self.workspace = workspace
        self.model_name = opened.model_name
        self.tree = LayerTree(opened.root)
        self.stack = QUndoStack(self)
        self.map_report = MapReport()
        self.notes = opened.notes
        self.has_optimizer = opened.has_optimizer
        self.revision = self._newest_revision = opened.revision
        self.saved_revision = workspace.info.saved_revision
        self._kept = (opened.revision, weights_file) if weights_file else None
        self._journal = Journal(workspace.journal_path)
        self._was_modified = False
        if opened.freeze_map:
            change, self.map_report = self.tree.plan_map(opened.freeze_map)
            self.tree.apply(change)
        self.opened = snapshot_of(self.tree)
        self.stack.cleanChanged.connect(self._on_state_changed)

    @property
    def is_modified(self) -> bool:
        """Whether flags or weights differ from the file's."""
        return not self.stack.isClean() or self.revision != self.saved_revision

    @property
    def weights_file(self) -> Path | None:
        """File of the workspace with the newest weights on disk; None while the model's own file has them."""
        return self._kept[1] if self._kept else None

    @property
    def newest_revision(self) -> int:
        """The greatest one so far, also of those that an engine wrote in its last moment and told nobody of."""
        return max(self._newest_revision, self.workspace.newest_revision)

    def freeze_map(self) -> FreezeMap:
        """The flags as they are now."""
        return self.tree.freeze_map()

    def edit(self, nodes: Iterable[Node], *, trainable: bool) -> None:
        """Freezes or thaws nodes as one step; nothing happens where they are so already."""
        self.make(freeze(self.tree, nodes, trainable=trainable))

    def make(self, edit: Edit) -> None:
        """Makes an edit a step, if it changes anything."""
        self.push(edit.change, edit.text)

    def push(self, change: FlagChange, text: str) -> None:
        """Makes an edit a step."""
        if change:
            self.stack.push(FlagCommand(self, change, text))

    def recover(self, steps: tuple[JournalStep, ...]) -> None:
        """Brings the edits of a window that was killed back, as one step."""
        self.push(plan_steps(self.tree, steps), "Recover edits")

    def apply(self, change: FlagChange, text: str) -> None:
        """Sets the flags of an edit; for the commands on the stack."""
        touched = self.tree.apply(change)
        self.flags_changed.emit(touched)
        try:
            self._journal.append(step_of(change, text))
        except EditorError as error:
            self.troubled.emit(error.problem)

    def note_revision(self, revision: int, weights_file: Path | None = None) -> None:
        """The engine's weights are of another revision."""
        self.revision = revision
        self._newest_revision = max(self._newest_revision, revision)
        if weights_file:
            self.note_kept(revision, weights_file)
            self.workspace.mark_current(weights_file)
        self._on_state_changed()

    def note_kept(self, revision: int, weights_file: Path) -> None:
        """The weights of a revision are on disk; a new engine is to have them."""
        self._kept = (revision, weights_file)

    def note_saved(self, path: Path, revision: int, *, step: int) -> None:
        """The file holds the weights of `revision` and the flags that held when the stack stood at `step`."""
        self.path = path
        self.saved_revision = revision
        if self.stack.index() == step:
            self.stack.setClean()
        else:
            self.stack.resetClean()
        self._on_state_changed()
        self.workspace.update(self.workspace.info.after_save(path, revision))
        if self.stack.isClean():
            self._journal.clear()
        self._drop_kept(revision)

    def _drop_kept(self, saved_revision: int) -> None:
        """Goes back to the file's weights, unless a run or an undo went on while it was written."""
        if not self._kept:
            return
        kept_revision, weights_file = self._kept
        has_gone_on = self.revision != saved_revision
        if has_gone_on and (kept_revision > saved_revision or kept_revision == self.revision):
            # Later than the note of the save, or the next start would take the file's.
            self.workspace.mark_current(weights_file)
        else:
            self._kept = None

    def forget(self) -> None:
        """The document is closed for good: nothing of it is to be recovered."""
        self._end()
        self.workspace.clean()

    def leave(self) -> None:
        """The window ends, and the next start is to offer what is not saved."""
        self._end()
        self.workspace.release()

    def _end(self) -> None:
        # A stack that is destroyed says that its index has changed, perhaps to a window that is gone.
        self.stack.blockSignals(True)
        self._journal.close()

    def _on_state_changed(self) -> None:
        if self._was_modified != self.is_modified:
            self._was_modified = self.is_modified
            self.modified_changed.emit(self._was_modified)
