"""Where a run stands, as a person sees it."""

from __future__ import annotations

from enum import StrEnum


class RunState(StrEnum):
    """The states a run goes through; the value is a plain identifier, `text` is what is shown."""

    IDLE = "idle"
    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FINISHED = "finished"
    FAILED = "failed"

    @property
    def is_active(self) -> bool:
        """Whether the engine is busy with the run."""
        return self in (RunState.STARTING, RunState.RUNNING, RunState.STOPPING)

    @property
    def can_be_stopped(self) -> bool:
        """Whether a wish to stop still makes sense."""
        return self in (RunState.STARTING, RunState.RUNNING)

    @property
    def text(self) -> str:
        """The state in a word or two; empty where there is nothing to say."""
        return _TEXTS[self]


_TEXTS = {
    RunState.IDLE: "",
    RunState.STARTING: "Starting…",
    RunState.RUNNING: "Running",
    RunState.STOPPING: "Stopping…",
    RunState.STOPPED: "Stopped, weights kept",
    RunState.FINISHED: "Finished",
    RunState.FAILED: "Failed: see the log",
}
