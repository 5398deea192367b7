"""Keeps the table of runs up to date with what the engine says."""

from __future__ import annotations

from collections.abc import Callable

from editor.layers.accounts import State
from editor.layers.nodes import LayerNode
from editor.layers.tree import LayerTree
from editor.processes.run_messages import BatchEnded, EpochEnded, RunEnded, RunStarted
from widgets.numbers import counted
from widgets.training.runs_table import RunsTable

_OUTCOMES = {"finished": "finished", "stopped": "stopped, kept", "failed": "failed"}


class RunsList:
    """Shows each run as a row.

    Args:
        table: Where.
        describe: What is frozen now, in short.
    """

    def __init__(self, table: RunsTable, describe: Callable[[], str]) -> None:
        self._table = table
        self._describe = describe
        self._shown = ""
        self._value = ""

    def begin(self, run: RunStarted) -> None:
        """Adds a row."""
        name = run.metric_names[1] if len(run.metric_names) > 1 else "loss"
        self._shown = f"val_{name}" if run.has_validation else name
        self._value = ""
        self._table.add_run(run.run_id, self._describe())

    def add_batch(self, event: BatchEnded) -> None:
        """A batch does not show in the table."""

    def add_epoch(self, event: EpochEnded) -> None:
        """Shows the newest value."""
        if self._shown in event.metrics:
            self._value = f"{event.metrics[self._shown]:.3f}"
            self._table.update_run(event.run_id, value=self._value, outcome="running")

    def end(self, event: RunEnded) -> None:
        """Shows the outcome."""
        self._table.update_run(event.run_id, value=self._value, outcome=_OUTCOMES[event.outcome])


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
