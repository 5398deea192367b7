"""The live curves of a run, one plot for each metric."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, QTimer
from PySide6.QtGui import QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from editor.processes.run_messages import BatchEnded, EpochEnded, RunEnded, RunStarted
from widgets.theme import Theme, set_tone

if TYPE_CHECKING:
    # Both are imported when the first run begins: numpy and pyqtgraph would delay the window by half a second.
    from widgets.training.curves import RunCurves
    from widgets.training.metric_plot import MetricPlot

WARM_UP_DELAY_MS = 300
"""From the first showing to the import of what draws; the first painting of the window comes before."""
PUT_OFF_MS = 2000
"""The same while a person waits for a file."""
REDRAW_INTERVAL_MS = 50
EMPTY_TEXT = "Start a run to see its curves here."

_DRAWING_MODULE = "widgets.training.metric_plot"


class RunPlots(QWidget):
    """Plots side by side: the loss and each metric, live; more than fit are scrolled to.

    Points are buffered, and drawn by a timer only when there are new ones and somebody can see them.
    """

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("runPlots")
        self.setAccessibleName("Curves of the run")
        self._theme = theme
        self._curves: RunCurves | None = None
        self._plots: tuple[MetricPlot, ...] = ()
        self._drawn_version = -1
        self._has_warmed_up = False
        self._warm_up_timer = QTimer(self, singleShot=True, interval=WARM_UP_DELAY_MS)
        self._warm_up_timer.timeout.connect(self._warm_up)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(REDRAW_INTERVAL_MS)
        self._timer.timeout.connect(self._on_timer_timeout)
        self._lay_out()
        theme.changed.connect(self._on_theme_changed)

    def _lay_out(self) -> None:
        self._empty = QLabel(EMPTY_TEXT, self)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setWordWrap(True)
        set_tone(self._empty, "secondary")
        self._page = QWidget(self)
        self._page.setObjectName("page")
        self._row = QHBoxLayout(self._page)
        self._row.setContentsMargins(12, 8, 12, 6)
        self._row.setSpacing(20)
        area = QScrollArea(self)
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(self._page)
        self._area = area
        self._stack = QStackedLayout()
        self._stack.addWidget(self._empty)
        self._stack.addWidget(area)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addLayout(self._stack)
        shortcut = QShortcut(QKeySequence(Qt.Key.Key_A), self)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(self.reset_zoom)

    # -- a run ----------------------------------------------------------------------------------------------

    @property
    def curves(self) -> RunCurves | None:
        """The curves on show."""
        return self._curves

    @property
    def plots(self) -> tuple[MetricPlot, ...]:
        """The plots on show, the loss first."""
        return self._plots

    def begin(self, run: RunStarted) -> None:
        """Starts empty curves; those of the run before go."""
        from widgets.training.curves import RunCurves

        self._curves = RunCurves(run)
        if tuple(plot.metric_name for plot in self._plots) != run.metric_names:
            self._make_plots(run.metric_names)
        for plot in self._plots:
            plot.show_run(self._curves)
        self._drawn_version = self._curves.version
        self._stack.setCurrentWidget(self._area)

    def add_batch(self, event: BatchEnded) -> None:
        """Keeps a point; one of another run is dropped."""
        if self._curves is not None:
            self._curves.add_batch(event)
            self._schedule()

    def add_epoch(self, event: EpochEnded) -> None:
        """Keeps the values of an epoch; those of another run are dropped."""
        if self._curves is not None:
            self._curves.add_epoch(event)
            self._schedule()

    def end(self, event: RunEnded) -> None:
        """Draws what is left to draw; the curves stay."""
        if self._curves is not None and event.run_id == self._curves.run_id:
            self._schedule()

    def clear(self) -> None:
        """Shows the empty state, as for another document."""
        self._curves = None
        self._stack.setCurrentWidget(self._empty)

    def reset_zoom(self) -> None:
        """Shows the whole run in every plot."""
        for plot in self._plots:
            plot.reset_zoom()

    def _make_plots(self, metrics: tuple[str, ...]) -> None:
        from widgets.training.metric_plot import MetricPlot

        for old in self._plots:
            self._row.removeWidget(old)
            old.hide()
            old.deleteLater()
        self._plots = tuple(MetricPlot(metric, self._theme, self._page) for metric in metrics)
        for plot in self._plots:
            self._row.addWidget(plot, 1)

    # -- drawing --------------------------------------------------------------------------------------------

    def _schedule(self) -> None:
        if not self._timer.isActive() and self._is_stale() and self.isVisible():
            self._timer.start()

    def _is_stale(self) -> bool:
        return self._curves is not None and self._curves.version != self._drawn_version

    def _on_timer_timeout(self) -> None:
        if self._curves is None or not self._is_stale() or not self.isVisible():
            return
        self._drawn_version = self._curves.version
        for plot in self._plots:
            plot.redraw()

    def _on_theme_changed(self) -> None:
        for plot in self._plots:
            plot.apply_theme()

    # -- the slow import ------------------------------------------------------------------------------------

    def put_off_warm_up(self) -> None:
        """Lets what a person waits for come before the slow import, which takes half a second."""
        if self._warm_up_timer.isActive():
            self._warm_up_timer.start(PUT_OFF_MS)

    def _warm_up(self) -> None:
        """Imports pyqtgraph when the window has been painted, so that neither that nor the first run waits for it.

        On the GUI thread: it makes Qt types known to Python as it goes, which two threads must not do at once.
        """
        importlib.import_module(_DRAWING_MODULE)

    @override
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._has_warmed_up:
            self._has_warmed_up = True
            self._warm_up_timer.start()
        self._schedule()

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._on_theme_changed()
