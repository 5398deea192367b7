"""Keeps an engine running: says what it is doing, starts another when one has died, and gives it the document back."""

from __future__ import annotations

import time

from PySide6.QtCore import QObject, Signal

from editor.processes.messages import EngineReady
from widgets.engine_link import EngineLink

_MOST_RESTARTS, _WITHIN_SECONDS = 3, 120.0


class EngineKeeper(QObject):
    """Starts and restarts the engine."""

    status_changed = Signal(str)
    """What the engine is doing, in words."""
    restarted = Signal()
    """Another engine is starting; it knows no document yet."""
    gave_up = Signal()
    """Engines died too often; `start` tries again."""

    def __init__(self, link: EngineLink) -> None:
        super().__init__()
        self._link = link
        self._deaths: list[float] = []
        link.engine_ready.connect(self._on_engine_ready)
        link.engine_ended.connect(self._on_engine_ended)

    def start(self) -> None:
        """Starts an engine; to be called when there is none."""
        self._link.start()
        self.status_changed.emit("Starting the engine: loading TensorFlow…")

    def _on_engine_ready(self, event: EngineReady) -> None:
        self.status_changed.emit(f"Engine ready · Keras {event.keras_version} · {event.device}")

    def _on_engine_ended(self, _exit_code: object) -> None:
        now = time.monotonic()
        self._deaths = [*(death for death in self._deaths if now - death < _WITHIN_SECONDS), now]
        if len(self._deaths) > _MOST_RESTARTS:
            self._deaths.clear()
            self.status_changed.emit("No engine")
            self.gave_up.emit()
            return
        self.start()
        self.restarted.emit()
