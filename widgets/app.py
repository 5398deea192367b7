"""Builds the program's parts and wires them: the only place that knows them all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from msgspec.structs import replace
from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QApplication

from editor.errors import Problem
from editor.files.code_needs import needed_to_load
from editor.files.options import OpenOptions
from editor.layers.nodes import Node
from editor.processes.messages import ModelSaved
from editor.processes.reader_client import ReaderClient
from editor.processes.run_messages import RunEnded, RunStarted
from editor.wording import counted
from widgets.data.control import DataControl
from widgets.dialogs.about import show_about
from widgets.dialogs.new_application import NewModel
from widgets.document import Document, StructureChange
from widgets.document_panels import DocumentPanels
from widgets.editing import Editing
from widgets.engine_keeper import EngineKeeper
from widgets.engine_link import EngineLink
from widgets.engine_rescue import EngineRescue
from widgets.icons import Icons
from widgets.loading import Loader, WentLive
from widgets.main_window import MainWindow
from widgets.new_models import NewModels
from widgets.notice_bar import Level
from widgets.notifier import Notifier
from widgets.open_commands import OpenCommands
from widgets.opening import Opener, OpenWish
from widgets.past_runs import PastRuns
from widgets.preflight.control import Preflight
from widgets.recent_models import RecentModels
from widgets.recovery import offer_recovery
from widgets.review import Review
from widgets.run_changes import RunChanges
from widgets.run_control import RunControl
from widgets.save_commands import SaveCommands
from widgets.saving import Saver, saved_text
from widgets.settings import Settings
from widgets.side_files import SideFiles
from widgets.surgery.control import Surgery
from widgets.theme import Mode, Theme
from widgets.training.plot_export import PlotExport
from widgets.training.runs_list import RunsList, frozen_text
from widgets.trust import Trust
from widgets.undo import WeightsUndo
from widgets.unsaved import Unsaved
from widgets.window_state import WindowState

_RUN_UNDER_WAY = "A run is under way. Stop it first, then open another model."


class App(QObject):
    """The running program: one window, one document, one engine.

    Attributes:
        document: What is open; None while nothing is.
    """

    document_changed = Signal()

    def __init__(self, qt: QApplication, settings: Settings, workspaces: Path) -> None:
        super().__init__()
        self.document: Document | None = None
        self.settings = settings
        self.theme = Theme(settings.theme_mode)
        self.theme.install(qt)
        self.window = MainWindow(self.theme, Icons(self.theme))
        self.notifier = Notifier(self.window, self.window.notices)
        self.editing = Editing(self.window, self.notifier, self._current)
        self.link = EngineLink()
        self.keeper = EngineKeeper(self.link)
        self.opener = Opener(ReaderClient, workspaces)
        self.loader = Loader(self.link)
        self.saver = Saver(self.link, lambda: self.opener.reader)
        # What is said of a failed save comes before what is offered instead.
        self.saver.failed.connect(self._on_problem)
        self.saving = SaveCommands(self.window, self.saver, notifier=self.notifier, current=self._current)
        self.runs_list = RunsList(self.window.runs, self._frozen_text)
        views = (self.window.plots, self.window.progress, self.runs_list)
        self.runs = RunControl(self.link, self.window.training, views, notifier=self.notifier)
        self.runs.state_changed.connect(self.window.progress.show_state)
        self.runs.preparing.connect(self.window.progress.show_preparing)
        self.runs.requested.connect(self.runs_list.expect)
        self.runs.requested.connect(lambda _request: self.notifier.end_news())
        self.runs.marked.connect(self.runs_list.add_mark)
        self._run_changes = RunChanges(self.link, self.window.training, runs=self.runs, current=self._current)
        self.plot_export = PlotExport(self.window.plots, self.theme, self.notifier)
        self.undo = WeightsUndo(self.link)
        self.past_runs = PastRuns(self.window, self.runs_list, runs=self.runs, undo=self.undo, notifier=self.notifier)
        self.review = Review(self.window, self.link, runs=self.runs, notifier=self.notifier, current=self._current)
        self.side_files = SideFiles(
            self.window,
            self.theme,
            self.link,
            reader=lambda: self.opener.reader,
            notifier=self.notifier,
            current=self._current,
        )
        self._rescue = EngineRescue(
            self.keeper, self.loader, runs=self.runs, notifier=self.notifier, current=self._current
        )
        self.surgery = Surgery(
            self.window,
            self.link,
            notifier=self.notifier,
            current=self._current,
            obstacle=self._edit_obstacle,
        )
        self._unsaved = Unsaved(self.notifier, self.runs, self.saver, self.saving.save)
        self._state = WindowState(
            self.window,
            self.link,
            opener=self.opener,
            loader=self.loader,
            runs=self.runs,
            steps=(self.undo, self.surgery),
        )
        self._recent = RecentModels(self.window.actions_.recent, settings)
        self.opening = OpenCommands(
            self.window,
            self.opener,
            self.loader,
            recent=self._recent,
            notifier=self.notifier,
            current=self._current,
        )
        self.opening.trust = self.trust = Trust(self.window, settings)
        self.new_models = NewModels(
            self.window,
            self.link,
            self.opener,
            reading=self.side_files.reading,
            recent=self._recent,
            notifier=self.notifier,
        )
        self.data = DataControl(self.window, self.link, settings=settings, theme=self.theme, current=self._current)
        self.preflight = Preflight(
            self.window,
            self.link,
            theme=self.theme,
            runs=self.runs,
            current=self._current,
            make_edit=self.surgery.make,
        )
        parts = (self.editing, self.past_runs, self._run_changes, self.undo, self.runs, self.side_files, self.review)
        self.opening.may_choose = self.new_models.may_ask = self._may_open
        self._panels = DocumentPanels(self.window, (*parts, self.preflight))
        self._workspaces = workspaces
        self._is_leaving = False
        self._connect_engine()
        self._connect_window()
        self._connect_actions()

    def _current(self) -> Document | None:
        return self.document

    # -- life -------------------------------------------------------------------------------------------------

    def show(self) -> None:
        """Shows the window; the processes start when it is on screen."""
        window, settings = self.window, self.settings
        window.restore_layout(settings)
        window.training.set_recent_data(settings.recent("data"))
        self.data.restore()
        if settings.training:
            window.training.set_settings(settings.training)
        window.plots.apply_settings(settings.plots)
        self._recent.fill()
        self._refresh()
        window.show()
        QTimer.singleShot(0, self._start_processes)

    def _start_processes(self) -> None:
        if self._is_leaving:
            return
        self.keeper.start()
        self.opener.warm_up()
        offer_recovery(self._workspaces, self.notifier, self.opener.open)

    def leave(self, *, keep_work: bool = False) -> None:
        """Ends the processes and closes the window without a question.

        Args:
            keep_work: Whether the next start is to offer what is not saved.
        """
        self._is_leaving = True
        self.surgery.close()
        self.window.save_layout(self.settings)
        self.settings.training = self.window.training.settings()
        self.settings.plots = self.window.plots.settings
        self.settings.set_recent("data", self.window.training.recent_data())
        self.data.remember()
        self.settings.flush()
        self.opener.close()
        self.link.close()
        self.saver.close()
        self.side_files.close()
        self.new_models.close()
        self._drop_document(keep_work=keep_work)
        self.window.close()

    def _may_close(self) -> bool:
        if not self._is_leaving:
            self._unsaved.when_settled(self.document, "close", self.leave)
        return self._is_leaving

    def _drop_document(self, *, keep_work: bool = False) -> None:
        document, self.document = self.document, None
        if document:
            self.loader.forget(document)
            if keep_work and (document.is_modified or self.runs.is_active):
                document.leave()
            else:
                document.forget()

    # -- opening ----------------------------------------------------------------------------------------------

    def open(self, path: Path, options: OpenOptions | None = None) -> None:
        """Opens a model when what is open is saved or given up."""
        self._on_open_requested(OpenWish(path, options or OpenOptions()))

    def _on_open_requested(self, wish: OpenWish) -> None:
        self.window.plots.warm_up.put_off()
        self._when_free(lambda: self.opener.open(wish))

    def _on_new_wanted(self, new: NewModel) -> None:
        self._when_free(lambda: self.new_models.build(new))

    def _when_free(self, go_on: Callable[[], None]) -> None:
        """Goes on when what is open is saved or given up; not during a run."""
        if self._may_open():
            self._unsaved.when_settled(self.document, "open another model", go_on)

    def _may_open(self) -> bool:
        """Whether another model may be opened; says why not, as long as that holds."""
        if self.runs.is_active:
            self.notifier.say(Level.WARNING, _RUN_UNDER_WAY)
        return not self.runs.is_active

    def _on_opened(self, document: Document) -> None:
        # What was done while the file was being opened is offered at the next start.
        self._drop_document(keep_work=self.document is not None and self._unsaved.is_in(self.document))
        self.document = document
        document.modified_changed.connect(self._refresh)
        document.structure_changed.connect(self._on_structure_changed)
        document.troubled.connect(self._on_problem)
        document.stack.indexChanged.connect(self._refresh)
        self._panels.show(document)
        self._remember(document)
        self.notifier.clear()
        self.opening.begin(document)
        self._refresh()
        self.document_changed.emit()

    def _on_went_live(self, event: WentLive) -> None:
        document, rebased = event.document, event.rebased
        self._panels.show_other_tree(document, rebased.before, rebased.match)
        self._remember(document)
        self.past_runs.refresh()
        self._check(document)
        self.preflight.schedule()
        self._refresh()
        self.opening.say(document, lost=rebased.lost, differing=rebased.differing)

    def _on_structure_changed(self, change: StructureChange) -> None:
        if self.document is None:
            return
        self._panels.show_other_tree(self.document, change.before, change.match)
        # What was found was found for other layers: with it a run might start that cannot, or not start that can.
        self.window.training.show_report(None)
        self.side_files.maps.end()
        self._check(self.document)
        self._refresh()

    def _check(self, document: Document) -> None:
        """Looks again at what depends on the layers."""
        self.runs.check_settings()
        self.review.note_live(document)
        self.data.note_live(document)

    def _remember(self, document: Document) -> None:
        if not document.is_untitled:
            self._recent.add(document.path, document.options)

    def _edit_obstacle(self) -> str:
        """Why the layers cannot be edited now; empty if they can."""
        if self.runs.is_active:
            return "A run is under way."
        return self._state.obstacle(self.document)

    # -- saving -----------------------------------------------------------------------------------------------

    def _on_saved(self, event: ModelSaved) -> None:
        document = self.document
        is_code_known = not document or document.is_live or not needed_to_load(document.preview.needs)
        text, details = saved_text(event, is_code_known=is_code_known)
        self.notifier.say(Level.DONE, text, details=details)
        if document:
            self._panels.show_file(document)
        options = document.options if document else OpenOptions()
        self._recent.add(Path(event.path), replace(options, architecture=None, application=None))
        self._refresh()

    # -- wiring -----------------------------------------------------------------------------------------------

    def _connect_engine(self) -> None:
        window = self.window
        self.keeper.status_changed.connect(self._on_engine_status)
        self._rescue.rescued.connect(self._refresh)
        self.link.engine_ready.connect(self._refresh)
        self.link.engine_ready.connect(lambda event: window.training.set_device(event.device))
        self.link.engine_ended.connect(self._refresh)
        self.link.log_received.connect(window.log.append_line)
        self.link.run_started.connect(self._on_run_started)
        self.opener.progressed.connect(self._refresh)
        self.opener.opened.connect(self._on_opened)
        self.opener.failed.connect(self._on_problem)
        self.opener.cancelled.connect(self._on_open_cancelled)
        self.opening.open_requested.connect(self._on_open_requested)
        self.new_models.wanted.connect(self._on_new_wanted)
        self.loader.started.connect(self._refresh)
        self.loader.went_live.connect(self._on_went_live)
        self.loader.stayed.connect(self._on_stayed)
        self.loader.reopening.connect(self._refresh)
        self.saver.started.connect(self._on_save_started)
        self.saver.saved.connect(self._on_saved)
        self.undo.failed.connect(self._on_problem)
        self.undo.busy_changed.connect(self._refresh)
        self.surgery.busy_changed.connect(self._refresh)
        self.runs.active_changed.connect(self._refresh)
        self.runs.state_changed.connect(self._refresh)
        self.runs.active_changed.connect(lambda _is_active: self.notifier.take_back(_RUN_UNDER_WAY))
        self.runs.ended.connect(self._on_run_ended)
        self.runs.cancelled_too_late.connect(self.undo.undo)

    def _connect_window(self) -> None:
        window = self.window
        window.may_close = self._may_close
        window.data_dropped.connect(self._on_data_dropped)
        window.layers.selection_nodes_changed.connect(self._on_selection_changed)
        window.training.readiness_changed.connect(self._refresh)
        self.link.run_marked.connect(window.plots.add_mark)
        window.plots.name_of = window.runs.runs.name_of
        window.runs.runs.renamed.connect(window.plots.legend.refresh)

    def _connect_actions(self) -> None:
        actions, window = self.window.actions_, self.window
        handlers: dict[str, Callable[[], object]] = {
            "quit": window.close,
            "undo": self.undo.undo,
            "redo": self.undo.redo,
            "find": window.layers.focus_filter,
            "data": self.data.open,
            "start": window.training.request_start,
            "pause": window.training.request_pause,
            "stop": window.training.request_stop,
            "stop_best": lambda: window.training.request_stop("best"),
            "cancel": window.training.request_cancel,
            "reset_layout": window.reset_layout,
            "forget_consents": self._on_forget_consents,
            "about": lambda: show_about(window),
        }
        for name, handler in handlers.items():
            actions[name].triggered.connect(lambda _checked=False, run=handler: run())
        for mode, action in actions.modes.items():
            action.setChecked(mode is self.settings.theme_mode)
            action.triggered.connect(lambda _checked=False, chosen=mode: self._on_mode_chosen(chosen))

    # -- handlers ---------------------------------------------------------------------------------------------

    def _on_run_started(self, event: RunStarted) -> None:
        for note in event.notes:
            self.window.log.append_line(note)

    def _on_forget_consents(self) -> None:
        num_forgotten = self.trust.forget()
        words = f"{counted(num_forgotten, 'consent')} to run code {'is' if num_forgotten == 1 else 'are'} forgotten."
        self.notifier.say(Level.INFO, words if num_forgotten else "No consent to run code was remembered.")

    def _on_problem(self, problem: Problem) -> None:
        for line in problem.details.splitlines():
            self.window.log.append_line(line)
        self.notifier.problem(problem)
        self._refresh()

    def _on_engine_status(self, text: str) -> None:
        self.window.status.setText(text)
        self._refresh()

    def _on_stayed(self, document: Document) -> None:
        if document.trouble:
            for line in (document.trouble.summary, *document.trouble.details.splitlines()):
                self.window.log.append_line(line)
        self._refresh()

    def _on_open_cancelled(self) -> None:
        self.notifier.clear()
        self._refresh()

    def _on_save_started(self, name: str) -> None:
        self.notifier.busy(f"Saving {name}, and reading it back to compare…")

    def _on_run_ended(self, event: RunEnded) -> None:
        if event.problem:
            self._on_problem(event.problem)
        elif event.proof and not event.proof.is_kept:
            text = f"{len(event.proof.violations)} weights that should stand still have changed in this run."
            self.notifier.say(Level.ERROR, text, details="\n".join(event.proof.violations))

    def _on_selection_changed(self, nodes: tuple[Node, ...]) -> None:
        self.window.inspector.show_nodes(nodes)
        self._refresh()

    def _on_data_dropped(self, path: Path) -> None:
        self.data.open_with(str(path))

    def _on_mode_chosen(self, mode: Mode) -> None:
        self.settings.theme_mode = mode
        self.theme.set_mode(mode)

    def _refresh(self, _value: object = None) -> None:
        self._state.refresh(self.document)

    def _frozen_text(self) -> str:
        return frozen_text(self.document.tree) if self.document else ""
