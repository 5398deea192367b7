"""Exports other than whole models, and trained weights that come back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject

from editor.errors import Problem
from editor.files.atomic import remove_unfinished
from editor.processes.messages import (
    ApplyTrainedWeights,
    ExportKind,
    ExportModel,
    ModelExported,
    RequestFailed,
    TrainedWeightsApplied,
)
from widgets.dialogs.files import choose_export, choose_trained_weights
from widgets.document import Document, bare_name
from widgets.engine_link import EngineLink
from widgets.file_reading import FileReading
from widgets.main_window import MainWindow
from widgets.notice_bar import Level
from widgets.notifier import Notifier
from widgets.undo import AppliedWeightsCommand, push_weights

_ENDINGS: dict[ExportKind, str] = {
    "weights": ".weights.h5",
    "saved-model": "_saved_model",
    "trained-weights": ".trained.h5",
}
_BUSY = Problem("The engine is writing or reading a file already.", "Wait until it is done.")


@dataclass(frozen=True)
class _Job:
    request_id: int
    document: Document
    path: Path


class Exporter(QObject):
    """One export, or one file that is applied, at a time.

    Args:
        window: Has the actions.
        link: To the engine.
        reading: Looks through files of trained weights first.
        notifier: Says what came of it.
        current: The document that is open.
    """

    def __init__(
        self,
        window: MainWindow,
        link: EngineLink,
        *,
        reading: FileReading,
        notifier: Notifier,
        current: Callable[[], Document | None],
    ) -> None:
        super().__init__(window)
        self._window = window
        self._link = link
        self._reading = reading
        self._notifier = notifier
        self._current = current
        self._job: _Job | None = None
        self._connect_actions()
        link.model_exported.connect(self._on_model_exported)
        link.trained_weights_applied.connect(self._on_trained_weights_applied)
        link.request_failed.connect(self._on_request_failed)
        link.engine_ended.connect(self._on_engine_ended)

    def _connect_actions(self) -> None:
        actions = self._window.actions_
        kinds: dict[str, ExportKind] = {
            "export_weights": "weights",
            "export_serving": "saved-model",
            "export_trained": "trained-weights",
        }
        for name, kind in kinds.items():
            actions[name].triggered.connect(lambda _checked=False, kind=kind: self._on_export_triggered(kind))
        actions["apply_trained"].triggered.connect(self._on_apply_triggered)

    @property
    def is_busy(self) -> bool:
        """Whether the engine is at work for an export."""
        return self._job is not None

    def close(self) -> None:
        """The engine was ended; what it may have been writing is taken away."""
        if self._job:
            remove_unfinished(self._job.path)

    # -- to a file --------------------------------------------------------------------------------------------

    def _on_export_triggered(self, kind: ExportKind) -> None:
        document = self._current()
        if document:
            suggestion = document.path.with_name(bare_name(document.path) + _ENDINGS[kind])
            choose_export(self._window, kind, suggestion, lambda path: self.export(kind, path))

    def export(self, kind: ExportKind, path: Path) -> None:
        """Writes the weights of the engine and the flags of now; asks before a folder is replaced."""
        if kind == "saved-model" and (path / "saved_model.pb").is_file():
            self._notifier.ask_replace_folder(path.name, on_replace=lambda: self._export(kind, path, replace=True))
        else:
            self._export(kind, path, replace=kind == "saved-model" and path.is_dir())

    def _export(self, kind: ExportKind, path: Path, *, replace: bool) -> None:
        job = self._begin(path)
        if job:
            self._notifier.busy(f"Exporting {path.name}, and reading it back to compare…")
            self._link.send(
                ExportModel(
                    request_id=job.request_id,
                    document_id=job.document.document_id,
                    path=str(path),
                    kind=kind,
                    freeze_map=job.document.freeze_map(),
                    replace=replace,
                )
            )

    # -- from a file ------------------------------------------------------------------------------------------

    def _on_apply_triggered(self) -> None:
        document = self._current()
        if document:
            choose_trained_weights(self._window, document.path.parent, self.apply)

    def apply(self, path: Path) -> None:
        """Puts a file of trained weights onto the open model, as a step that can be undone."""
        self._reading.check_trained_weights(path, lambda _facts: self._apply(path))

    def _apply(self, path: Path) -> None:
        job = self._begin(path)
        if job:
            self._notifier.busy(f"Applying {path.name}…")
            self._link.send(
                ApplyTrainedWeights(
                    request_id=job.request_id,
                    document_id=job.document.document_id,
                    path=str(path),
                    workspace=str(job.document.workspace.folder),
                )
            )

    # -- what the engine says ---------------------------------------------------------------------------------

    def _begin(self, path: Path) -> _Job | None:
        document = self._current()
        if not document:
            return None
        if self._job:
            self._notifier.problem(_BUSY)
            return None
        self._job = _Job(self._link.new_request_id(), document, path)
        return self._job

    def _on_model_exported(self, event: ModelExported) -> None:
        job = self._take(event.request_id)
        if job:
            notes = "".join(f" {note}" for note in event.notes)
            self._notifier.say(Level.DONE, f"Exported {job.path.name}: read back and compared.{notes}")

    def _on_trained_weights_applied(self, event: TrainedWeightsApplied) -> None:
        job = self._take(event.request_id)
        if not job or job.document is not self._current():
            return
        change, _report = job.document.tree.plan_map(event.freeze_map)
        before, after = (event.before, Path(event.before_file)), (event.revision, Path(event.revision_file))
        text = f"Apply {job.path.name}"
        push_weights(job.document, AppliedWeightsCommand(job.document, text, before, after, change))
        said = f"Applied {job.path.name}: the model has its weights and its flags."
        self._notifier.say(Level.DONE, " ".join((said, *event.notes)))

    def _on_request_failed(self, event: RequestFailed) -> None:
        if self._take(event.request_id):
            self._notifier.problem(event.problem)

    def _on_engine_ended(self, _exit_code: object) -> None:
        job, self._job = self._job, None
        if job:
            remove_unfinished(job.path)
            self._notifier.problem(Problem(f"The engine ended before {job.path.name} was done.", "Try again."))

    def _take(self, request_id: int) -> _Job | None:
        job = self._job
        if not job or job.request_id != request_id:
            return None
        self._job = None
        return job
