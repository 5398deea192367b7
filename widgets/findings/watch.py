"""Finds problems anew when flags or what is known about the model have changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite

from PySide6.QtCore import QObject, QTimer, Signal

from editor.layers.findings.finding import Finding, KnownFacts, LastRun
from editor.layers.findings.problems import find_problems
from editor.layers.plain_keras import forgotten_by_plain_keras
from editor.processes.messages import GradientsTraced, TraceGradients
from editor.processes.run_messages import RunEnded
from editor.training.settings import TrainSettings
from widgets.document import Document
from widgets.engine_link import EngineLink

SETTLE_MS = 50
"""Many edits in a moment are looked at once."""


@dataclass(frozen=True)
class _Trace:
    """What the engine was asked, and what it said."""

    request_id: int
    unreached: frozenset[int] | None = None


class FindingsWatch(QObject):
    """The findings of the document that is open.

    The engine traces the gradients once for each document, in the background.

    Args:
        link: To the engine.
        settings: Gives the settings of the next run.
        parent: Ends it: the form that gives the settings must be there as long.
    """

    found = Signal(object)
    """Carries the findings, as a tuple."""

    def __init__(self, link: EngineLink, settings: Callable[[], TrainSettings], parent: QObject) -> None:
        super().__init__(parent)
        self._link = link
        self._settings = settings
        self._document: Document | None = None
        self._trace: _Trace | None = None
        self._last_run: LastRun | None = None
        self._started_run: LastRun | None = None
        self._timer = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._timer.timeout.connect(self._on_timeout)
        link.gradients_traced.connect(self._on_gradients_traced)

    @property
    def is_traced(self) -> bool:
        """Whether the engine has told which weights get no gradient."""
        return bool(self._trace and self._trace.unreached is not None)

    def set_document(self, document: Document | None) -> None:
        """Watches another document; `note_live` says that the engine has it."""
        if self._document:
            self._document.flags_changed.disconnect(self.schedule)
        self._document = document
        self._trace = self._last_run = self._started_run = None
        self.found.emit(())
        if document:
            document.flags_changed.connect(self.schedule)
            self.schedule()

    def note_live(self, document: Document) -> None:
        """The engine has the document, whose layers may be told otherwise than before.

        It is asked once only: an engine that dies over it would die of the same again.
        """
        self.schedule()
        self._trace = _Trace(self._link.new_request_id())
        self._link.send(TraceGradients(request_id=self._trace.request_id, document_id=document.document_id))

    def schedule(self, _value: object = None) -> None:
        """Looks again in a moment."""
        if not self._timer.isActive():
            self._timer.start()

    def look_now(self) -> tuple[Finding, ...]:
        """The findings about the flags as they are at this moment."""
        document = self._document
        return find_problems(document.tree, self._known(document)) if document else ()

    def note_run_started(self) -> None:
        """A run of the open document begins with the settings and flags of now."""
        if self._document:
            tree = self._document.tree
            num_trainable = tree.account(tree.root).trainable.parameters
            self._started_run = LastRun(self._settings().learning_rate, num_trainable)

    def note_run_ended(self, event: RunEnded) -> None:
        """The run is over; what it trained is what the next thaw is measured by."""
        if event.outcome != "failed" and self._started_run:
            self._last_run = self._started_run
        self._started_run = None
        self.schedule()

    def _known(self, document: Document) -> KnownFacts:
        # A file without an architecture is nothing that plain Keras loads as a model.
        is_model = document.is_live or document.preview.facts.has_model_config
        rate = self._settings().learning_rate
        return KnownFacts(
            unreached=self._trace.unreached if self._trace else None,
            forgotten=forgotten_by_plain_keras(document.tree) if is_model else (),
            learning_rate=rate if isfinite(rate) else None,
            last_run=self._last_run,
        )

    def _on_gradients_traced(self, event: GradientsTraced) -> None:
        trace = self._trace
        if trace and trace.request_id == event.request_id and event.unreached is not None:
            self._trace = _Trace(trace.request_id, frozenset(event.unreached))
            self.schedule()

    def _on_timeout(self) -> None:
        self.found.emit(self.look_now())
