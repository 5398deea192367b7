"""Keeps the table of runs up to date with what the engine says."""

from __future__ import annotations

from collections.abc import Callable, Collection

from editor.layers.accounts import State
from editor.layers.nodes import LayerNode
from editor.layers.tree import LayerTree
from editor.processes.run_messages import BatchEnded, EpochEnded, RunEnded, RunMarked, RunStarted, StartRun
from editor.wording import counted
from widgets.training.run_entry import RunEntry
from widgets.training.runs_table import RunsTable


class RunsList:
    """Shows each run as a row, from when it is asked for.

    Args:
        table: Where.
        describe: What is frozen now, in short.
    """

    def __init__(self, table: RunsTable, describe: Callable[[], str]) -> None:
        self._table = table
        self._describe = describe
        self._num_runs = 0

    def expect(self, request: StartRun) -> None:
        """A run was asked for."""
        self._num_runs += 1
        self._table.add_run(RunEntry(request.run_id, f"run {self._num_runs}", request.settings, self._describe()))
        self._table.shown_changed.emit()

    def begin(self, run: RunStarted) -> None:
        """It trains."""
        self._update(run.run_id, lambda entry: entry.begin(run))

    def add_batch(self, event: BatchEnded) -> None:
        """A batch does not show in the table."""

    def add_epoch(self, event: EpochEnded) -> None:
        """Keeps the best value."""
        self._update(event.run_id, lambda entry: entry.note_epoch(event.epoch, event.metrics, event.seconds))

    def add_mark(self, event: RunMarked) -> None:
        """Other flags are said from when they hold, and whether it is held."""
        self._update(event.run_id, lambda entry: entry.note_mark(event))

    def end(self, event: RunEnded) -> None:
        """Shows the outcome."""
        self._update(event.run_id, lambda entry: entry.end(event))

    def note_steps(self, done: Collection[int]) -> None:
        """Says of which runs the steps are done, by run id; one that had a step and has none now is undone."""
        for entry in self._table.runs.entries:
            entry.has_step = entry.has_step or entry.run_id in done
            entry.is_undone = entry.has_step and entry.run_id not in done
        self._table.runs.refresh()

    def note_in_use(self, in_use: RunEntry | None) -> None:
        """Marks the run whose weights the model has; None marks none."""
        for entry in self._table.runs.entries:
            entry.is_in_use = entry is in_use
        self._table.runs.refresh()

    def clear(self) -> None:
        """Forgets all runs, as for another document."""
        self._num_runs = 0
        self._table.runs.clear()

    def _update(self, run_id: int, change: Callable[[RunEntry], None]) -> None:
        entry = self._table.runs.entry(run_id)
        if entry:
            change(entry)
            self._table.runs.refresh(entry)


def frozen_text(tree: LayerTree) -> str:
    """What is frozen, in short: the outermost frozen layers by name, or how many."""
    if tree.state(tree.root) is State.FROZEN:
        return "all frozen"
    names = [layer.name for layer in _outermost_frozen(tree, tree.root)]
    if not names:
        return "nothing frozen"
    return f"{names[0]} frozen" if len(names) == 1 else f"{counted(len(names), 'layer')} frozen"


def _outermost_frozen(tree: LayerTree, layer: LayerNode) -> list[LayerNode]:
    if tree.state(layer) is State.FROZEN:
        return [layer]
    return [found for child in layer.children for found in _outermost_frozen(tree, child)]
