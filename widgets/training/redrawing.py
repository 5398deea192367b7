"""When the plots are drawn: at most some times a second, one after the other, and only what can be seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QWidget

if TYPE_CHECKING:
    from widgets.training.metric_plot import MetricPlot

REDRAW_INTERVAL_MS = 50
STEP_MS = 10
"""Between two plots. Qt gathers for some milliseconds what is to be painted, and paints it in one go."""


class Redrawing(QObject):
    """Draws plots by a timer when there is something new.

    Between two plots the event loop goes on, so that a click never waits for more than one of them.

    Args:
        holder: Nothing is drawn while it is hidden.
        plots: Those to be drawn.
        version: Changes when there is something new.
    """

    def __init__(
        self, holder: QWidget, plots: Callable[[], tuple[MetricPlot, ...]], version: Callable[[], object]
    ) -> None:
        super().__init__(holder)
        self._holder = holder
        self._plots = plots
        self._version = version
        self._drawn: object = None
        self._waiting: list[MetricPlot] = []
        self._timer = QTimer(self, singleShot=True, interval=REDRAW_INTERVAL_MS)
        self._timer.timeout.connect(self._on_timer_timeout)
        self._step_timer = QTimer(self, singleShot=True, interval=STEP_MS)
        self._step_timer.timeout.connect(self._draw_next)

    @property
    def is_due(self) -> bool:
        """Whether something will be drawn."""
        return self._timer.isActive() or self._step_timer.isActive()

    def schedule(self) -> None:
        """Draws soon, if there is anything new to be seen."""
        if not self.is_due and self._version() != self._drawn and self._holder.isVisible():
            self._timer.start()

    def forget(self) -> None:
        """Takes what is drawn for out of date, and draws soon."""
        self._drawn = None
        self.schedule()

    def stop(self) -> None:
        """Draws nothing more of what is waiting, as before its plots go."""
        self._timer.stop()
        self._step_timer.stop()
        self._waiting.clear()

    def _on_timer_timeout(self) -> None:
        if self._holder.isVisible():
            self._drawn = self._version()
            self._waiting = list(self._plots())
            self._draw_next()

    def _draw_next(self) -> None:
        while self._waiting:
            plot = self._waiting.pop(0)
            # What is scrolled out of sight is drawn when it comes into sight.
            if plot.draw_if_seen():
                break
        if self._waiting:
            self._step_timer.start()
        else:
            self.schedule()
