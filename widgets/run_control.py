"""Between the training panel and the engine: checks settings, starts and stops runs, shows what they send."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QObject, Signal

from editor.processes.messages import CheckSettings, RequestFailed, SettingsChecked
from editor.processes.run_messages import (
    BatchEnded,
    CancelRun,
    Checkpointed,
    EpochEnded,
    Outcome,
    PauseRun,
    ResumeRun,
    RunEnded,
    RunMarked,
    RunPreparing,
    RunStarted,
    StartRun,
    StopRun,
)
from editor.training.settings import Keep, SettingsReport, TrainSettings
from editor.wording import counted
from widgets.document import Document
from widgets.engine_link import EngineLink
from widgets.notifier import Notifier
from widgets.training.panel import TrainingPanel
from widgets.training.run_state import RunState
from widgets.undo import RunCommand, drop_unneeded_weights, push_weights

CHECKPOINT_SECONDS = 120.0
CANCEL_QUESTION_SECONDS = 180.0
"""A run of more than this is not thrown away without a question."""


class RunView(Protocol):
    """What shows a run: plots, progress, table."""

    def begin(self, run: RunStarted) -> None:
        """A run starts."""

    def add_batch(self, event: BatchEnded) -> None:
        """A batch is done."""

    def add_epoch(self, event: EpochEnded) -> None:
        """An epoch is done."""

    def end(self, event: RunEnded) -> None:
        """The run is over."""


@dataclass
class _Run:
    run_id: int
    document: Document
    settings: TrainSettings
    before: int
    had_optimizer: bool
    before_file: Path | None = None
    seconds: float = 0.0
    is_cancelled: bool = False


class RunControl(QObject):
    """One run at a time, of the document that is open.

    Args:
        link: To the engine.
        panel: Asks for runs and shows where they stand.
        views: Show what the engine tells of a run.
        notifier: Asks before much work is thrown away.
    """

    active_changed = Signal(bool)
    state_changed = Signal(object)
    """Carries the `RunState`, as soon as something is asked for and when it is done."""
    requested = Signal(object)
    """Carries the `StartRun` that was just sent."""
    preparing = Signal(object)
    """Carries the `RunPreparing` of the run that was asked for."""
    marked = Signal(object)
    """Carries the `RunMarked` of the run that is under way."""
    ended = Signal(object)
    """Carries the `RunEnded`, also of a run that the engine's death ended."""
    cancelled_too_late = Signal()
    """The run had ended when it was cancelled: its weights, the newest step, are still to be taken back."""

    def __init__(
        self, link: EngineLink, panel: TrainingPanel, views: tuple[RunView, ...], *, notifier: Notifier
    ) -> None:
        super().__init__()
        self.checkpoint_seconds = CHECKPOINT_SECONDS
        self.cancel_question_seconds = CANCEL_QUESTION_SECONDS
        self._link = link
        self._panel = panel
        self._views = views
        self._notifier = notifier
        self._state = RunState.IDLE
        self._document: Document | None = None
        self._run: _Run | None = None
        self._lost: _Run | None = None
        self._check_id = 0
        self._last_run_id = 0
        self._connect()

    def _connect(self) -> None:
        panel, link = self._panel, self._link
        panel.settings_changed.connect(self.check_settings)
        panel.start_requested.connect(self._on_start_requested)
        panel.pause_requested.connect(self.pause)
        panel.resume_requested.connect(self.resume)
        panel.stop_requested.connect(self.stop)
        panel.cancel_requested.connect(self._on_cancel_requested)
        link.settings_checked.connect(self._on_settings_checked)
        link.request_failed.connect(self._on_request_failed)
        link.run_preparing.connect(self._on_run_preparing)
        link.run_started.connect(self._on_run_started)
        link.batch_ended.connect(self._on_batch_ended)
        link.epoch_ended.connect(self._on_epoch_ended)
        link.run_marked.connect(self._on_run_marked)
        link.checkpointed.connect(self._on_checkpointed)
        link.run_ended.connect(self._on_run_ended)
        link.engine_ended.connect(self._on_engine_ended)

    @property
    def is_active(self) -> bool:
        """Whether a run is under way."""
        return self._run is not None

    @property
    def state(self) -> RunState:
        """Where the run stands, or how the last one ended."""
        return self._state

    def set_document(self, document: Document | None) -> None:
        """Works on another document; to be called while no run is active."""
        if self._document:
            self._document.flags_changed.disconnect(self._on_flags_changed)
        self._document = document
        self._lost = None
        self._panel.set_model_open(document is not None)
        self._set_state(RunState.IDLE)
        if document:
            document.flags_changed.connect(self._on_flags_changed)
            self._on_flags_changed()
            self.check_settings()

    def check_settings(self) -> None:
        """Asks the engine what it thinks of the settings in the panel."""
        if not self._document or not self._document.is_live:
            return
        self._check_id = self._link.new_request_id()
        self._link.send(
            CheckSettings(
                request_id=self._check_id, document_id=self._document.document_id, settings=self._panel.settings()
            )
        )

    def pause(self) -> None:
        """Holds the run after its current batch."""
        if self._run and self._state.can_be_paused:
            self._set_state(RunState.PAUSING)
            self._link.send(PauseRun(run_id=self._run.run_id))

    def resume(self) -> None:
        """Goes on with a run that is held."""
        if self._run and self._state.can_be_resumed:
            self._set_state(RunState.RESUMING)
            self._link.send(ResumeRun(run_id=self._run.run_id))

    def stop(self, keep: Keep = "last") -> None:
        """Ends the run after its current batch, also while it is held."""
        if self._run and self._state.can_be_stopped:
            self._set_state(RunState.STOPPING)
            self._link.send(StopRun(run_id=self._run.run_id, keep=keep))

    def cancel(self) -> None:
        """Ends the run after its current batch and has everything put back as it was before."""
        run = self._run
        if not run or not self._state.can_be_stopped:
            return
        run.is_cancelled = True
        if run.before_file:
            # If the engine dies over it, the next one is to have these.
            run.document.note_kept(run.before, run.before_file)
        self._set_state(RunState.CANCELLING)
        self._link.send(CancelRun(run_id=run.run_id))

    def forget_ending(self) -> None:
        """Says no more how the last run ended: the model has other weights since."""
        if not self._run:
            self._set_state(RunState.IDLE)

    def note_reopened(self, document: Document) -> None:
        """A new engine has the document; a run that the old one lost becomes a step that can be undone."""
        lost, self._lost = self._lost, None
        has_moved = lost is not None and document.revision != lost.before
        if lost and lost.document is document and has_moved and lost.before_file and document.weights_file:
            self._push(lost, document.revision, document.weights_file)
        self.check_settings()

    # -- what the user does -----------------------------------------------------------------------------------

    def _on_cancel_requested(self) -> None:
        run = self._run

        def confirmed() -> None:
            if self._run is run:  # It may have ended while the question was open.
                self.cancel()

        if run and run.seconds > self.cancel_question_seconds:
            self._notifier.ask_cancel_run(run.seconds, confirmed)
        else:
            self.cancel()

    def _on_start_requested(self) -> None:
        document = self._document
        if not document or not document.is_live or self._run:
            return
        self._last_run_id += 1
        run = _Run(self._last_run_id, document, self._panel.settings(), document.revision, document.has_optimizer)
        self._run = run
        self._set_state(RunState.STARTING)
        self.active_changed.emit(True)
        request = StartRun(
            run_id=run.run_id,
            document_id=document.document_id,
            settings=run.settings,
            freeze_map=document.freeze_map(),
            workspace=str(document.workspace.folder),
            checkpoint_seconds=self.checkpoint_seconds,
        )
        self.requested.emit(request)
        self._link.send(request)

    def _on_flags_changed(self, _nodes: object = None) -> None:
        if self._document:
            account = self._document.tree.account(self._document.tree.root)
            text = "" if account.trainable.weights else "Nothing is trainable. Thaw at least one layer."
            self._panel.set_blockers({"trainable": text} if text else {})

    # -- what the engine says ---------------------------------------------------------------------------------

    def _on_settings_checked(self, event: SettingsChecked) -> None:
        if event.request_id == self._check_id:
            self._panel.show_report(event.report)

    def _on_request_failed(self, event: RequestFailed) -> None:
        if event.request_id == self._check_id:
            self._panel.show_report(SettingsReport(problems={"data": event.problem.summary}))

    def _on_run_preparing(self, event: RunPreparing) -> None:
        if self._is_current(event.run_id):
            self.preparing.emit(event)

    def _on_run_started(self, event: RunStarted) -> None:
        if self._is_current(event.run_id) and self._run:
            self._run.before_file = Path(event.revision_file)
            self._run.document.has_optimizer = True
            if self._state is RunState.STARTING:
                self._set_state(RunState.RUNNING)
            self._tell(lambda view: view.begin(event))

    def _on_batch_ended(self, event: BatchEnded) -> None:
        if self._is_current(event.run_id) and self._run:
            self._run.document.note_revision(event.revision)
            self._run.seconds = event.seconds
            if self._state is RunState.RESUMING:
                self._set_state(RunState.RUNNING)
            self._tell(lambda view: view.add_batch(event))

    def _on_epoch_ended(self, event: EpochEnded) -> None:
        if self._is_current(event.run_id):
            self._tell(lambda view: view.add_epoch(event))

    def _on_run_marked(self, event: RunMarked) -> None:
        if not self._is_current(event.run_id):
            return
        if event.kind == "paused" and self._state is RunState.PAUSING:
            self._set_state(RunState.PAUSED)
        elif event.kind == "resumed" and self._state.is_held:
            self._set_state(RunState.RUNNING)
        self.marked.emit(event)

    def _on_checkpointed(self, event: Checkpointed) -> None:
        if self._is_current(event.run_id) and self._run and not self._run.is_cancelled:
            self._run.document.note_kept(event.revision, Path(event.path))

    def _on_run_ended(self, event: RunEnded) -> None:
        if not self._is_current(event.run_id) or not self._run:
            return
        run, self._run = self._run, None
        has_moved = event.outcome != "cancelled" and event.revision != run.before
        if event.outcome == "cancelled":
            self._take_back(run, event.revision)
        else:
            run.document.note_revision(event.revision)
        is_step = bool(has_moved and run.before_file and event.revision_file)
        if is_step:
            self._push(run, event.revision, Path(event.revision_file))
        self._finish(event)
        if is_step and run.is_cancelled:
            run.document.note_kept(event.revision, Path(event.revision_file))
            self.cancelled_too_late.emit()

    def _take_back(self, run: _Run, revision: int) -> None:
        """The engine has everything as it was before the run."""
        run.document.has_optimizer = run.had_optimizer
        run.document.note_revision(revision, run.before_file)
        drop_unneeded_weights(run.document)

    def _on_engine_ended(self, _exit_code: object) -> None:
        if not self._run:
            return
        lost, self._run = self._run, None
        if not lost.is_cancelled:
            self._lost = lost
        outcome: Outcome = "cancelled" if lost.is_cancelled else "failed"
        self._finish(RunEnded(run_id=lost.run_id, outcome=outcome, revision=lost.document.revision))

    def _finish(self, event: RunEnded) -> None:
        self._tell(lambda view: view.end(event))
        self._set_state(RunState(event.outcome))
        self.active_changed.emit(False)
        self.ended.emit(event)

    def _set_state(self, state: RunState) -> None:
        self._state = state
        self._panel.set_run_state(state)
        self.state_changed.emit(state)

    def _push(self, run: _Run, revision: int, file: Path) -> None:
        assert run.before_file
        text = f"Train {counted(run.settings.epochs, 'epoch')}"
        document = run.document
        push_weights(
            document, RunCommand(document, text, (run.before, run.before_file), (revision, file), run_id=run.run_id)
        )

    def _is_current(self, run_id: int) -> bool:
        return self._run is not None and self._run.run_id == run_id

    def _tell(self, step: Callable[[RunView], None]) -> None:
        for view in self._views:
            step(view)
