"""The engine's events as signals on the GUI thread."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from editor.errors import EngineError
from editor.processes.data_messages import (
    DataDescribed,
    DataProgressed,
    DescribeData,
    GiveUpData,
    PrepareRun,
    RunPrepared,
)
from editor.processes.edit_messages import ModelEdited
from editor.processes.engine_client import EngineClient
from editor.processes.messages import (
    CheckSettings,
    CloseDocument,
    EngineReady,
    Event,
    GradientsTraced,
    ModelExported,
    ModelMade,
    ModelOpened,
    ModelSaved,
    OpenFailed,
    Request,
    RequestFailed,
    RevisionRestored,
    SettingsChecked,
    TraceGradients,
    TrainedWeightsApplied,
)
from editor.processes.run_messages import (
    BatchEnded,
    CancelRun,
    ChangeRun,
    Checkpointed,
    EpochEnded,
    PauseRun,
    ResumeRun,
    RunChangeRefused,
    RunEnded,
    RunMarked,
    RunPreparing,
    RunStarted,
    StopRun,
)

_UNANSWERED = (
    CheckSettings,
    CloseDocument,
    GiveUpData,
    StopRun,
    CancelRun,
    PauseRun,
    ResumeRun,
    ChangeRun,
    TraceGradients,
    DescribeData,
    PrepareRun,
)
"""Requests that mean nothing where there is no engine; the others are worth starting one."""


class EngineLink(QObject):
    """Starts engines and passes on what they say; each signal but the last two carries the event of its name.

    Attributes:
        is_ready: Whether the engine's imports are done.
    """

    engine_ready = Signal(object)
    model_opened = Signal(object)
    open_failed = Signal(object)
    model_made = Signal(object)
    settings_checked = Signal(object)
    run_preparing = Signal(object)
    run_started = Signal(object)
    batch_ended = Signal(object)
    epoch_ended = Signal(object)
    run_marked = Signal(object)
    run_change_refused = Signal(object)
    checkpointed = Signal(object)
    run_ended = Signal(object)
    model_saved = Signal(object)
    revision_restored = Signal(object)
    model_edited = Signal(object)
    gradients_traced = Signal(object)
    model_exported = Signal(object)
    trained_weights_applied = Signal(object)
    data_progressed = Signal(object)
    data_described = Signal(object)
    run_prepared = Signal(object)
    request_failed = Signal(object)
    log_received = Signal(str)
    engine_ended = Signal(object)
    """Carries the exit code of an engine that was not asked to end."""

    _event_received = Signal(object)
    _end_seen = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.is_ready = False
        self._client: EngineClient | None = None
        self._is_closed = False
        self._next_request_id = 0
        self._signals = {
            EngineReady: self.engine_ready,
            ModelOpened: self.model_opened,
            OpenFailed: self.open_failed,
            ModelMade: self.model_made,
            SettingsChecked: self.settings_checked,
            RunPreparing: self.run_preparing,
            RunStarted: self.run_started,
            BatchEnded: self.batch_ended,
            EpochEnded: self.epoch_ended,
            RunMarked: self.run_marked,
            RunChangeRefused: self.run_change_refused,
            Checkpointed: self.checkpointed,
            RunEnded: self.run_ended,
            ModelSaved: self.model_saved,
            RevisionRestored: self.revision_restored,
            ModelEdited: self.model_edited,
            GradientsTraced: self.gradients_traced,
            ModelExported: self.model_exported,
            TrainedWeightsApplied: self.trained_weights_applied,
            DataProgressed: self.data_progressed,
            DataDescribed: self.data_described,
            RunPrepared: self.run_prepared,
            RequestFailed: self.request_failed,
        }
        # The client emits from its own threads; these connections are queued to the GUI thread.
        self._event_received.connect(self._on_event_received)
        self._end_seen.connect(self._on_end_seen)

    @property
    def pid(self) -> int | None:
        """Process id of the engine; None while there is none."""
        return self._client.pid if self._client else None

    def start(self) -> None:
        """Starts an engine; to be called when there is none."""
        self._client = EngineClient(self._event_received.emit, self.log_received.emit, self._end_seen.emit)

    def send(self, request: Request) -> None:
        """Sends a request. If the engine is gone `engine_ended` follows, and with it the answer to everything."""
        if self._client:
            try:
                self._client.send(request)
            except EngineError as error:
                self.log_received.emit(str(error))
        elif not self._is_closed and not isinstance(request, _UNANSWERED):
            self.engine_ended.emit(None)

    def new_request_id(self) -> int:
        """A number that no request of this window has had."""
        self._next_request_id += 1
        return self._next_request_id

    def close(self) -> None:
        """Ends the engine; no signal comes after this."""
        self._is_closed = True
        self._end_client()

    def _end_client(self) -> None:
        if self._client:
            client, self._client = self._client, None
            client.close()

    def _on_event_received(self, event: Event) -> None:
        if not self._client:
            return
        if isinstance(event, EngineReady):
            self.is_ready = True
        self._signals[type(event)].emit(event)

    def _on_end_seen(self, exit_code: int | None) -> None:
        if not self._client:
            return
        self.is_ready = False
        self._end_client()
        self.engine_ended.emit(exit_code)
