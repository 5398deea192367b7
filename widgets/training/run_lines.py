"""The lines of one run in one plot. This module imports pyqtgraph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtGui import QColor

from widgets.training.curves import Line, MetricCurves, RunCurves
from widgets.training.plot_settings import PlotSettings, Resolution
from widgets.training.point_buffer import Values

RAW_ALPHA = 90
"""Opacity of the raw line, 0 to 255."""
FAINT_ALPHA = 110
"""Opacity of a run while another one is highlighted."""

_DASHES = [5, 3]
_MANY_FOR_EACH_PIXEL = 1.5
"""From here on a raw line is a band, to which smooth edges add nothing but time."""

_MANY_WIDE = 200
"""From here on a line wider than a pixel is painted in pieces, which Qt does ten times as fast, but not smoothly."""
_NAMES = ("raw", "validation_raw", "smooth", "validation")

Points = tuple[Values, Values]


@dataclass(frozen=True, slots=True)
class Frame:
    """What part of the lines is drawn, and how.

    Attributes:
        shown: Positions from, to.
        num_pixels: Width of the plot.
    """

    settings: PlotSettings
    shown: tuple[float, float]
    num_pixels: int

    def points(self, line: Line, smoothing: float) -> Points:
        """The points of a line as they are drawn: on a logarithmic axis, with the logarithms of the values."""
        x, y = line.sampled(self.settings.x_axis, self.shown, self.num_pixels, smoothing=smoothing)
        return x, self.drawn_value(y) if self.settings.is_log else y

    def drawn_value(self, values: Values) -> Values:
        """Values as they stand on the value axis; NaN where they have no logarithm."""
        if not self.settings.is_log:
            return values
        with np.errstate(divide="ignore", invalid="ignore"):
            logarithms: Values = np.log10(values)
        logarithms[~np.isfinite(logarithms)] = np.nan
        return logarithms


class RunLines:
    """The raw and the smoothed training line and the validation line.

    Of single batches only the training line is smoothed; where each point is an epoch, both lines are.
    """

    def __init__(self, item: Any) -> None:
        self._item = item
        self._raw, self._validation_raw, self._smooth, self._validation = (_line(item) for _ in range(4))
        self._lines = (self._raw, self._validation_raw, self._smooth, self._validation)
        self._is_wide = self._is_for_picture = False
        self._drawn: tuple[object, list[Points]] = None, []

    def draw(self, run: RunCurves, metric: str, frame: Frame, *, with_raw: bool) -> list[Points]:
        """Draws the points of now; returns those of all lines, the ones that the axis must hold first."""
        wanted = run.version, frame, with_raw
        if wanted != self._drawn[0]:
            self._drawn = wanted, self._draw(run[metric], frame, with_raw=with_raw)
        return self._drawn[1]

    def _draw(self, curves: MetricCurves, frame: Frame, *, with_raw: bool) -> list[Points]:
        settings = frame.settings
        training = curves.training(settings.resolution)
        smoothing = settings.smoothing
        late_smoothing = smoothing if settings.resolution is Resolution.EPOCH else 0.0
        main = [frame.points(training, smoothing), frame.points(curves.validation, late_smoothing)]
        raw = [
            frame.points(line, 0.0) if with_raw and amount else _NO_POINTS
            for line, amount in ((training, smoothing), (curves.validation, late_smoothing))
        ]
        for line, points in zip(self._lines, (*raw, *main), strict=True):
            _set_points(line, points)
        self._raw.opts["antialias"] = len(raw[0][0]) < _MANY_FOR_EACH_PIXEL * frame.num_pixels
        self._smooth.opts["antialias"] = self._is_for_picture or len(main[0][0]) < _MANY_WIDE or not self._is_wide
        return [*main, *raw]

    def paint(
        self, training: QColor, validation: QColor, *, alpha: int, width: float, is_for_picture: bool = False
    ) -> None:
        """Takes colours, the opacity of both lines and their width in pixels; a picture may take its time."""
        self._is_wide, self._is_for_picture = width > 1, is_for_picture
        self._drawn = None, []
        raw_width = width if is_for_picture else 1
        self._smooth.setPen(pg.mkPen(_with_alpha(training, alpha), width=width))
        self._validation.setPen(pg.mkPen(_with_alpha(validation, alpha), width=width, dash=_DASHES))
        self._raw.setPen(pg.mkPen(_with_alpha(training, RAW_ALPHA), width=raw_width))
        self._validation_raw.setPen(pg.mkPen(_with_alpha(validation, RAW_ALPHA), width=raw_width))

    def set_z_value(self, z_value: float) -> None:
        """Puts the lines above those with a lower number."""
        for line in self._lines:
            line.setZValue(z_value)

    def drawn(self) -> dict[str, Values]:
        """The values of each line that were given to be drawn, by its name."""
        return {name: self.points(name)[1] for name in _NAMES}

    def points(self, name: str) -> Points:
        """What is drawn of a line: `raw`, `validation_raw`, `smooth` or `validation`."""
        x, y = self._lines[_NAMES.index(name)].getData()
        return x, y

    def colours(self) -> tuple[str, str]:
        """The colours of the training and the validation line."""
        return self._smooth.opts["pen"].color().name(), self._validation.opts["pen"].color().name()

    def remove(self) -> None:
        """Takes the lines out of the plot."""
        for line in self._lines:
            self._item.removeItem(line)


_NO_POINTS: Points = (np.empty(0), np.empty(0))


def _line(item: Any) -> Any:
    line = pg.PlotCurveItem(antialias=True)
    item.addItem(line, ignoreBounds=True)
    return line


def _set_points(line: Any, points: Points) -> None:
    """Leaves gaps where values are not finite; where all are, the search for gaps is saved."""
    x, y = points
    is_whole = bool(np.isfinite(y).all())
    line.setData(x, y, connect="all" if is_whole else "finite", skipFiniteCheck=is_whole)


def _with_alpha(colour: QColor, alpha: int) -> QColor:
    changed = QColor(colour)
    changed.setAlpha(alpha)
    return changed
