"""The lines of one metric with axes, marks and crosshair. This module imports pyqtgraph."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Signal
from PySide6.QtGui import QColor, QResizeEvent
from PySide6.QtWidgets import QWidget
from typing_extensions import override

from widgets.theme import Theme, number_font
from widgets.training.best_mark import BestMark, Obstacles
from widgets.training.crosshair import Crosshair, Row
from widgets.training.curves import RunCurves
from widgets.training.fonts import smaller_font
from widgets.training.mark_lines import MarkLines
from widgets.training.plot_axes import MarkLane, PositionAxis, ValueAxis
from widgets.training.plot_range import PlotRange, Ranges, Span
from widgets.training.plot_settings import PlotSettings
from widgets.training.readings import Reading, position_text, readings
from widgets.training.run_colours import run_colour
from widgets.training.run_lines import FAINT_ALPHA, Frame, Points, RunLines
from widgets.training.run_marks import labels
from widgets.training.shown_runs import ShownRuns

_BELOW_LINES = -200
"""The grid is part of an axis, and axes are above the view by default: it would cross out lines and labels."""
_STRONG_Z, _NEWEST_Z = 3, 2
_ZOOM_STEP = 0.8
_NEAR_MARK = 5.0
"""Pixels from a mark at which the read-out tells of it."""


class PlotCanvas(pg.PlotWidget):  # type: ignore[misc]  # pyqtgraph has no types
    """Draws what the runs on show have of a metric when it is asked to; zoomed by wheel and drag.

    Signals:
        zoom_changed: Whether the positions on show were chosen by hand now, here or in another plot.
        positions_chosen: Carries the positions, from, to, that were just chosen by hand here.
    """

    zoom_changed = Signal(bool)
    positions_chosen = Signal(object)

    def __init__(self, metric: str, theme: Theme, parent: QWidget | None = None) -> None:
        self._value_axis, self._position_axis, self._lane = ValueAxis(), PositionAxis(), MarkLane()
        axes = {"left": self._value_axis, "bottom": self._position_axis, "top": self._lane}
        super().__init__(parent, axisItems=axes, enableMenu=False)
        self.metric_name = metric
        self._theme = theme
        self._shown: ShownRuns | None = None
        self._settings = PlotSettings()
        self._lines: dict[int, RunLines] = {}
        self._is_zoomed = False
        self._followed: Span | None = None
        self._pixel_ratio = 0.0
        self._add_items()
        self.setMinimumSize(240, 80)
        self._view.sigRangeChangedManually.connect(self._on_view_range_changed_manually)
        self._view.sigRangeChanged.connect(self._on_view_range_changed)
        self.apply_theme()

    def _add_items(self) -> None:
        item = self._item = self.getPlotItem()
        item.hideButtons()
        item.layout.setContentsMargins(0, 4, 8, 0)
        item.layout.setVerticalSpacing(0)
        self._value_axis.setZValue(_BELOW_LINES)
        self._view = item.getViewBox()
        self._view.setDefaultPadding(0.0)
        self._range = PlotRange(self._view)
        self._marks = MarkLines(item)
        self._best = BestMark(item)
        self._crosshair = Crosshair(item)

    # -- what is shown --------------------------------------------------------------------------------------

    @property
    def is_zoomed(self) -> bool:
        """Whether the positions on show were chosen by hand, here or in another plot."""
        return self._is_zoomed or self._followed is not None

    @property
    def best(self) -> BestMark:
        """The mark of the best point."""
        return self._best

    @property
    def marks(self) -> MarkLines:
        """Phases and the lines of marks."""
        return self._marks

    @property
    def lane(self) -> MarkLane:
        """The labels of marks."""
        return self._lane

    def lines_of(self, run_id: int) -> RunLines:
        """What is drawn of a run."""
        return self._lines[run_id]

    def view_range(self) -> Ranges:
        """The positions and the values on show, each from, to; on a logarithmic axis decimal logarithms."""
        return self._range.shown()

    def show_runs(self, shown: ShownRuns) -> None:
        """Shows these runs from now on; to be drawn by `redraw`."""
        self._shown = shown
        runs = {run.run_id: run for run in shown.with_metric(self.metric_name)}
        for run_id in [known for known in self._lines if known not in runs]:
            self._lines.pop(run_id).remove()
        for run_id in runs:
            if run_id not in self._lines:
                self._lines[run_id] = RunLines(self._item)
        self._paint_lines()

    def apply_settings(self, settings: PlotSettings) -> None:
        """Shows the lines in another way from now on; to be drawn by `redraw`."""
        before, self._settings = self._settings, settings
        self._value_axis.show_logarithms(settings.is_log)
        self._position_axis.show_kind(settings.x_axis)
        if (before.x_axis, before.is_log) != (settings.x_axis, settings.is_log):
            self._set_zoom(is_zoomed=False)

    def redraw(self) -> None:
        """Draws what the buffers hold now; the range follows unless it was chosen by hand."""
        shown = self._shown
        if shown is None or not self._lines:
            return
        runs = shown.with_metric(self.metric_name)
        drawn = self._draw_lines(shown, self._frame(shown))
        self._range.limit(runs, self._settings)
        if not self._is_zoomed:
            self._range.fit(runs, self._settings, [y for main, _ in drawn for _, y in main], self._followed)
        self._draw_marks(shown, [points for parts in drawn for part in parts for points in part])

    def draw_for_picture(self, ranges: Ranges | None, pixel_ratio: float) -> None:
        """Draws in the size of now, with a range that was chosen by hand if there is one."""
        self._pixel_ratio = pixel_ratio
        self.apply_theme()
        self._item.layout.activate()
        self.redraw()
        if ranges is not None:
            self._is_zoomed = True
            self._range.choose(ranges)
        # The numbers of the axes are known now, and with them the room for the lines.
        self.grab()
        self.redraw()

    def reset_zoom(self) -> None:
        """Shows all of the runs again; to be drawn by `redraw`."""
        self._set_zoom(is_zoomed=False)

    def follow(self, positions: Span) -> None:
        """Shows the positions that were chosen in another plot, with values of its own; to be drawn by `redraw`."""
        self._set_zoom(is_zoomed=self._is_zoomed, followed=positions)
        self._range.choose((positions, self.view_range()[1]))

    def zoom_by_key(self, *, is_closer: bool) -> None:
        """Zooms round the crosshair, or else round the middle."""
        self._view.scaleBy([_ZOOM_STEP if is_closer else 1 / _ZOOM_STEP] * 2)
        self._on_view_range_changed_manually(None)

    def _frame(self, shown: ShownRuns) -> Frame:
        runs = shown.with_metric(self.metric_name)
        at = self.view_range()[0] if self.is_zoomed else (0.0, self._range.end(runs, self._settings))
        return Frame(self._settings, at, max(1, int(self._view.width())))

    def _draw_lines(self, shown: ShownRuns, frame: Frame) -> list[tuple[list[Points], list[Points]]]:
        """The points of each run: those that the axis must hold, and the raw ones."""
        found = []
        for run in shown.with_metric(self.metric_name):
            with_raw = (run is shown.newest and not shown.is_faint(run)) or shown.is_strong(run)
            points = self._lines[run.run_id].draw(run, self.metric_name, frame, with_raw=with_raw)
            found.append((points[:2], points[2:]))
        return found

    def _draw_marks(self, shown: ShownRuns, drawn: list[Points]) -> None:
        axis = self._settings.x_axis
        run = self._marked_run(shown)
        ranges = self.view_range()
        self._lane.show_labels(labels(run.marks, axis))
        self._marks.show(run.marks, axis, ranges)
        best = run[self.metric_name].best if self.metric_name in run else None
        if best is None:
            self._best.hide()
            return
        obstacles = Obstacles(
            ranges,
            (max(1.0, self._view.width()), max(1.0, self._view.height())),
            lines=drawn,
            marks=[mark.along(axis) for mark in run.marks if mark.has_line],
            levels=self._value_axis.levels(),
        )
        x = float(run.epochs.along(axis)[best.index])
        colour = self._colours(run.run_id, is_newest=run is shown.newest)[run.has_validation]
        self._best.show((x, self._drawn_value(best.value)), best.value, colour, obstacles)

    def _marked_run(self, shown: ShownRuns) -> RunCurves:
        """The run whose marks are shown: those of several could not be told apart."""
        runs = shown.with_metric(self.metric_name)
        return next((run for run in runs if shown.is_strong(run)), runs[-1])

    def _drawn_value(self, value: float) -> float:
        frame = Frame(self._settings, (0.0, 1.0), 1)
        return float(frame.drawn_value(np.array([value]))[0])

    # -- the crosshair --------------------------------------------------------------------------------------

    def position_at(self, place: QPointF) -> float | None:
        """The position under a place of the viewport; None where that is outside the plot."""
        scene = self.mapToScene(place.toPoint())
        if self._shown is None or not self._view.sceneBoundingRect().contains(scene):
            return None
        return float(self._view.mapSceneToView(scene).x())

    def show_crosshair(self, x: float) -> None:
        """Shows the values of all lines at a position."""
        if self._shown is None or not self._lines:
            return
        found = readings(self._shown, self.metric_name, self._settings, x)
        rows = [Row(position_text(x, self._settings.x_axis)), *(self._row(reading) for reading in found)]
        near = _NEAR_MARK * self._view.viewPixelSize()[0]
        rows += [Row(label.text) for label, _ in self._lane.spots() if abs(label.x - x) <= near]
        self._crosshair.show(x, rows)

    def hide_crosshair(self) -> None:
        """Takes the crosshair away."""
        self._crosshair.hide()

    def crosshair_text(self) -> str:
        """The read-out of the crosshair; empty where there is none."""
        return self._crosshair.text()

    def crosshair_box(self) -> QRectF:
        """The room of the read-out on the scene."""
        return self._crosshair.box()

    def _row(self, reading: Reading) -> Row:
        assert self._shown
        is_newest = reading.run_id == self._shown.newest.run_id
        colours = self._colours(reading.run_id, is_newest=is_newest)
        text = (
            f"{self._shown.name_of(reading.run_id)} {reading.text}"
            if self._shown.others
            else reading.text + reading.raw_text
        )
        y = self._drawn_value(reading.value)
        return Row(
            text,
            colours[reading.is_validation].name(),
            (reading.x, y) if np.isfinite(y) else None,
            reading.is_validation,
        )

    # -- the theme ------------------------------------------------------------------------------------------

    def apply_theme(self) -> None:
        """Takes the colours of the theme and the face of the window."""
        colour = self._theme.colour
        self.setBackground(colour("pane"))
        small = number_font(smaller_font(self.font()))
        for axis in (self._value_axis, self._position_axis, self._lane):
            axis.setTickFont(small)
            axis.setPen(pg.mkPen(None))
            axis.setTickPen(pg.mkPen(colour("line")))
            axis.setTextPen(pg.mkPen(colour("secondary")))
        self._lane.set_colours(colour("secondary"), colour("error"))
        self._marks.paint(self._theme, self._line_width)
        self._best.paint(colour("secondary"), small)
        self._crosshair.paint(self._theme, small)
        self._paint_lines()

    def _paint_lines(self) -> None:
        if self._shown is None:
            return
        for run in self._shown.with_metric(self.metric_name):
            is_newest = run is self._shown.newest
            is_strong = self._shown.is_strong(run)
            lines = self._lines[run.run_id]
            lines.set_z_value(_STRONG_Z if is_strong else _NEWEST_Z if is_newest else 1)
            lines.paint(
                *self._colours(run.run_id, is_newest=is_newest),
                alpha=FAINT_ALPHA if self._shown.is_faint(run) else 255,
                width=self._line_width * (2 if is_strong else 1),
                is_for_picture=self._pixel_ratio > 0,
            )

    @property
    def _line_width(self) -> float:
        """Of lines, in pixels of the screen: pens here are not scaled with it, and would be hairs on a dense one."""
        return max(1.0, self._pixel_ratio or self.devicePixelRatioF())

    def _colours(self, run_id: int, *, is_newest: bool) -> tuple[QColor, QColor]:
        """Of the training and of the validation line."""
        training = run_colour(run_id, self._theme, is_newest=is_newest)
        return training, self._theme.colour("validation") if is_newest else training

    # -- the mouse ------------------------------------------------------------------------------------------

    def _set_zoom(self, *, is_zoomed: bool, followed: Span | None = None) -> None:
        before = self.is_zoomed
        self._is_zoomed, self._followed = is_zoomed, followed
        if self.is_zoomed != before:
            self.zoom_changed.emit(self.is_zoomed)

    def _on_view_range_changed_manually(self, _: object) -> None:
        self._set_zoom(is_zoomed=True)
        self.redraw()
        self.positions_chosen.emit(self.view_range()[0])

    def _on_view_range_changed(self) -> None:
        self._crosshair.place_again()

    @override
    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        # pyqtgraph calls this while it makes the view itself.
        if getattr(self, "_shown", None) is not None:
            self.redraw()
