"""The lines of one run in one plot. This module imports pyqtgraph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtGui import QColor

from widgets.training.curves import Line, MetricCurves
from widgets.training.plot_settings import PlotSettings, Resolution
from widgets.training.point_buffer import Values

RAW_ALPHA = 90
"""Opacity of the raw line, 0 to 255."""
FAINT_ALPHA = 110
"""Opacity of a run while another one is highlighted."""

_DASHES = [5, 3]
_MANY_FOR_EACH_PIXEL = 1.5
"""From here on a raw line is a band, to which smooth edges add nothing but time."""

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

    def draw(self, curves: MetricCurves, frame: Frame, *, with_raw: bool) -> list[Points]:
        """Draws the points of now; returns those of all lines, the ones that the axis must hold first."""
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
        return [*main, *raw]

    def paint(self, training: QColor, validation: QColor, *, is_faint: bool, is_strong: bool) -> None:
        """Takes colours."""
        width = 2 if is_strong else 1
        alpha = FAINT_ALPHA if is_faint else 255
        self._smooth.setPen(pg.mkPen(_with_alpha(training, alpha), width=width))
        self._validation.setPen(pg.mkPen(_with_alpha(validation, alpha), width=width, dash=_DASHES))
        self._raw.setPen(pg.mkPen(_with_alpha(training, RAW_ALPHA), width=1))
        self._validation_raw.setPen(pg.mkPen(_with_alpha(validation, RAW_ALPHA), width=1))

    def set_z_value(self, z_value: float) -> None:
        """Puts the lines above those with a lower number."""
        for line in self._lines:
            line.setZValue(z_value)

    def drawn(self) -> dict[str, Values]:
        """The values of each line that were given to be drawn, by its name."""
        names = ("raw", "validation_raw", "smooth", "validation")
        return {name: line.getData()[1] for name, line in zip(names, self._lines, strict=True)}

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
