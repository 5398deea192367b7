"""The demo without a display: the same steps a person would take, each printed."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, QTimer

from editor.errors import Problem
from editor.processes.messages import ModelSaved
from editor.processes.run_messages import EpochEnded, RunEnded
from widgets.app import App
from widgets.saving import saved_text

_FROZEN = "backbone"
_DRAW_MS = 200


class DemoTour(QObject):
    """Freezes the backbone of the open model, trains, saves, takes a picture, and closes the window.

    Attributes:
        exit_status: 0 if every step went well.
    """

    def __init__(self, app: App) -> None:
        super().__init__(app)
        self.exit_status = 1
        self._app = app
        self._has_started = False
        self._say("Starting the engine; TensorFlow takes some seconds to load")
        app.document_changed.connect(self._on_opened)
        app.window.training.readiness_changed.connect(self._on_readiness_changed)
        app.link.epoch_ended.connect(self._on_epoch_ended)
        app.runs.ended.connect(self._on_run_ended)
        app.saver.saved.connect(self._on_saved)
        app.opener.failed.connect(self._on_failed)
        app.saver.failed.connect(self._on_failed)
        app.keeper.gave_up.connect(self._on_gave_up)

    def _on_opened(self) -> None:
        document = self._app.document
        assert document
        self._say(
            f"Opened {document.path.name}: {document.tree.account(document.tree.root).total.parameters:,} parameters"
        )
        backbone = document.tree.find(_FROZEN)
        assert backbone
        self._app.window.layers.select_nodes([backbone])
        self._app.window.layers.ask_for(trainable=False)
        account = document.tree.account(document.tree.root)
        self._say(f"Froze {_FROZEN}: {account.frozen.parameters:,} frozen, {account.trainable.parameters:,} trainable")
        self._on_readiness_changed()

    def _on_readiness_changed(self) -> None:
        panel = self._app.window.training
        if self._app.document and not self._has_started and not panel.start_obstacle():
            self._has_started = True
            self._say(f"Training {panel.settings().epochs} epochs on the digits")
            panel.request_start()

    def _on_epoch_ended(self, event: EpochEnded) -> None:
        values = ", ".join(f"{name} {value:.3f}" for name, value in event.metrics.items())
        self._say(f"Epoch {event.epoch + 1}: {values}")

    def _on_run_ended(self, event: RunEnded) -> None:
        if event.problem or not event.proof:
            self._on_failed(event.problem or Problem("The run failed."))
            return
        proof = event.proof
        self._say(f"{proof.frozen_unchanged} of {proof.frozen_total} frozen weights unchanged")
        self._app.saving.save()

    def _on_saved(self, event: ModelSaved) -> None:
        self._say(saved_text(event)[0])
        self._say(f"Model: {event.path}")
        # The plots draw by a timer; the picture is to have the last points.
        QTimer.singleShot(_DRAW_MS, self, lambda: self._finish(Path(event.path)))

    def _finish(self, model: Path) -> None:
        picture = model.with_name("frostline.png")
        is_written = self._app.window.grab().save(str(picture))
        self._say(f"Screenshot: {picture}")
        self.exit_status = 0 if is_written else 1
        self._app.leave()

    def _on_failed(self, problem: Problem) -> None:
        self._say(f"{problem.summary} {problem.hint}")
        self._app.leave()

    def _on_gave_up(self) -> None:
        self._on_failed(Problem("The engine does not start.", "Try: python -c 'import tensorflow'"))

    def _say(self, text: str) -> None:
        print(text, flush=True)
