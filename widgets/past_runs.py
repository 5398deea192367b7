"""What can be done with the runs in the list: their curves, their weights, their settings."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QPoint, Qt, QUrl
from PySide6.QtGui import QAction, QDesktopServices, QKeySequence
from PySide6.QtWidgets import QMenu

from editor.layers.tree import LayerTree
from editor.processes.run_messages import RunEnded, StartRun
from editor.runs.workspace import revision_of, revision_path
from editor.training.settings import Proof
from widgets.dialogs.details import show_details
from widgets.document import Document
from widgets.layer_tree.moves import Moves
from widgets.main_window import MainWindow
from widgets.notice_bar import Level
from widgets.notifier import Notifier
from widgets.run_control import RunControl
from widgets.training.proof_words import proof_details, proof_line
from widgets.training.run_details import compared_runs, run_details
from widgets.training.run_entry import RunEntry
from widgets.training.runs_list import RunsList
from widgets.undo import RunCommand, WeightsUndo
from widgets.weights_in_use import has_weights, run_in_use, weights_sentence

_GONE = "Its weights are no longer kept: those of the last 8 runs are."


class PastRuns(QObject):
    """The menu of the list of runs, and what the list is told of undo.

    Args:
        window: Has the list, the curves and the form.
        runs_list: Knows the runs.
        runs: Whether a run is under way.
        undo: Puts weights back.
        notifier: Says how a run ended.
    """

    def __init__(
        self, window: MainWindow, runs_list: RunsList, *, runs: RunControl, undo: WeightsUndo, notifier: Notifier
    ) -> None:
        super().__init__()
        self._window = window
        self._list = runs_list
        self._runs = runs
        self._undo = undo
        self._notifier = notifier
        self._document: Document | None = None
        self._proof: Proof | None = None
        self._revision: int | None = None
        self._trees: dict[int, LayerTree] = {}
        table = window.runs
        table.menu_requested.connect(self._on_menu_requested)
        table.details_requested.connect(self._on_details_requested)
        table.delete_requested.connect(self._on_delete_requested)
        table.shown_changed.connect(self._on_shown_changed)
        table.highlighted.connect(self._on_highlighted)
        runs.requested.connect(self._on_run_requested)
        runs.ended.connect(self._on_run_ended)
        window.progress.details_requested.connect(self._on_proof_details_requested)

    def set_document(self, document: Document) -> None:
        """Works on another document; its list is empty."""
        self._document = document
        self._revision = None
        self._list.clear()
        self._trees.clear()
        document.stack.indexChanged.connect(self._on_index_changed)
        self.refresh()

    def refresh(self) -> None:
        """Shows which run the weights of the model are from, and what that run has moved."""
        entry = self._entry_in_use()
        self._list.note_in_use(entry)
        proof = entry.proof if entry else None
        tree = self._document.tree if self._document else None
        moves = Moves(proof.moves if proof else ())
        if tree and not self._runs.is_active:
            self._window.progress.show_proof(proof, moves.num_statistics(tree.root))
        if proof is not self._proof:
            self._proof = proof
            self._window.layers.view.show_moves(moves)
            self._window.inspector.set_moves(moves)
        self._say_weights()

    def _entry_in_use(self) -> RunEntry | None:
        """The run whose weights the model has, as that run left them; None during a run."""
        if not self._document or self._runs.state.is_active:
            return None
        entry = run_in_use(self._document, self._window.runs.runs.entries)
        return None if entry is None or self._layers_obstacle(entry) else entry

    def _say_weights(self) -> None:
        """Says where the weights are from when they are others than those spoken of last."""
        document = self._document
        if not document or self._runs.state.is_active or document.revision == self._revision:
            return
        is_first = self._revision is None
        self._revision = document.revision
        if not is_first:
            self._window.progress.show_weights(weights_sentence(document, self._window.runs.runs.entries))
            self._runs.forget_ending()

    # -- weights ------------------------------------------------------------------------------------------------

    def go_to_before(self, entry: RunEntry) -> None:
        """Goes back to the weights from before a run: an undo where it is the last step, else a step of its own."""
        document = self._document
        if not document or not entry.before:
            return
        step = document.stack.index() - 1
        if step >= 0 and self._run_at(step) == entry.run_id:
            self._undo.undo()
        else:
            self._go_to(document, entry.before, f"Go back to before {entry.name}")

    def go_to_after(self, entry: RunEntry) -> None:
        """Goes to the weights from after a run: a redo where it is the next step, else a step of its own."""
        document = self._document
        if not document or not entry.after:
            return
        if self._run_at(document.stack.index()) == entry.run_id:
            self._undo.redo()
        else:
            self._go_to(document, entry.after, f"Go to after {entry.name}")

    def _go_to(self, document: Document, file: Path, text: str) -> None:
        now = (document.revision, revision_path(document.workspace.folder, document.revision))
        self._undo.go_to(RunCommand(document, text, now, (revision_of(file), file)))

    def _run_at(self, step: int) -> int | None:
        assert self._document
        command = self._document.stack.command(step)
        return command.run_id if isinstance(command, RunCommand) else None

    def _weights_obstacle(self, file: Path | None) -> str:
        """Why the weights in a file cannot be gone to now; empty if they can."""
        document = self._document
        if self._runs.is_active:
            return "A run is under way."
        if not document or not document.is_live or self._undo.is_busy:
            return "The engine does not have the model just now."
        if file is None:
            return "It changed no weights."
        if has_weights(document, file):
            return "The model has these weights."
        now = revision_path(document.workspace.folder, document.revision)
        return "" if file.exists() and now.exists() else _GONE

    def _layers_obstacle(self, entry: RunEntry) -> str:
        """Why a run's weights do not fit the layers of now; empty if they do."""
        tree = self._trees.get(entry.run_id)
        is_same = tree is None or (self._document is not None and tree is self._document.tree)
        return "" if is_same else "The model had other layers then. Undo the edit of the layers first."

    # -- menu ---------------------------------------------------------------------------------------------------

    def _on_menu_requested(self, place: QPoint) -> None:
        menu = self.menu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(place)

    def menu(self) -> QMenu:
        """What can be done with the runs that are selected."""
        table = self._window.runs
        entries = table.selected_runs()
        menu = QMenu(table)
        menu.setObjectName("runsMenu")
        menu.setToolTipsVisible(True)
        is_shown = all(table.runs.is_on_curves(entry) for entry in entries)
        shown = _add(menu, "Show on Curves", lambda: table.show_runs(entries, shown=not is_shown), keys="Space")
        shown.setCheckable(True)
        shown.setChecked(is_shown)
        if len(entries) == 1:
            self._add_single(menu, entries[0])
        else:
            _add(menu, "Compare…", self._on_details_requested, keys="Return")
        menu.addSeparator()
        delete = _add(menu, "Delete from List", self._on_delete_requested, keys="Del")
        delete.setToolTip("Its weights and undo steps stay as they are.")
        delete.setEnabled(any(not entry.is_active for entry in entries))
        return menu

    def _add_single(self, menu: QMenu, entry: RunEntry) -> None:
        _add(menu, "Rename…", self._window.runs.rename_current, keys="F2")
        _add(menu, "Details…", self._on_details_requested, keys="Return")
        menu.addSeparator()
        for text, file, act in (
            ("Go Back to the Weights from Before This Run", entry.before, self.go_to_before),
            ("Go to the Weights from After This Run", entry.after, self.go_to_after),
        ):
            action = _add(menu, text, partial(act, entry))
            obstacle = self._weights_obstacle(file) or self._layers_obstacle(entry)
            action.setEnabled(not obstacle)
            action.setToolTip(obstacle)
        menu.addSeparator()
        _add(menu, "Copy Settings into the Form", lambda: self._window.training.set_settings(entry.settings))
        folder = _add(menu, "Open Its Folder", lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(entry.record)))
        folder.setEnabled(bool(entry.record) and Path(entry.record).is_dir())
        folder.setToolTip(entry.record or "Nothing of it is kept on disk yet.")

    def _on_delete_requested(self) -> None:
        for entry in self._window.runs.selected_runs():
            if not entry.is_active:
                self._window.runs.runs.remove(entry)
        self._window.runs.shown_changed.emit()
        self.refresh()

    def _on_details_requested(self) -> None:
        entries = self._window.runs.selected_runs()
        if entries:
            show_details(self._window, *(run_details(entries[0]) if len(entries) == 1 else compared_runs(entries)))

    def _on_proof_details_requested(self) -> None:
        proof = self._window.progress.proof
        if proof:
            show_details(self._window, proof_line(proof), proof_details(proof))

    # -- curves -------------------------------------------------------------------------------------------------

    def _on_shown_changed(self) -> None:
        self._window.plots.show_runs(self._window.runs.shown_runs())

    def _on_highlighted(self, run_id: int | None) -> None:
        self._window.plots.set_highlighted(run_id)

    # -- steps and endings --------------------------------------------------------------------------------------

    def _on_index_changed(self, index: int) -> None:
        document = self._document
        if document and self.sender() is document.stack:
            done = {run_id for step in range(index) if (run_id := self._run_at(step)) is not None}
            self._list.note_steps(done)
            self.refresh()

    def _on_run_requested(self, request: StartRun) -> None:
        if self._document:
            self._trees[request.run_id] = self._document.tree
        self.refresh()

    def _on_run_ended(self, event: RunEnded) -> None:
        entry = self._window.runs.runs.entry(event.run_id)
        if entry and (event.reason or event.test_metrics) and not event.problem:
            name = f"{entry.name[:1].upper()}{entry.name[1:]} has ended."
            words = (event.reason or name, entry.best_sentence, entry.test_sentence)
            self._notifier.say(Level.INFO, " ".join(word for word in words if word))
        if self._document:
            # How it ended is said, which is more than whose weights these are.
            self._revision = self._document.revision
        self.refresh()


def _add(menu: QMenu, text: str, act: Callable[[], object], *, keys: str = "") -> QAction:
    action = menu.addAction(text)
    action.triggered.connect(lambda _checked=False: act())
    if keys:
        # Said beside the words; the list itself hears the key.
        action.setShortcut(QKeySequence(keys))
        action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
    return action
