"""The live curves of runs, one plot for each metric."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QScrollArea, QStackedLayout, QVBoxLayout, QWidget
from typing_extensions import override

from editor.processes.run_messages import BatchEnded, EpochEnded, RunEnded, RunMarked, RunStarted
from widgets.theme import Theme, set_tone
from widgets.training.plot_bar import PlotBar
from widgets.training.plot_settings import PlotSettings
from widgets.training.redrawing import Redrawing
from widgets.training.run_legend import RunLegend
from widgets.training.warm_up import WarmUp

if TYPE_CHECKING:
    # Both are imported when the first run begins: numpy and pyqtgraph would delay the window by half a second.
    from widgets.training.curves import RunCurves
    from widgets.training.metric_plot import MetricPlot
    from widgets.training.shown_runs import ShownRuns

EMPTY_TEXT = "Start a run to see its curves here."

_DRAWING_MODULE = "widgets.training.metric_plot"


class RunPlots(QWidget):
    """Plots side by side: the loss and each metric, live; more than fit are scrolled to.

    Points are buffered, and drawn by a timer only when there are new ones and somebody can see them. The curves of
    all runs since the document was opened are kept, to be laid over those of the newest.

    Signals:
        export_requested: `csv`, `png` or `svg`.
    """

    export_requested = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("runPlots")
        self.setAccessibleName("Curves of the run")
        self.name_of: Callable[[int], str] | None = None
        """What a run of an id is called, if not by its number."""
        self._theme = theme
        self._runs: dict[int, RunCurves] = {}
        self._shown: ShownRuns | None = None
        self._overlaid: tuple[int, ...] = ()
        self._highlighted: int | None = None
        self._plots: tuple[MetricPlot, ...] = ()
        self._crosshair_at: float | None = None
        self.redrawing = Redrawing(self, lambda: self.plots, self._version)
        self.warm_up = WarmUp(lambda: importlib.import_module(_DRAWING_MODULE), self)
        self.bar = PlotBar(self)
        self.legend = RunLegend(theme, self)
        self._lay_out()
        self.bar.settings_changed.connect(self._apply_settings)
        self.bar.export_requested.connect(self.export_requested)
        theme.changed.connect(self._on_theme_changed)

    def _lay_out(self) -> None:
        self._empty = QLabel(EMPTY_TEXT, self)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setWordWrap(True)
        set_tone(self._empty, "secondary")
        self._page = QWidget(self)
        self._page.setObjectName("page")
        self._row = QHBoxLayout(self._page)
        self._row.setContentsMargins(12, 2, 12, 6)
        self._row.setSpacing(20)
        filled = QWidget(self)
        column = QVBoxLayout(filled)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.bar)
        column.addWidget(self.legend)
        column.addWidget(_scroll_area(self._page), 1)
        self._filled = filled
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self._empty)
        self._stack.addWidget(filled)
        shortcut = QShortcut(QKeySequence(Qt.Key.Key_A), self)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(self.reset_zoom)

    # -- a run ----------------------------------------------------------------------------------------------

    @property
    def curves(self) -> RunCurves | None:
        """The curves of the newest run."""
        return self._shown.newest if self._shown else None

    @property
    def shown(self) -> ShownRuns | None:
        """The runs on show; None before the first."""
        return self._shown

    @property
    def plots(self) -> tuple[MetricPlot, ...]:
        """The plots of the metrics that are on show, the loss first."""
        chosen = tuple(plot for plot in self._plots if self.bar.settings.shows(plot.metric_name))
        return chosen or self._plots

    def begin(self, run: RunStarted) -> None:
        """Starts empty curves; those of the runs before are kept."""
        from widgets.training.curves import RunCurves
        from widgets.training.shown_runs import ShownRuns

        curves = self._runs[run.run_id] = RunCurves(run)
        self._shown = ShownRuns(curves)
        if tuple(plot.metric_name for plot in self._plots) != run.metric_names:
            self._make_plots(run.metric_names)
        self.bar.set_metrics(run.metric_names)
        self._stack.setCurrentWidget(self._filled)
        self._show_shown()
        self.reset_zoom()

    def _version(self) -> tuple[int, int] | None:
        newest = self.curves
        return (newest.run_id, newest.version) if newest else None

    def add_batch(self, event: BatchEnded) -> None:
        """Keeps a point; one of another run is dropped."""
        if self._shown is not None:
            self._shown.newest.add_batch(event)
            self.redrawing.schedule()

    def add_epoch(self, event: EpochEnded) -> None:
        """Keeps the values of an epoch; those of another run are dropped."""
        if self._shown is not None:
            self._shown.newest.add_epoch(event)
            self.redrawing.schedule()

    def add_mark(self, event: RunMarked) -> None:
        """Keeps what happened; that of another run is dropped."""
        if self._shown is not None:
            self._shown.newest.add_mark(event)
            self.redrawing.schedule()

    def end(self, event: RunEnded) -> None:
        """Draws what is left to draw; the curves stay."""
        self.redrawing.schedule()

    def clear(self) -> None:
        """Forgets all runs and shows the empty state, as for another document."""
        self._runs.clear()
        self._shown = None
        self._overlaid, self._highlighted = (), None
        self._stack.setCurrentWidget(self._empty)

    # -- earlier runs ---------------------------------------------------------------------------------------

    def show_runs(self, run_ids: Iterable[int]) -> None:
        """Lays the curves of these runs over those of the newest, from position 0 on; unknown ids are passed over."""
        self._overlaid = tuple(dict.fromkeys(run_ids))
        self._show_shown()

    def set_highlighted(self, run_id: int | None) -> None:
        """Makes one of the runs on show stand out; None, or a run that is not on show, makes none."""
        self._highlighted = run_id
        self._show_shown()

    def _show_shown(self) -> None:
        if self._shown is None:
            return
        from widgets.training.shown_runs import ShownRuns, plain_name

        newest = self._shown.newest
        others = tuple(
            run for run_id in self._overlaid if (run := self._runs.get(run_id)) is not None and run is not newest
        )
        on_show = {run.run_id for run in (*others, newest)}
        highlighted = self._highlighted if self._highlighted in on_show else None
        self._shown = ShownRuns(newest, others, highlighted, self.name_of or plain_name)
        self.legend.show_runs(self._shown)
        for plot in self._plots:
            plot.show_runs(self._shown)
        self._show_crosshair(None)
        self.redrawing.forget()

    # -- settings -------------------------------------------------------------------------------------------

    @property
    def settings(self) -> PlotSettings:
        """How the curves are shown."""
        return self.bar.settings

    def apply_settings(self, settings: PlotSettings) -> None:
        """Shows the curves as was chosen before."""
        self.bar.set_settings(settings)
        self._apply_settings()

    def reset_zoom(self) -> None:
        """Shows the whole of all runs in every plot."""
        for plot in self._plots:
            plot.reset_zoom()

    def _apply_settings(self) -> None:
        settings = self.bar.settings
        for plot in self._plots:
            plot.apply_settings(settings)
            plot.setVisible(plot in self.plots)
        self._show_crosshair(None)
        self.redrawing.forget()

    # -- the plots ------------------------------------------------------------------------------------------

    def _make_plots(self, metrics: tuple[str, ...]) -> None:
        from widgets.training.metric_plot import MetricPlot

        self.redrawing.stop()
        for old in self._plots:
            self._row.removeWidget(old)
            old.hide()
            old.deleteLater()
        self._plots = tuple(MetricPlot(metric, self._theme, self._page) for metric in metrics)
        for plot in self._plots:
            self._row.addWidget(plot, 1)
            plot.pointed.connect(self._on_plot_pointed)
            plot.stepped.connect(self._on_plot_stepped)
            plot.positions_chosen.connect(self._on_positions_chosen)
            plot.reset_requested.connect(self.reset_zoom)
            plot.apply_settings(self.bar.settings)
            plot.setVisible(plot in self.plots)

    def _on_theme_changed(self) -> None:
        for plot in self._plots:
            plot.apply_theme()
        self.legend.update()
        self._show_crosshair(None)
        self.redrawing.forget()

    def _on_positions_chosen(self, positions: tuple[float, float]) -> None:
        """All plots stand side by side over the same positions; the values are each plot's own."""
        for plot in self._plots:
            if plot is not self.sender():
                plot.canvas.follow(positions)
        self.redrawing.forget()

    # -- the crosshair, in all plots at once ------------------------------------------------------------------

    def _on_plot_pointed(self, x: float | None) -> None:
        self._point_at(x, 0)

    def _on_plot_stepped(self, step: int) -> None:
        if self._crosshair_at is not None:
            self._point_at(self._crosshair_at, step)
        elif self._shown is not None:
            self._point_at(self._shown.newest.end(self.bar.settings.x_axis), 0)

    def _point_at(self, x: float | None, step: int) -> None:
        if x is None or self._shown is None:
            self._show_crosshair(None)
            return
        from widgets.training.readings import snapped

        self._show_crosshair(snapped(self._shown, self.bar.settings, x, step))

    def _show_crosshair(self, x: float | None) -> None:
        if x is not None or self._crosshair_at is not None:
            self._crosshair_at = x
            for plot in self.plots:
                plot.show_crosshair(x)

    # -- life -----------------------------------------------------------------------------------------------

    @override
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.warm_up.begin()
        self.redrawing.schedule()

    @override
    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._on_theme_changed()
        return super().event(event)

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._on_theme_changed()


def _scroll_area(page: QWidget) -> QScrollArea:
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(page)
    return area
