"""The model being edited, as the window owns it: its flags, its steps, and which weights are saved.

It stands on a preview of its file at first, and on the live model from when the engine has it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import msgspec
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoStack

from editor.errors import EditorError, Problem
from editor.files.facts import Preview, Repair
from editor.files.options import OpenOptions
from editor.layers.changes import snapshot_of
from editor.layers.edits import Edit, freeze
from editor.layers.freeze_map import FreezeMap
from editor.layers.nodes import Node
from editor.layers.rebase import Match, keys_of
from editor.layers.tree import FlagChange, LayerTree, MapReport
from editor.processes.messages import ModelOpened
from editor.runs.journal import Journal, Record, plan_records, step_of
from editor.runs.opened_flags import OpenedFlags, read_opened_flags, write_opened_flags
from editor.runs.workspace import Workspace, revision_of
from widgets.rebasing import Rebased, all_flags, rebase, touched_by
from widgets.undo import FlagCommand, Structure

_PATCHED_FORMATS = ("keras", "h5")
_ENDINGS = re.compile(r"(\.weights)?\.(keras|h5|hdf5|json)$", re.IGNORECASE)


class Stage(StrEnum):
    """What a document stands on.

    Attributes:
        LOADING: On the preview of its file, while the engine is starting or loading the model.
        PREVIEW: On the preview alone.
        LIVE: On the model that the engine has, or had.
    """

    LOADING = "loading"
    PREVIEW = "preview"
    LIVE = "live"


@dataclass(frozen=True, eq=False)
class StructureChange:
    """One tree has taken another one's place.

    Attributes:
        match: The ids of what stays, from `before` to `tree`.
    """

    before: LayerTree
    tree: LayerTree
    match: Match


class Document(QObject):
    """One open model.

    Attributes:
        document_id: The engine's number for it; another one at each loading.
        stage: What it stands on.
        trouble: Why there is no live model; None while nothing stands against one.
        has_failed: Whether it was tried to load it, and failed for that.
        preview: What its file told before it was loaded.
        path: The file that Save writes, or would write if it were asked where to.
        options: What was given and allowed for its file.
        tree: The truth about what is frozen.
        stack: The steps that can be undone.
        map_report: What of the file's freeze map did not fit.
        opened: The flags as they were in the file; what *Changes* compares with.
        made_notes: What a person should know about the making of a new model, a sentence each.
        notes: What else a person should know about the opening, a sentence each.
        remarks: What is good to know and nothing to worry about, a sentence each.
        repairs: What was changed in memory to load it.
        has_optimizer: Whether the engine's model has an optimizer, from its file or from a run.
        revision: Of the weights in the engine, as last heard.
        saved_revision: Of the weights in the file.
        structure: Number of the layers' structure; another one after each edit of the layers.
        saved_structure: Of the structure in the file.
    """

    flags_changed = Signal(object)
    """Carries the set of nodes whose numbers or state may differ now."""
    structure_changed = Signal(object)
    """Carries the `StructureChange`; `tree` is another one already."""
    modified_changed = Signal(bool)
    troubled = Signal(object)
    """Carries the `Problem` of an edit that could not be written down; the edit itself stands."""

    def __init__(
        self,
        preview: Preview,
        path: Path,
        options: OpenOptions,
        workspace: Workspace,
        weights_file: Path | None = None,
        made_notes: tuple[str, ...] = (),
    ) -> None:
        super().__init__()
        self.document_id = 0
        self.stage = Stage.PREVIEW
        self.trouble: Problem | None = None
        self.has_failed = False
        self.preview = preview
        self.path = path
        self.options = options
        self.workspace = workspace
        self.model_name = preview.model_name or bare_name(path)
        self.tree = LayerTree(preview.root)
        self.stack = QUndoStack(self)
        self.made_notes = made_notes
        self.notes = made_notes
        self.remarks = preview.notes
        self.repairs: tuple[Repair, ...] = ()
        self.has_optimizer = False
        self.saved_revision = workspace.info.saved_revision
        self.structure = workspace.info.structure
        self.saved_structure = workspace.info.saved_structure
        self.revision = revision_of(weights_file) if weights_file else self.saved_revision
        self._newest_revision = self.revision
        self._kept = (self.revision, weights_file) if weights_file else None
        self._journal = Journal(workspace.journal_path)
        self._journal.speak_of(keys_of(self.tree))
        self._was_modified = False
        self._is_saved_here = False
        self.map_report = self._lay_over(self.tree, preview.freeze_map)
        self.opened = self._below_steps = snapshot_of(self.tree)
        self._opened_flags: OpenedFlags | None = None
        self.stack.cleanChanged.connect(self._on_state_changed)

    @staticmethod
    def _lay_over(tree: LayerTree, freeze_map: FreezeMap | None) -> MapReport:
        """Puts a file's freeze map, which wins over its flags, onto a tree."""
        if freeze_map is None:
            return MapReport()
        change, report = tree.plan_map(freeze_map)
        tree.apply(change)
        return report

    # -- what holds -------------------------------------------------------------------------------------------

    @property
    def is_live(self) -> bool:
        """Whether it stands on a live model."""
        return self.stage is Stage.LIVE

    @property
    def is_modified(self) -> bool:
        """Whether flags, weights or layers differ from the file's."""
        is_as_saved = (self.revision, self.structure) == (self.saved_revision, self.saved_structure)
        return not self.stack.isClean() or not is_as_saved

    @property
    def is_untitled(self) -> bool:
        """Whether it was made here and has no file that a person knows of."""
        return self.workspace.info.is_untitled

    @property
    def title(self) -> str:
        """What it is called."""
        return self.workspace.info.title if self.is_untitled else self.path.name

    @property
    def needs_new_file(self) -> bool:
        """Whether what was opened is no file that could be saved to: a folder, weights alone, or nothing at all."""
        is_put_together = bool(self.options.architecture or self.options.application or self.is_untitled)
        is_own = self.workspace.info.saved_as is not None
        return not is_own and (is_put_together or self.preview.facts.format not in _PATCHED_FORMATS)

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

    # -- from preview to live model ---------------------------------------------------------------------------

    def begin_loading(self, document_id: int, options: OpenOptions) -> None:
        """The engine is asked for the model."""
        self.document_id = document_id
        self.stage = Stage.LOADING
        self.trouble = None
        self.has_failed = False
        if options != self.options:
            self.options = options
            self.workspace.update(msgspec.structs.replace(self.workspace.info, options=options))

    def stay_preview(self, trouble: Problem, *, has_failed: bool = False) -> None:
        """There is no live model, and this is why."""
        self.stage = Stage.PREVIEW
        self.trouble = trouble
        self.has_failed = has_failed

    def go_live(self, event: ModelOpened) -> Rebased:
        """The live model takes the place of the preview; all steps are carried over to it."""
        tree = LayerTree(event.root)
        self.map_report = self._lay_over(tree, event.freeze_map)
        # What was saved meanwhile may be what the engine has read; the first step stands on the flags before.
        rebased = rebase(self.stack, self.tree, tree, opened=self._below_steps, is_saved=self._is_saved_here)
        self.opened = self._opened_flags.on(tree) if self._opened_flags else rebased.opened
        self.tree = tree
        self.stage = Stage.LIVE
        self.trouble = None
        self.model_name = event.model_name or self.model_name
        self.notes = (*self.made_notes, *event.notes)
        self.remarks = event.remarks
        self.repairs = event.repairs
        self.has_optimizer = event.has_optimizer
        self._journal.speak_of(keys_of(tree))
        touched = touched_by(self.stack, tree)
        if touched:
            self._write_down(touched, "")
        self.note_revision(event.revision)
        return rebased

    # -- edits ------------------------------------------------------------------------------------------------

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

    def recover(self, records: tuple[Record, ...]) -> None:
        """Brings the edits of a window that was killed back, as one step."""
        if self.structure != self.saved_structure:
            # The tree is that of the edited layers, and not of the file that changes are told from.
            self._opened_flags = read_opened_flags(self.workspace.folder, self.structure)
            self.opened = self._opened_flags.on(self.tree) if self._opened_flags else self.opened
        change = plan_records(self.tree, records)
        if change or not all(record.is_whole_in(self.tree) for record in records):
            # Planned anew for the live model, which may have what the preview does not tell.
            command = FlagCommand(self, change, "Recover edits", planner=lambda tree: plan_records(tree, records))
            self.stack.push(command)

    def apply(self, change: FlagChange, text: str) -> None:
        """Sets the flags of an edit; for the commands on the stack."""
        touched = self.tree.apply(change)
        self.flags_changed.emit(touched)
        self._write_down(change, text)

    def take_structure(self, structure: Structure, match: Match, text: str) -> None:
        """Stands on other layers; for the commands on the stack, which say then what weights they have.

        Args:
            structure: The other layers.
            match: The ids of what stays, from the layers of now to the other ones.
            text: Name of the step.
        """
        before, self.tree = self.tree, structure.tree
        self.opened = structure.opened
        self.structure = structure.number
        self.has_optimizer = structure.has_optimizer
        keys = keys_of(self.tree)
        try:
            flags = OpenedFlags(structure=structure.number, keys=keys, snapshot=structure.opened)
            write_opened_flags(self.workspace.folder, flags)
            # What the journal told so far is of other layers; a step that tells all flags stands for it.
            self.workspace.update(msgspec.structs.replace(self.workspace.info, structure=structure.number))
            self._journal.clear()
        except EditorError as error:
            self.troubled.emit(error.problem)
        self._journal.speak_of(keys)
        self._write_down(all_flags(self.tree), text)
        self.structure_changed.emit(StructureChange(before, self.tree, match))

    def _write_down(self, change: FlagChange, text: str) -> None:
        try:
            self._journal.append(step_of(change, text))
        except EditorError as error:
            self.troubled.emit(error.problem)

    # -- weights and files ------------------------------------------------------------------------------------

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

    def note_saved(self, path: Path, revision: int, *, step: int, structure: int | None = None) -> None:
        """The file holds the weights of `revision` and the flags that held when the stack stood at `step`.

        Args:
            path: The file.
            revision: Of its weights.
            step: Where the stack stood when the save began.
            structure: Of its layers; None for that of now.
        """
        self.path = path
        self.saved_revision = revision
        self.saved_structure = self.structure if structure is None else structure
        self._is_saved_here = True
        if self.stack.index() == step:
            self.stack.setClean()
        else:
            self.stack.resetClean()
        self._on_state_changed()
        self.workspace.update(self.workspace.info.after_save(path, revision, self.saved_structure))
        self.workspace.drop_made()
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


def bare_name(path: Path) -> str:
    """The name of a model's file without the endings that tell its kind; a folder's name as it is."""
    return path.name if path.is_dir() else _ENDINGS.sub("", path.name) or path.name


def lacks_architecture(document: Document) -> bool:
    """Whether it is a file of weights alone that nobody has given an architecture for."""
    is_given = bool(document.options.architecture or document.options.application)
    return document.preview.facts.format == "weights" and not is_given
