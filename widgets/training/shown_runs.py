"""Which runs are on show, and how they are told apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from widgets.training.curves import RunCurves


def plain_name(run_id: int) -> str:
    """The name of a run that has no other."""
    return f"run {run_id}"


@dataclass(frozen=True, slots=True)
class ShownRuns:
    """The newest run and the earlier ones that are laid over it, all from position 0 on.

    Attributes:
        highlighted: Id of the run that stands out; None where none does.
        name_of: What a run of an id is called.
    """

    newest: RunCurves
    others: tuple[RunCurves, ...] = ()
    highlighted: int | None = None
    name_of: Callable[[int], str] = plain_name

    def newest_first(self) -> tuple[RunCurves, ...]:
        """All of them, as they are listed."""
        return (self.newest, *sorted(self.others, key=lambda run: -run.run_id))

    def with_metric(self, metric: str) -> tuple[RunCurves, ...]:
        """Those that have a metric, the newest last, so that it is drawn above the others."""
        return tuple(run for run in (*self.others, self.newest) if metric in run)

    def is_faint(self, run: RunCurves) -> bool:
        """Whether another run stands out."""
        return self.highlighted is not None and run.run_id != self.highlighted

    def is_strong(self, run: RunCurves) -> bool:
        """Whether this run stands out among others."""
        return bool(self.others) and run.run_id == self.highlighted
