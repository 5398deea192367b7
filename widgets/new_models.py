"""New models from `keras.applications`: asked for, built by the engine, and opened as documents without a name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from PySide6.QtCore import QObject, Signal

from editor.errors import EditorError, Problem
from editor.processes.messages import MakeModel, ModelMade, RequestFailed
from editor.runs.workspace import DocumentInfo, Workspace
from widgets.dialogs.new_application import NewApplicationDialog, NewModel
from widgets.engine_link import EngineLink
from widgets.file_reading import FileReading
from widgets.main_window import MainWindow
from widgets.notifier import Notifier
from widgets.opening import Opener, OpenWish
from widgets.recent_models import RecentModels


@dataclass(frozen=True)
class _Making:
    """A model that the engine is building.

    Attributes:
        workspace: Of the document that it will be; its file is made in there, and goes with it.
    """

    request_id: int
    title: str
    path: Path
    workspace: Workspace


class NewModels(QObject):
    """Builds one model at a time.

    Args:
        window: Has the action.
        link: To the engine.
        opener: Opens what was built.
        reading: Looks at a file of weights first.
        recent: Knows where models are.
        notifier: Says what goes on.

    Attributes:
        may_ask: Whether another model may take the place of the one that is open; says why not.

    Signals:
        wanted: The `NewModel` that a person asks for, to be given to `build` when what is open may be left.
    """

    wanted = Signal(object)

    def __init__(
        self,
        window: MainWindow,
        link: EngineLink,
        opener: Opener,
        *,
        reading: FileReading,
        recent: RecentModels,
        notifier: Notifier,
    ) -> None:
        super().__init__(window)
        self._window = window
        self._link = link
        self._opener = opener
        self._reading = reading
        self._recent = recent
        self._notifier = notifier
        self.may_ask: Callable[[], bool] = lambda: True
        self._making: _Making | None = None
        window.actions_["new"].triggered.connect(lambda _checked=False: self.ask())
        link.model_made.connect(self._on_model_made)
        link.request_failed.connect(self._on_request_failed)
        link.engine_ended.connect(self._on_engine_ended)
        opener.opened.connect(self._on_opened)

    def ask(self) -> None:
        """Opens the dialog over the window."""
        if not self.may_ask():
            return
        dialog = NewApplicationDialog(self._recent.folder, self._window)
        dialog.build_requested.connect(self.wanted)
        dialog.open()

    def build(self, new: NewModel) -> None:
        """Builds a model and opens it; a file of weights is looked at before."""
        if new.weights:
            self._reading.probe(new.weights, lambda _facts: self._begin(new))
        else:
            self._begin(new)

    def cancel(self) -> None:
        """Gives the model up that is being built; if the engine finishes it, it has no place to go."""
        self.close()
        self._notifier.clear()

    def close(self) -> None:
        """Forgets the model that is being built."""
        if making := self._making:
            self._take(making.request_id)
            making.workspace.clean()

    def _begin(self, new: NewModel) -> None:
        self.close()
        name = new.application.name
        info = DocumentInfo(
            source="",
            size=0,
            mtime_ns=0,
            opened_at=datetime.now(UTC).isoformat(timespec="seconds"),
            suggestion=str(self._recent.folder / f"{name}.keras"),
        )
        try:
            workspace = self._opener.new_workspace(info)
        except EditorError as error:
            self._notifier.problem(error.problem)
            return
        path = workspace.folder / f"{name}.keras"
        making = self._making = _Making(self._link.new_request_id(), name, path, workspace)
        self._opener.is_awaiting = True
        waiting = "" if self._link.is_ready else " as soon as the engine has started"
        self._notifier.busy(f"Building {name}{waiting}…", on_cancel=self.cancel)
        self._link.send(
            MakeModel(
                request_id=making.request_id,
                application=new.application,
                path=str(path),
                weights=str(new.weights) if new.weights else None,
            )
        )

    # -- what the engine says ---------------------------------------------------------------------------------

    def _on_model_made(self, event: ModelMade) -> None:
        making = self._take(event.request_id)
        if not making:
            return
        try:
            found = DocumentInfo.of(making.path)
            suggestion = making.workspace.info.suggestion
            making.workspace.update(msgspec.structs.replace(found, suggestion=suggestion))
        except EditorError as error:
            self._fail(making, error.problem)
            return
        self._opener.open(OpenWish(making.path, workspace=making.workspace, notes=event.notes))

    def _on_request_failed(self, event: RequestFailed) -> None:
        if making := self._take(event.request_id):
            self._fail(making, event.problem)

    def _on_engine_ended(self, _exit_code: object) -> None:
        if self._making and (making := self._take(self._making.request_id)):
            self._fail(making, Problem(f"The engine ended while it built {making.title}.", "Try again in a moment."))

    def _on_opened(self, _document: object) -> None:
        """A person has opened something else meanwhile."""
        self.close()

    def _fail(self, making: _Making, problem: Problem) -> None:
        making.workspace.clean()
        self._notifier.problem(problem)

    def _take(self, request_id: int) -> _Making | None:
        making = self._making
        if not making or making.request_id != request_id:
            return None
        self._making = None
        self._opener.is_awaiting = False
        return making
