"""Asks the engine what a run would do whenever settings, flags or data have changed, and carries out cures."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace
from PySide6.QtCore import QObject, QTimer

from editor.layers.findings.finding import Cure, Finding
from editor.layers.structure import RenameLayer
from editor.processes.data_messages import PrepareRun, RunPrepared
from editor.processes.messages import RequestFailed
from editor.training.data_options import DataOptions
from editor.training.settings import TrainSettings
from widgets.document import Document
from widgets.engine_link import EngineLink
from widgets.icons import Icons
from widgets.main_window import MainWindow
from widgets.places import select_paths
from widgets.preflight.panel import PreflightLine, PreflightPanel
from widgets.run_control import RunControl
from widgets.surgery.wish import EditWish
from widgets.theme import Theme

SETTLE_MS = 600
"""Time without a further edit before the engine is asked: it tries a batch each time."""


class Preflight(QObject):
    """The findings of the run that Start would begin.

    Args:
        window: Has the training panel.
        link: To the engine.
        theme: Colours.
        runs: Whether a run is under way.
        current: The document that is open.
        make_edit: Has an edit of the layers made.
    """

    def __init__(
        self,
        window: MainWindow,
        link: EngineLink,
        *,
        theme: Theme,
        runs: RunControl,
        current: Callable[[], Document | None],
        make_edit: Callable[[EditWish], None],
    ) -> None:
        super().__init__(window)
        self._window = window
        self._link = link
        self._runs = runs
        self._current = current
        self._make_edit = make_edit
        self._document: Document | None = None
        self._request_id = 0
        self._prepared: RunPrepared | None = None
        self.line = PreflightLine(theme, Icons(theme, self))
        self.panel = PreflightPanel(theme, window)
        self._timer = QTimer(self, singleShot=True, interval=SETTLE_MS)
        window.training.set_preflight(self.line)
        self._connect()

    def _connect(self) -> None:
        link, training = self._link, self._window.training
        self._timer.timeout.connect(self._on_timeout)
        self.line.clicked.connect(self.open)
        self.panel.cure_requested.connect(self._on_cure_requested)
        self.panel.places_chosen.connect(self._on_places_chosen)
        self.panel.start_requested.connect(training.request_start)
        training.settings_changed.connect(self.schedule)
        training.readiness_changed.connect(self._on_readiness_changed)
        self._runs.active_changed.connect(self.schedule)
        link.run_prepared.connect(self._on_run_prepared)
        link.request_failed.connect(self._on_request_failed)

    @property
    def is_current(self) -> bool:
        """Whether what is shown is about the settings and flags as they are."""
        return not self._timer.isActive() and self._request_id == 0 and self._prepared is not None

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was found last."""
        return self._prepared.findings if self._prepared else ()

    def set_document(self, document: Document) -> None:
        """Looks at another document."""
        if self._document:
            self._document.flags_changed.disconnect(self.schedule)
            self._document.stack.indexChanged.disconnect(self.schedule)
        self._document = document
        self._request_id = 0
        self._prepared = None
        document.flags_changed.connect(self.schedule)
        document.stack.indexChanged.connect(self.schedule)
        self.panel.hide()
        self._show()
        self.schedule()

    def schedule(self, _value: object = None) -> None:
        """Looks again in a moment."""
        self._timer.start()
        self._show()

    def open(self) -> None:
        """Shows the panel."""
        self._show()
        self.panel.show()
        self.panel.raise_()

    # -- the engine -----------------------------------------------------------------------------------------------

    def _on_timeout(self) -> None:
        document, settings = self._current(), self._window.training.settings()
        self._request_id = 0
        is_ready = document is not None and document.is_live and self._link.is_ready
        if not document or not is_ready or not settings.data or self._runs.is_active:
            self._prepared = None if not self._runs.is_active else self._prepared
            self._show()
            return
        self._request_id = self._link.new_request_id()
        self._link.send(
            PrepareRun(
                request_id=self._request_id,
                document_id=document.document_id,
                settings=settings,
                freeze_map=document.freeze_map(),
            )
        )

    def _on_run_prepared(self, event: RunPrepared) -> None:
        if event.request_id == self._request_id:
            self._request_id = 0
            self._prepared = event
            self._show()

    def _on_request_failed(self, event: RequestFailed) -> None:
        """Data that cannot be read are said beside their field already."""
        if event.request_id == self._request_id:
            self._request_id = 0
            self._prepared = None
            self._show()

    def _on_readiness_changed(self) -> None:
        self.panel.set_obstacle(self._window.training.start_obstacle())

    def _show(self) -> None:
        prepared = self._prepared
        is_idle = not self._runs.is_active
        self.line.show_findings(prepared.findings if prepared and is_idle else None, is_current=self.is_current)
        findings = prepared.findings if prepared else ()
        self.panel.show_prepared(findings, prepared.estimate if prepared else None, is_current=self.is_current)
        self.panel.set_obstacle(self._window.training.start_obstacle())

    # -- cures ----------------------------------------------------------------------------------------------------

    def _on_places_chosen(self, paths: tuple[str, ...]) -> None:
        select_paths(self._window, self._current(), paths)

    def _on_cure_requested(self, finding: Finding) -> None:
        """Never cures another state than the one that was shown; the panel says that it looks again."""
        if finding.cure and self.is_current and finding in self.findings:
            self._carry_out(finding.cure)

    def _carry_out(self, cure: Cure) -> None:
        training, document = self._window.training, self._current()
        if cure.rename:
            path, name = cure.rename
            self._make_edit(EditWish(RenameLayer(path=path, name=name), cure.text))
        elif cure.action:
            self._window.actions_[cure.action].trigger()
        elif cure.settings or cure.learning_rate is not None:
            training.set_settings(cured(training.settings(), cure))
        elif document:
            document.make(cure.edit(document.tree))


def cured(settings: TrainSettings, cure: Cure) -> TrainSettings:
    """Settings with what a cure puts into them."""
    given: dict[str, object] = dict(cure.settings)
    if cure.learning_rate is not None:
        given["learning_rate"] = cure.learning_rate
    of_data = {name: value for name, value in given.items() if name in DataOptions.__struct_fields__}
    others = {name: value for name, value in given.items() if name not in of_data}
    options = replace(settings.data_options, **of_data)
    return replace(settings, data_options=options, **others)
