"""Which positions and values a plot shows while nobody has zoomed. This module needs pyqtgraph's view."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from widgets.training.curves import RunCurves
from widgets.training.plot_settings import PlotSettings
from widgets.training.point_buffer import Values
from widgets.training.value_range import ROOM_AT_THE_END, shown_end, value_range

Span = tuple[float, float]
"""From, to."""
Ranges = tuple[Span, Span]
"""Positions from, to, and values from, to."""


class PlotRange:
    """Fits a view to the runs on show."""

    def __init__(self, view: Any) -> None:
        self._view = view
        self._most = 0.0

    def shown(self) -> Ranges:
        """What is on show; on a logarithmic axis, decimal logarithms."""
        (left, right), (bottom, top) = self._view.viewRange()
        return (left, right), (bottom, top)

    def end(self, runs: Sequence[RunCurves], settings: PlotSettings) -> float:
        """Where the position axis ends."""
        axis = settings.x_axis
        newest = max(run.end(axis) for run in runs)
        return shown_end(newest, _planned(runs, settings), axis, runs[-1].num_batches)

    def limit(self, runs: Sequence[RunCurves], settings: PlotSettings) -> None:
        """Keeps zooming and dragging within the runs, as far as they have come or are planned."""
        most = max(self.end(runs, settings), _planned(runs, settings) * ROOM_AT_THE_END)
        if most != self._most:
            self._most = most
            self._view.setLimits(xMin=0, xMax=most)

    def fit(
        self,
        runs: Sequence[RunCurves],
        settings: PlotSettings,
        values: Sequence[Values],
        positions: Span | None = None,
    ) -> None:
        """Shows all of the runs, or some positions of them.

        Args:
            runs: Those on show.
            settings: How they are shown.
            values: Of the lines that the value axis must hold.
            positions: Those to be shown; None for all.
        """
        values_span = value_range(values, is_log=settings.is_log, ignores_outliers=settings.ignores_outliers)
        wanted = positions or (0.0, self.end(runs, settings)), values_span
        if self.shown() != wanted:
            self.choose(wanted)

    def choose(self, ranges: Ranges) -> None:
        """Shows a range."""
        self._view.setRange(xRange=ranges[0], yRange=ranges[1], padding=0, disableAutoRange=True)


def _planned(runs: Sequence[RunCurves], settings: PlotSettings) -> float:
    return max(run.planned_end(settings) for run in runs)
