"""How far a run is, how long it will take, and the proof at its end: the status line's part."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QSizePolicy, QWidget

from editor.processes.run_messages import BatchEnded, EpochEnded, RunEnded, RunPreparing, RunStarted
from editor.training.settings import Proof
from editor.wording import counted
from widgets.theme import set_tone
from widgets.training.proof_words import proof_line, proof_tip
from widgets.training.run_state import RunState
from widgets.training.time_left import TimeLeft, batch_time_text, clock_text
from widgets.training.wording import metrics_text

_KEPT = {"last": "weights", "best": "weights of the best epoch"}

BAR_WIDTH = 220
BAR_HEIGHT = 6


class RunProgress(QWidget):
    """A slim bar by batch, a line of words, and at the right what the comparison of the weights found.

    Args:
        clock: Monotonic seconds; tests pass their own.

    Signals:
        details_requested: More is wanted about what moved.
    """

    details_requested = Signal()

    def __init__(self, parent: QWidget | None = None, *, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(parent)
        self.setObjectName("runProgress")
        self._clock = clock
        self._run: RunStarted | None = None
        self._time_left: TimeLeft | None = None
        self._proof: Proof | None = None
        self._num_epochs_done = 0
        self._state = RunState.IDLE
        self._is_awaited = False
        self._place = ""
        self._bar = _slim_bar(self)
        self._text = _label(self, "runProgressText", "Progress of the run")
        self._text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._proof_text = _label(self, "proofText", "Frozen weights after the run")
        self._details = QPushButton("Details", self)
        self._details.setObjectName("proofDetailsButton")
        self._details.setAccessibleName("Details of what moved")
        set_tone(self._details, "link")
        self._details.hide()
        self._details.clicked.connect(lambda: self.details_requested.emit())
        self._lay_out()

    def _lay_out(self) -> None:
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(16)
        layout.addWidget(self._bar)
        layout.addWidget(self._text, 1)
        layout.addWidget(self._proof_text)
        layout.addWidget(self._details)

    def begin(self, run: RunStarted) -> None:
        """Shows the start of a run; the proof of the one before goes."""
        self._run = run
        self._is_awaited = False
        self._time_left = TimeLeft(self._clock, run.num_epochs, run.num_batches)
        self._num_epochs_done = 0
        self.show_proof(None)
        self._bar.setRange(0, max(1, run.num_epochs * run.num_batches))
        self._bar.setValue(0)
        self._bar.show()
        self._show_place(f"Epoch 1 of {run.num_epochs} · preparing the first batch", *self._device)

    def add_batch(self, event: BatchEnded) -> None:
        """Moves the bar and counts down."""
        if self._run is None or self._time_left is None or event.run_id != self._run.run_id:
            return
        self._time_left.batch_ended(event.epoch, event.batch)
        self._bar.setValue(event.epoch * self._run.num_batches + event.batch + 1)
        place = (
            f"Epoch {event.epoch + 1} of {self._run.num_epochs} · batch {event.batch + 1} of {self._run.num_batches}"
        )
        self._show_place(place, *self._times)

    def add_epoch(self, event: EpochEnded) -> None:
        """Fills the bar to the epoch's end."""
        if self._run is None or self._time_left is None or event.run_id != self._run.run_id:
            return
        self._time_left.epoch_ended(event.epoch)
        self._num_epochs_done = event.epoch + 1
        self._bar.setValue(self._num_epochs_done * self._run.num_batches)
        is_last = self._num_epochs_done == self._run.num_epochs
        rest = ["comparing the weights"] if is_last else self._times
        self._show_place(f"Epoch {self._num_epochs_done} of {self._run.num_epochs} done", *rest)

    def end(self, event: RunEnded) -> None:
        """Says how the run ended and shows its proof."""
        if self._run is None or self._time_left is None or event.run_id != self._run.run_id:
            return
        tested = f" · Test: {metrics_text(event.test_metrics)}" if event.test_metrics else ""
        self._text.setText(f"{self._ending(event, clock_text(self._time_left.elapsed))}{tested}")
        self._bar.hide()
        self.show_proof(event.proof)
        self._run = None

    def show_preparing(self, event: RunPreparing) -> None:
        """Says how far the data are read."""
        amount = f" · {event.done:,} of {event.total:,}" if event.total else ""
        self._show_place(f"{event.doing}{amount}")

    def show_state(self, state: RunState) -> None:
        """Says at once what was asked for, before the engine has done it; a run that is held takes no time."""
        self._state = state
        if state is RunState.STARTING:
            self._is_awaited = True
            self.show_proof(None)
        if self._is_awaited:
            # No batch yet, and perhaps never one.
            self._text.setText(state.text)
            self._is_awaited = state.is_active
        elif self._time_left is not None and state.is_active:
            if state is RunState.PAUSED:
                self._time_left.hold()
            elif state is not RunState.RESUMING:
                self._time_left.go_on()
            self._show_place(self._place)

    def show_weights(self, text: str) -> None:
        """Says which weights the model has, in the place of how the last run ended; to be called while none is."""
        self._text.setText(text)

    def clear(self) -> None:
        """Shows nothing, as for another document."""
        self._run = None
        self._bar.hide()
        self._text.clear()
        self.show_proof(None)

    def show_proof(self, proof: Proof | None, num_statistics: int = 0) -> None:
        """Shows what the comparison before and after the run found; None shows nothing.

        Args:
            proof: What was found.
            num_statistics: How many statistics moved.
        """
        self._proof = proof
        moved = f" · {counted(num_statistics, 'statistic')} moved" if num_statistics else ""
        self._proof_text.setText(f"{proof_line(proof)}{moved}" if proof else "")
        self._details.setVisible(proof is not None)
        self._proof_text.setToolTip(proof_tip(proof) if proof else "")
        self._proof_text.setVisible(bool(self._proof_text.text()))
        is_kept = proof is None or proof.is_kept
        set_tone(self._proof_text, "success" if is_kept else "error")

    @property
    def proof(self) -> Proof | None:
        """What the comparison found; None before the first run's end."""
        return self._proof

    @property
    def proof_text(self) -> str:
        """What the comparison found, in words; empty before the first run's end."""
        return self._proof_text.text()

    def _show_place(self, place: str, *rest: str) -> None:
        """Says where the run is, unless it is held or about to end: then that comes first."""
        self._place = place
        is_plain = self._state in (RunState.IDLE, RunState.RUNNING, RunState.STARTING)
        before = () if is_plain else (self._state.text,)
        self._text.setText(" · ".join((*before, place, *(rest if is_plain else ()))))

    def _ending(self, event: RunEnded, duration: str) -> str:
        if event.outcome == "finished":
            return f"Finished: {counted(self._num_epochs_done, 'epoch')} in {duration}"
        if event.outcome == "stopped":
            return f"Stopped after {duration}; the {_KEPT[event.kept]} are kept"
        if event.outcome == "cancelled":
            return f"Cancelled after {duration}; the weights are as they were before"
        return f"Failed: {event.problem.summary}" if event.problem else "Failed"

    @property
    def _device(self) -> list[str]:
        return [self._run.device] if self._run and self._run.device else []

    @property
    def _times(self) -> list[str]:
        """What is left, the device, and the time of a batch, as far as they are known."""
        if self._time_left is None:
            return []
        left, per_batch = self._time_left.seconds_left, self._time_left.seconds_per_batch
        if left is None or per_batch is None:
            return self._device
        return [f"{clock_text(left)} left", *self._device, batch_time_text(per_batch)]


def _slim_bar(parent: QWidget) -> QProgressBar:
    bar = QProgressBar(parent)
    bar.setObjectName("runProgressBar")
    bar.setAccessibleName("Progress of the run")
    bar.setTextVisible(False)
    bar.setFixedSize(BAR_WIDTH, BAR_HEIGHT)
    bar.hide()
    return bar


def _label(parent: QWidget, name: str, accessible_name: str) -> QLabel:
    label = QLabel(parent)
    label.setObjectName(name)
    label.setAccessibleName(accessible_name)
    label.setTextFormat(Qt.TextFormat.PlainText)
    set_tone(label, "secondary")
    return label
