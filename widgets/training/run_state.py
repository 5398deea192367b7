"""Where a run stands, as a person sees it."""

from __future__ import annotations

from enum import StrEnum


class RunState(StrEnum):
    """The states a run goes through; the value is a plain identifier, `text` is what is shown."""

    IDLE = "idle"
    STARTING = "starting"
    RUNNING = "running"
    PAUSING = "pausing"
    PAUSED = "paused"
    RESUMING = "resuming"
    STOPPING = "stopping"
    CANCELLING = "cancelling"
    STOPPED = "stopped"
    CANCELLED = "cancelled"
    FINISHED = "finished"
    FAILED = "failed"

    @property
    def is_active(self) -> bool:
        """Whether the engine is busy with the run, or holds it."""
        return self.can_be_stopped or self in (RunState.STOPPING, RunState.CANCELLING)

    @property
    def can_be_stopped(self) -> bool:
        """Whether a wish to stop or to cancel still makes sense."""
        return self in _UNDER_WAY

    @property
    def can_be_paused(self) -> bool:
        """Whether a wish to pause makes sense."""
        return self is RunState.RUNNING

    @property
    def can_be_resumed(self) -> bool:
        """Whether a wish to go on makes sense."""
        return self is RunState.PAUSED

    @property
    def is_held(self) -> bool:
        """Whether it is paused, or about to be."""
        return self in (RunState.PAUSING, RunState.PAUSED, RunState.RESUMING)

    @property
    def is_changing(self) -> bool:
        """Whether something was asked for that the engine has not done yet."""
        return self in (RunState.PAUSING, RunState.RESUMING, RunState.STOPPING, RunState.CANCELLING)

    @property
    def text(self) -> str:
        """The state in a word or two; empty where there is nothing to say."""
        return _TEXTS[self]


_UNDER_WAY = (RunState.STARTING, RunState.RUNNING, RunState.PAUSING, RunState.PAUSED, RunState.RESUMING)
_TEXTS = {
    RunState.IDLE: "",
    RunState.STARTING: "Starting…",
    RunState.RUNNING: "Running",
    RunState.PAUSING: "Pausing…",
    RunState.PAUSED: "Paused",
    RunState.RESUMING: "Resuming…",
    RunState.STOPPING: "Stopping…",
    RunState.CANCELLING: "Restoring the weights from before…",
    RunState.STOPPED: "Stopped, weights kept",
    RunState.CANCELLED: "Cancelled, weights restored",
    RunState.FINISHED: "Finished",
    RunState.FAILED: "Failed: see the log",
}
