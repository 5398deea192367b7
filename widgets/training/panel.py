"""The training panel: the settings of a run, Start and Stop, and where the run stands."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace
from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget
from typing_extensions import override

from editor.training.data_options import DataOptions
from editor.training.settings import Keep, SettingsReport, TrainSettings
from widgets.icons import Icons
from widgets.theme import Theme
from widgets.training.data_field import DataField
from widgets.training.flags_notice import FlagsNotice
from widgets.training.form_row import Message
from widgets.training.run_buttons import RunButtons
from widgets.training.run_state import RunState
from widgets.training.settings_form import SettingsForm

SETTLE_INTERVAL_MS = 250
"""Time without a further edit before the settings are checked."""

_NO_MODEL = "Open a model first."
_NO_DATA = "Choose data to train on."
_NEXT_RUN = "Changes are for the next run."


class TrainingPanel(QWidget):
    """Asks for settings, says what is wrong with them, and passes on the wish to start or stop.

    It knows nothing of the engine: the window tells it what is open, ready and found out, and sets the run's state.

    Args:
        theme: Colours.
        icons: Icons.

    Signals:
        settings_changed: The settings are others than before and have been left alone for a moment.
        start_requested: Start was clicked and nothing stands against it. `settings()` are those to use.
        pause_requested: Pause was clicked.
        resume_requested: Resume was clicked.
        stop_requested: A stop was chosen; carries which weights to keep, `last` or `best`.
        cancel_requested: Cancel was clicked.
        learning_rate_requested: The run under way is to have the learning rate that is carried.
        flags_requested: The run under way is to have the flags of the tree from its next epoch on.
        readiness_changed: What `start_obstacle` says is another thing now.
        report_shown: What the engine found is known, or is not any more.
    """

    settings_changed = Signal()
    start_requested = Signal()
    pause_requested = Signal()
    resume_requested = Signal()
    stop_requested = Signal(str)
    cancel_requested = Signal()
    learning_rate_requested = Signal(float)
    flags_requested = Signal()
    readiness_changed = Signal()
    report_shown = Signal()

    def __init__(self, theme: Theme, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("trainingPanel")
        self.setAccessibleName("Training")
        self._theme = theme
        self._is_model_open = False
        self._engine_obstacle = "The engine is starting."
        self._report: SettingsReport | None = None
        self._checked: TrainSettings | None = None
        self._blockers: dict[str, str] = {}
        self._state = RunState.IDLE
        self._run_settings: TrainSettings | None = None
        self._obstacle: str | None = None
        self._make_parts(icons)
        self._lay_out()
        self._connect()
        self._refresh()

    def _make_parts(self, icons: Icons) -> None:
        self._form = SettingsForm(icons, self)
        self._buttons = RunButtons(self)
        self._flags_notice = FlagsNotice(icons, self)
        self._status = Message(icons, self)
        self._status.setObjectName("runStateMessage")
        self._settle_timer = QTimer(self)
        self._settle_timer.setSingleShot(True)
        self._settle_timer.setInterval(SETTLE_INTERVAL_MS)

    def _lay_out(self) -> None:
        area = QScrollArea(self)
        self._scroll_bar = area.verticalScrollBar()
        area.setObjectName("settingsArea")
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(self._form)
        # It does not scroll sideways: what is wider would be cut off.
        area.setMinimumWidth(self._form.minimumSizeHint().width() + self._scroll_bar.sizeHint().width())
        foot = self._foot = QVBoxLayout()
        foot.setSpacing(4)
        foot.addWidget(self._flags_notice)
        foot.addWidget(self._status)
        # At the very bottom, where no longer sentence moves them.
        foot.addWidget(self._buttons)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 1, 6)
        layout.setSpacing(6)
        layout.addWidget(area, 1)
        layout.addLayout(foot)

    def _connect(self) -> None:
        self._scroll_bar.rangeChanged.connect(self._on_scroll_bar_range_changed)
        self._form.edited.connect(self._on_form_edited)
        self._form.learning_rate_applied.connect(self._on_learning_rate_applied)
        self._flags_notice.apply_requested.connect(self.flags_requested)
        self._settle_timer.timeout.connect(self._on_settle_timer_timeout)
        self._buttons.start_requested.connect(self.request_start)
        self._buttons.pause_requested.connect(self.request_pause)
        self._buttons.resume_requested.connect(self.request_pause)
        self._buttons.stop_requested.connect(self.request_stop)
        self._buttons.cancel_requested.connect(self.request_cancel)
        self._theme.changed.connect(self._on_theme_changed)

    # -- what others tell it --------------------------------------------------------------------------------

    def set_settings(self, settings: TrainSettings) -> None:
        """Fills the form."""
        self._form.set_settings(settings)

    def set_recent_data(self, paths: Iterable[str]) -> None:
        """Offers data files of earlier sessions."""
        self._form.data.set_recent(paths)

    def set_preflight(self, widget: QWidget) -> None:
        """Puts what is to be known before the start above Start."""
        self._foot.insertWidget(0, widget)

    @property
    def data_field(self) -> DataField:
        """The line that says which data a run learns from."""
        return self._form.data

    def set_data(self, data: str) -> None:
        """Chooses data, as after a drop: the path of an `.npz` file or `sample:digits`."""
        self._form.data.choose(data)

    def set_model_open(self, is_open: bool) -> None:
        """Says whether there is a model to train; what was found out for another one is forgotten."""
        self._is_model_open = is_open
        self.show_report(None)

    def set_engine_ready(self, is_ready: bool, reason: str = "") -> None:
        """Says whether a run could start now, and if not, why."""
        self._engine_obstacle = "" if is_ready else reason or "The engine is not ready."
        self._refresh()

    def set_device(self, device: str) -> None:
        """Says what runs train on, such as `CPU`."""
        self._form.more.set_device(device)
        self._refresh()

    def set_data_options(self, options: DataOptions) -> None:
        """Takes what was chosen for the data elsewhere; it is part of `settings()`."""
        self._form.set_data_options(options)

    def show_run_rate(self, rate: float | None, note: str = "", *, is_problem: bool = False) -> None:
        """Says beside the field what learning rate the run under way has; None where there is no run."""
        self._form.show_run_rate(rate, note, is_problem=is_problem)

    def show_flags_notice(self, text: str, *, can_apply: bool = False, is_problem: bool = False) -> None:
        """Says what the flags that were changed in mid-run do; nothing takes it away."""
        self._flags_notice.show_text(text, can_apply=can_apply, is_problem=is_problem)

    def show_report(self, report: SettingsReport | None) -> None:
        """Puts what the engine found beside the fields; None while nothing is known."""
        self._report = report
        self._checked = self.settings() if report else None
        self._form.show_findings(report)
        self._refresh()
        self.report_shown.emit()

    def set_blockers(self, blockers: dict[str, str]) -> None:
        """Says what the window itself knows against a start, by field; `trainable` stands beside Start."""
        self._blockers = dict(blockers)
        self._refresh()

    def set_run_state(self, state: RunState) -> None:
        """Says where the run stands."""
        self._state = state
        if not state.is_active:
            self._run_settings = None
        elif self._run_settings is None:
            self._run_settings = self.settings()
        self._refresh()

    # -- what it tells others -------------------------------------------------------------------------------

    def settings(self) -> TrainSettings:
        """The settings in the form; `problems()` of them says whether they can be used."""
        return self._form.settings()

    @property
    def report(self) -> SettingsReport | None:
        """What the engine found in the data that are chosen now; None while it has not looked at them."""
        now, then = self.settings(), self._checked
        is_current = then is not None and (now.data, now.data_options) == (then.data, then.data_options)
        return self._report if is_current else None

    def recent_data(self) -> tuple[str, ...]:
        """Data files that were chosen, the last one first."""
        return self._form.data.recent()

    @property
    def run_state(self) -> RunState:
        """Where the run stands."""
        return self._state

    def start_obstacle(self) -> str:
        """Why a run cannot start now, in a sentence; empty if it can."""
        return self._obstacle or ""

    def request_start(self) -> None:
        """Start, as by its button: what was just typed is taken first."""
        if self._settle_timer.isActive():
            self._settle_timer.stop()
            self._settle()
        if self._obstacle:
            return
        if self._form.isAncestorOf(self.window().focusWidget()):
            # Else Undo, the next thing that a person may want, would be that of a field.
            self._buttons.setFocus()
        self.start_requested.emit()

    def request_pause(self) -> None:
        """Pause, or Resume where the run is paused, as by their button."""
        if self._state.can_be_paused:
            self.pause_requested.emit()
        elif self._state.can_be_resumed:
            self.resume_requested.emit()

    def request_stop(self, keep: Keep = "last") -> None:
        """Stop and Keep the last or the best weights, as by its button and menu."""
        if self._state.can_be_stopped:
            self.stop_requested.emit(keep)

    def request_cancel(self) -> None:
        """Cancel and Restore, as by its button."""
        if self._state.can_be_stopped:
            self.cancel_requested.emit()

    # -- inside ---------------------------------------------------------------------------------------------

    def _problems(self) -> dict[str, str]:
        """What is wrong, by field: the settings by themselves, what the engine found, what the window knows."""
        problems = self._blockers | self._report_problems() | self._form.problems()
        if not self._form.data.data():
            problems.pop("data", None)  # Nothing chosen yet is no mistake.
        return problems

    def _report_problems(self) -> dict[str, str]:
        """The engine's problems, without those of fields that were edited since: their new value is unchecked."""
        if self._report is None or self._checked is None:
            return {}
        now, then = self.settings(), self._checked
        return {
            field: text
            for field, text in self._report.problems.items()
            if getattr(now, field, None) == getattr(then, field, None)
        }

    def _find_obstacle(self, problems: dict[str, str]) -> str:
        if not self._is_model_open:
            return _NO_MODEL
        if self._state.is_active:
            return "A run is under way."
        if self._engine_obstacle:
            return self._engine_obstacle
        if not self._form.data.data():
            return _NO_DATA
        return self._problem_obstacle(problems)

    def _problem_obstacle(self, problems: dict[str, str]) -> str:
        beside_fields = [self._form.title_of(field) for field in problems if self._form.has_row(field)]
        if beside_fields:
            return f"First correct: {', '.join(beside_fields)}."
        if problems:
            return next(iter(problems.values()))
        return "" if self._report else "Checking the settings…"

    def _refresh(self) -> None:
        problems = self._problems()
        before, self._obstacle = self._obstacle, self._find_obstacle(problems)
        self._form.show_problems(problems)
        self._buttons.show_state(self._state, self._obstacle)
        self._show_status(has_problem=bool(problems))
        if self._obstacle != before:
            self.readiness_changed.emit()

    def _show_status(self, *, has_problem: bool) -> None:
        """The run's state while there is one, else why none can start, else how the last one ended."""
        if self._state.is_active or not self._obstacle:
            text = f"{self._state.text}. {_NEXT_RUN}" if self._has_other_settings else self._state.text
            self._status.show_text(text, is_problem=self._state is RunState.FAILED)
        else:
            is_wrong = has_problem and self._is_model_open and not self._engine_obstacle
            self._status.show_text(self._obstacle, is_problem=is_wrong)

    @property
    def _has_other_settings(self) -> bool:
        """Whether the form differs from the run under way; its learning rate has a note of its own."""
        run, now = self._run_settings, self.settings()
        return run is not None and replace(now, learning_rate=run.learning_rate) != run

    def _settle(self) -> None:
        self._refresh()
        self.settings_changed.emit()

    def _fit_to_scroll_bar(self) -> None:
        """Keeps the fields as wide as the buttons, with the scroll bar beside them or without it."""
        width = self._scroll_bar.sizeHint().width()
        self._form.setContentsMargins(0, 0, 0 if self._scroll_bar.maximum() else width, 0)
        self._foot.setContentsMargins(0, 0, width, 0)

    def _on_scroll_bar_range_changed(self) -> None:
        self._fit_to_scroll_bar()

    def _on_form_edited(self) -> None:
        self._settle_timer.start()

    def _on_learning_rate_applied(self) -> None:
        rate = self.settings().learning_rate
        if self._state.can_be_stopped and 0 < rate < float("inf"):
            self.learning_rate_requested.emit(rate)

    def _on_settle_timer_timeout(self) -> None:
        self._settle()

    def _on_theme_changed(self) -> None:
        self._status.repaint_icon()
        self._flags_notice.message.repaint_icon()
        self._form.repaint_icons()

    @override
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._fit_to_scroll_bar()
