"""Undo of two kinds: flags at once, weights when the engine has put them back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoCommand
from typing_extensions import override

from editor.layers.changes import FlagSnapshot
from editor.layers.kept import reverse
from editor.layers.rebase import Match, carried
from editor.layers.tree import FlagChange, LayerTree
from editor.processes.messages import RequestFailed, RestoreRevision, RevisionRestored
from widgets.engine_link import EngineLink

if TYPE_CHECKING:
    from widgets.document import Document

NUM_KEPT_RUNS = 8
"""Steps whose weights are kept for undo."""


class FlagCommand(QUndoCommand):
    """An edit of flags.

    Attributes:
        change: In the ids of the document's tree.
    """

    def __init__(
        self,
        document: Document,
        change: FlagChange,
        text: str,
        *,
        planner: Callable[[LayerTree], FlagChange] | None = None,
    ) -> None:
        super().__init__(text)
        self._document = document
        self._planner = planner
        self.change = change

    def carry(self, match: Match, tree: LayerTree) -> None:
        """Makes it the same edit of another tree, which has the flags before it."""
        self.change = self._planner(tree) if self._planner else carried(self.change, match, tree)

    @override
    def redo(self) -> None:
        self._document.apply(self.change, self.text())

    @override
    def undo(self) -> None:
        self._document.apply(self.change.reverted, f"Undo {self.text()}")


class RunCommand(QUndoCommand):
    """A run. Its weights are in the workspace folder; `WeightsUndo` puts them back before the stack moves.

    Attributes:
        before: `(revision, file)` of the weights before the run.
        after: `(revision, file)` of the weights after it.
        run_id: Of the run; None where it is another change of weights.
    """

    def __init__(
        self,
        document: Document,
        text: str,
        before: tuple[int, Path],
        after: tuple[int, Path],
        *,
        run_id: int | None = None,
    ) -> None:
        super().__init__(text)
        self._document = document
        self.before = before
        self.after = after
        self.run_id = run_id

    @override
    def redo(self) -> None:
        self._document.note_revision(self.after[0], self.after[1])

    @override
    def undo(self) -> None:
        self._document.note_revision(self.before[0], self.before[1])


class AppliedWeightsCommand(RunCommand):
    """Weights and flags that came from a file together."""

    def __init__(
        self, document: Document, text: str, before: tuple[int, Path], after: tuple[int, Path], change: FlagChange
    ) -> None:
        super().__init__(document, text, before, after)
        self._change = change

    @override
    def redo(self) -> None:
        super().redo()
        self._document.apply(self._change, self.text())

    @override
    def undo(self) -> None:
        super().undo()
        self._document.apply(self._change.reverted, f"Undo {self.text()}")


@dataclass(frozen=True, eq=False)
class Structure:
    """The layers of a document on one side of an edit of them.

    Attributes:
        number: The engine's number for it.
        tree: The tree itself: flag steps on this side speak of its ids.
        opened: The flags as they were in the file, in its ids.
        has_optimizer: As the document has it.
    """

    number: int
    tree: LayerTree
    opened: FlagSnapshot
    has_optimizer: bool


class StructureCommand(RunCommand):
    """Other layers, with the weights and the flags that they have.

    Attributes:
        structures: Before and after.
        match: The ids of the layers that stay, from before to after.
    """

    def __init__(
        self,
        document: Document,
        text: str,
        before: tuple[int, Path],
        after: tuple[int, Path],
        *,
        structures: tuple[Structure, Structure],
        match: Match,
    ) -> None:
        super().__init__(document, text, before, after)
        self.structures = structures
        self.match = match

    @override
    def redo(self) -> None:
        self._document.take_structure(self.structures[1], self.match, self.text())
        super().redo()

    @override
    def undo(self) -> None:
        self._document.take_structure(self.structures[0], reverse(self.match), f"Undo {self.text()}")
        super().undo()


def push_weights(document: Document, command: RunCommand) -> None:
    """Makes a change of weights a step; files of weights that no step needs any more are removed."""
    document.stack.push(command)
    drop_unneeded_weights(document)


def drop_unneeded_weights(document: Document) -> None:
    """Removes the files of weights that no step needs any more; the newest one stays."""
    document.workspace.prune_revisions(keep=1, needed=_kept_files(document))
    document.workspace.prune_structures(_kept_structures(document))


def _kept_files(document: Document) -> set[Path]:
    """The weights that undo and redo of the newest steps need."""
    stack = document.stack
    steps = [command for at in range(stack.count()) if isinstance(command := stack.command(at), RunCommand)]
    return {file for step in steps[-NUM_KEPT_RUNS:] for _, file in (step.before, step.after)}


def _kept_structures(document: Document) -> set[int]:
    """The structures that undo and redo need, and those of now and of the file, whose numbers stay theirs."""
    stack = document.stack
    steps = [command for at in range(stack.count()) if isinstance(command := stack.command(at), StructureCommand)]
    return {side.number for step in steps for side in step.structures} | {document.structure, document.saved_structure}


class WeightsUndo(QObject):
    """Undo and redo for a stack that holds commands of both kinds.

    A `RunCommand` is asked of the engine first; the stack moves when the engine has succeeded.
    """

    busy_changed = Signal(bool)
    failed = Signal(object)
    """Carries the `Problem`; the stack stands where it stood."""

    def __init__(self, link: EngineLink, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._link = link
        self._document: Document | None = None
        self._pending: tuple[int, Callable[[], None]] | None = None
        link.revision_restored.connect(self._on_revision_restored)
        link.request_failed.connect(self._on_request_failed)
        link.engine_ended.connect(self._on_engine_ended)

    @property
    def is_busy(self) -> bool:
        """Whether the engine is asked for weights just now."""
        return self._pending is not None

    def set_document(self, document: Document | None) -> None:
        """Works on another document's stack."""
        self._document = document
        self._set_pending(None)

    def undo(self) -> None:
        """Takes the last step back."""
        if self._document and self._document.stack.canUndo() and not self.is_busy:
            self._move(self._document.stack.index() - 1, forward=False)

    def redo(self) -> None:
        """Does the next step again."""
        if self._document and self._document.stack.canRedo() and not self.is_busy:
            self._move(self._document.stack.index(), forward=True)

    def go_to(self, command: RunCommand) -> None:
        """Makes it a step of its own that the model has other weights, those after `command`."""
        document = self._document
        if document and not self.is_busy:
            self._restore(command.after[1], lambda: push_weights(document, command))

    def _move(self, step: int, *, forward: bool) -> None:
        assert self._document
        command = self._document.stack.command(step)
        if not isinstance(command, RunCommand):
            self._step(forward=forward)
            return
        _, file = command.after if forward else command.before
        structure = command.structures[int(forward)].number if isinstance(command, StructureCommand) else None
        self._restore(file, lambda: self._step(forward=forward), structure)

    def _restore(self, file: Path, and_then: Callable[[], None], structure: int | None = None) -> None:
        """Asks the engine for the weights in a file, and the layers they are of; the stack moves when it has them."""
        assert self._document
        request_id, document_id = self._link.new_request_id(), self._document.document_id
        self._set_pending((request_id, and_then))
        self._link.send(
            RestoreRevision(request_id=request_id, document_id=document_id, path=str(file), structure=structure)
        )

    def _step(self, *, forward: bool) -> None:
        assert self._document
        if forward:
            self._document.stack.redo()
        else:
            self._document.stack.undo()

    def _set_pending(self, pending: tuple[int, Callable[[], None]] | None) -> None:
        was_busy, self._pending = self.is_busy, pending
        if was_busy != self.is_busy:
            self.busy_changed.emit(self.is_busy)

    def _on_revision_restored(self, event: RevisionRestored) -> None:
        if self._pending and self._pending[0] == event.request_id:
            _, and_then = self._pending
            self._set_pending(None)
            and_then()

    def _on_request_failed(self, event: RequestFailed) -> None:
        if self._pending and self._pending[0] == event.request_id:
            self._set_pending(None)
            self.failed.emit(event.problem)

    def _on_engine_ended(self, _exit_code: object) -> None:
        self._set_pending(None)
