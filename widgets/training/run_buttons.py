"""The buttons of a run: Start, Pause, Stop and Cancel, each at its place whether a run is under way or not."""

from __future__ import annotations

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QMenu, QPushButton, QSizePolicy, QToolButton, QWidget
from typing_extensions import override

from widgets.theme import set_tone
from widgets.training.run_state import RunState

STOP_TIP = "Stop and Keep: ends the run after the current batch and keeps the weights."
STOP_BEST_TIP = "Ends the run after the current batch and goes back to the weights of its best epoch."
PAUSE_TIP = "Holds the run after the current batch; nothing is lost."
RESUME_TIP = "Goes on with the run where it was held."
CANCEL_TIP = "Cancel and Restore: ends the run and puts the weights back as they were before it, bit for bit."
_START_TIP = "Trains the weights that are not frozen."
_PAUSE, _RESUME = "Pause", "Resume"
_GAP = 6


class RunButtons(QWidget):
    """Start, Pause or Resume, Stop and Keep, Cancel and Restore.

    None takes the place of another: a run may end while a click is on its way to Stop, and that must start no new one.

    Signals:
        start_requested: Start was clicked.
        pause_requested: Pause was clicked.
        resume_requested: Resume was clicked.
        stop_requested: A stop was chosen; carries which weights to keep, `last` or `best`.
        cancel_requested: Cancel was clicked.
    """

    start_requested = Signal()
    pause_requested = Signal()
    resume_requested = Signal()
    stop_requested = Signal(str)
    cancel_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = RunState.IDLE
        self._start = QPushButton("Start", self)
        self._pause = _PauseButton(self)
        self._stop = QToolButton(self)
        self._cancel = QPushButton("Cancel", self)
        self._cancel.setToolTip(CANCEL_TIP)
        for button, name, accessible_name in (
            (self._start, "startButton", "Start"),
            (self._pause, "pauseButton", "Pause"),
            (self._stop, "stopButton", "Stop and Keep"),
            (self._cancel, "cancelButton", "Cancel and Restore"),
        ):
            button.setObjectName(name)
            button.setAccessibleName(accessible_name)
        set_tone(self._start, "primary")
        set_tone(self._stop, "button")
        self._stop.setText("Stop")
        self._stop.setToolTip(STOP_TIP)
        self._add_stop_menu()
        self._lay_out()
        self._connect()
        self.show_state(RunState.IDLE, "")

    def _add_stop_menu(self) -> None:
        menu = QMenu(self)
        menu.setObjectName("stopMenu")
        menu.setToolTipsVisible(True)
        for text, keep, tip in (
            ("Keep the Last Weights", "last", STOP_TIP),
            ("Keep the Best Weights", "best", STOP_BEST_TIP),
        ):
            action = menu.addAction(text)
            action.setToolTip(tip)
            action.setData(keep)
        menu.triggered.connect(lambda action: self.stop_requested.emit(action.data()))
        self._stop.setPopupMode(QToolButton.ToolButtonPopupMode.MenuButtonPopup)
        self._stop.setMenu(menu)

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(_GAP)
        for button in (self._start, self._pause, self._stop, self._cancel):
            is_wide = button in (self._start, self._stop)
            wide = QSizePolicy.Policy.Expanding if is_wide else QSizePolicy.Policy.Minimum
            # All as high as the highest: a tool button is higher than the others, and its words would be lower.
            button.setSizePolicy(wide, QSizePolicy.Policy.Preferred)
            button.setStyleSheet("QPushButton { padding: 3px 6px; }")
            row.addWidget(button)

    def _connect(self) -> None:
        self._start.clicked.connect(lambda: self.start_requested.emit())
        self._pause.clicked.connect(self._on_pause_clicked)
        self._stop.clicked.connect(lambda: self.stop_requested.emit("last"))
        self._cancel.clicked.connect(lambda: self.cancel_requested.emit())

    def show_state(self, state: RunState, obstacle: str) -> None:
        """Shows what can be done now.

        Args:
            state: Of the run.
            obstacle: Why none can start; empty if one can.
        """
        self._state = state
        focused = self.window().focusWidget()
        self._start.setEnabled(not obstacle)
        self._start.setToolTip(obstacle or _START_TIP)
        self._show_pause(state)
        self._stop.setEnabled(state.can_be_stopped)
        self._cancel.setEnabled(state.can_be_stopped)
        if focused in self._buttons() and not focused.isEnabled():
            # Qt gives it to the next button, so that a second press of the key would do what nobody asked for.
            self.setFocus()

    def _show_pause(self, state: RunState) -> None:
        text = _RESUME if state.is_held else _PAUSE
        self._pause.setText(text)
        self._pause.setAccessibleName(text)
        self._pause.setToolTip(RESUME_TIP if state.is_held else PAUSE_TIP)
        self._pause.setEnabled(state.can_be_paused or state.can_be_resumed)

    def _buttons(self) -> tuple[QAbstractButton, ...]:
        return (self._start, self._pause, self._stop, self._cancel)

    def _on_pause_clicked(self) -> None:
        (self.resume_requested if self._state.is_held else self.pause_requested).emit()


class _PauseButton(QPushButton):
    """As wide with either text, or the buttons beside it would move when it is clicked."""

    @override
    def sizeHint(self) -> QSize:
        metrics, hint = self.fontMetrics(), super().sizeHint()
        widest = max(metrics.horizontalAdvance(text) for text in (_PAUSE, _RESUME))
        return QSize(hint.width() + widest - metrics.horizontalAdvance(self.text()), hint.height())
