"""Changes of a run while it is under way: its learning rate, and its flags from an epoch on."""

from __future__ import annotations

import math
from collections.abc import Callable

from PySide6.QtCore import QObject

from editor.layers.freeze_map import FreezeMap
from editor.processes.run_messages import ChangeRun, EpochEnded, RunChangeRefused, RunMarked, StartRun
from widgets.document import Document
from widgets.engine_link import EngineLink
from widgets.run_control import RunControl
from widgets.training.number_fields import decimal_text
from widgets.training.panel import TrainingPanel
from widgets.training.runs_list import frozen_text

_NEXT_RUN = "These changes apply to the next run."
_ASKED_FLAGS = "These changes apply from the next epoch on."
_ASKED_RATE = "Asked for: holds from the next batch on."


class RunChanges(QObject):
    """Sends what a person changes of a run, and says when it holds, or why not.

    Args:
        link: To the engine.
        panel: Has the field of the learning rate and the notice about flags.
        runs: Knows the run.
        current: The document that is open.
    """

    def __init__(
        self, link: EngineLink, panel: TrainingPanel, *, runs: RunControl, current: Callable[[], Document | None]
    ) -> None:
        super().__init__()
        self._link = link
        self._panel = panel
        self._runs = runs
        self._current = current
        self._run_id: int | None = None
        self._map = FreezeMap(layers={})
        self._frozen = ""
        self._rate = 0.0
        self._asked_rate: float | None = None
        self._asked_map: tuple[FreezeMap, str] | None = None
        runs.requested.connect(self._on_run_requested)
        runs.marked.connect(self._on_run_marked)
        runs.ended.connect(self._on_run_ended)
        link.epoch_ended.connect(self._on_epoch_ended)
        link.run_change_refused.connect(self._on_run_change_refused)
        panel.learning_rate_requested.connect(self._on_learning_rate_requested)
        panel.flags_requested.connect(self._on_flags_requested)

    def set_document(self, document: Document) -> None:
        """Works on another document; to be called while no run is active."""
        self._on_run_ended()
        document.flags_changed.connect(self._on_flags_changed)

    # -- what the user does -------------------------------------------------------------------------------------

    def _on_run_requested(self, request: StartRun) -> None:
        document = self._current()
        self._run_id = request.run_id
        self._map = request.freeze_map
        self._frozen = frozen_text(document.tree) if document else ""
        self._rate = request.settings.learning_rate
        self._asked_rate = self._asked_map = None
        self._panel.show_run_rate(self._rate)

    def _on_learning_rate_requested(self, rate: float) -> None:
        if self._run_id is None or not self._runs.state.can_be_stopped:
            return
        self._asked_rate = rate
        self._panel.show_run_rate(rate, _ASKED_RATE)
        self._link.send(ChangeRun(run_id=self._run_id, learning_rate=rate))

    def _on_flags_requested(self) -> None:
        document = self._current()
        if self._run_id is None or not document or not self._runs.state.can_be_stopped:
            return
        self._asked_map = (document.freeze_map(), frozen_text(document.tree))
        self._show_flags()
        self._link.send(ChangeRun(run_id=self._run_id, freeze_map=self._asked_map[0]))

    def _on_flags_changed(self, _nodes: object = None) -> None:
        if self._run_id is not None:
            self._show_flags()

    # -- what the engine says -----------------------------------------------------------------------------------

    def _on_run_marked(self, event: RunMarked) -> None:
        if event.kind == "learning-rate":
            self._rate = self._asked_rate if self._asked_rate is not None else self._rate
            self._asked_rate = None
            place = f"epoch {event.epoch + 1}, batch {event.batch + 1}"
            self._panel.show_run_rate(self._rate, f"In effect since {place}.")
        elif event.kind == "phase":
            asked, self._asked_map = self._asked_map, None
            self._map = event.freeze_map or (asked[0] if asked else self._map)
            self._frozen = asked[1] if asked else event.text
            self._show_flags()

    def _on_epoch_ended(self, event: EpochEnded) -> None:
        """The rate may have been lowered on a plateau."""
        is_other = event.learning_rate > 0 and not math.isclose(event.learning_rate, self._rate, rel_tol=1e-5)
        if event.run_id == self._run_id and is_other and self._asked_rate is None:
            self._rate = float(f"{event.learning_rate:.6g}")
            self._panel.show_run_rate(self._rate, f"The run uses {decimal_text(self._rate)} by now.")

    def _on_run_change_refused(self, event: RunChangeRefused) -> None:
        if event.run_id != self._run_id:
            return
        text = f"{event.problem.summary} {event.problem.hint}".strip()
        if event.change == "learning-rate":
            self._asked_rate = None
            self._panel.show_run_rate(self._rate, text, is_problem=True)
        else:
            self._asked_map = None
            self._panel.show_flags_notice(text, can_apply=True, is_problem=True)

    def _on_run_ended(self, _event: object = None) -> None:
        self._run_id = None
        self._panel.show_run_rate(None)
        self._panel.show_flags_notice("")

    # -- inside -------------------------------------------------------------------------------------------------

    def _show_flags(self) -> None:
        document = self._current()
        asked = self._asked_map
        if not document or not _differs(document, self._map):
            self._panel.show_flags_notice("")
        elif asked and not _differs(document, asked[0]):
            self._panel.show_flags_notice(f"{_ASKED_FLAGS} This run: {self._frozen}.")
        else:
            self._panel.show_flags_notice(f"{_NEXT_RUN} This run: {self._frozen}.", can_apply=True)


def _differs(document: Document, freeze_map: FreezeMap) -> bool:
    """Whether the tree has other flags than a map of the same tree; rules of editing train nothing."""
    change, _ = document.tree.plan_map(freeze_map)
    return bool(change.weights or change.statistics)
