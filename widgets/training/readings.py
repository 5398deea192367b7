"""The values of all lines at one position: what the crosshair tells; plain numbers, without Qt."""

from __future__ import annotations

from dataclasses import dataclass

from widgets.training.axis_steps import tick_text, value_text
from widgets.training.curves import Line, RunCurves
from widgets.training.plot_settings import PlotSettings, Resolution, XAxis
from widgets.training.shown_runs import ShownRuns
from widgets.training.time_left import clock_text


@dataclass(frozen=True, slots=True)
class Reading:
    """The value of one line.

    Attributes:
        run_id: Whose it is.
        is_validation: Of the validation line, else of the training line.
        x: Position of the point.
        value: Of the line as it is drawn.
        raw: Before smoothing.
    """

    run_id: int
    is_validation: bool
    x: float
    value: float
    raw: float

    @property
    def text(self) -> str:
        """`train 0.131`."""
        return f"{'validation' if self.is_validation else 'train'} {value_text(self.value)}"

    @property
    def raw_text(self) -> str:
        """` (raw 0.142)`: what it was before smoothing, where that differs."""
        shown, raw = value_text(self.value), value_text(self.raw)
        return "" if shown == raw else f" (raw {raw})"


def readings(shown: ShownRuns, metric: str, settings: PlotSettings, x: float) -> list[Reading]:
    """The values nearest to a position, of the newest run first; a run that does not reach it has none."""
    found: list[Reading] = []
    for run in reversed(shown.with_metric(metric)):
        if x <= run.end(settings.x_axis) + _room(run, settings):
            found.extend(_readings(run, metric, settings, x))
    return found


def snapped(shown: ShownRuns, settings: PlotSettings, x: float, step: int = 0) -> float:
    """The position of the training point nearest to `x` in the newest run, or `step` points away from it."""
    run = shown.newest
    places = (run.batches if settings.resolution is Resolution.BATCH else run.epochs).along(settings.x_axis)
    index = next(iter(run)).training(settings.resolution).nearest(settings.x_axis, x)
    if index is None:
        return x
    return float(places[min(len(places) - 1, max(0, index + step))])


def position_text(x: float, axis: XAxis) -> str:
    """A position in words: `epoch 3.42`, `batch 1,204`, `0:48`."""
    match axis:
        case XAxis.EPOCHS:
            return f"epoch {x:.2f}".removesuffix(".00")
        case XAxis.BATCHES:
            return f"batch {x:,.0f}"
        case XAxis.TIME:
            return clock_text(x) if x >= 60 else f"{tick_text(x, 0.1)} s"


def _readings(run: RunCurves, metric: str, settings: PlotSettings, x: float) -> list[Reading]:
    curves = run[metric]
    late = settings.smoothing if settings.resolution is Resolution.EPOCH else 0.0
    lines: tuple[tuple[Line, float, bool], ...] = (
        (curves.training(settings.resolution), settings.smoothing, False),
        (curves.validation, late, True),
    )
    found = []
    for line, smoothing, is_validation in lines:
        index = line.nearest(settings.x_axis, x)
        if index is not None:
            place = float(line.places.along(settings.x_axis)[index])
            values = float(line.smooth(smoothing)[index]), float(line.raw.y[index])
            found.append(Reading(run.run_id, is_validation, place, *values))
    return found


def _room(run: RunCurves, settings: PlotSettings) -> float:
    """Half an epoch, as the crosshair is drawn to the point that is nearest."""
    return run.end(settings.x_axis) / max(1.0, run.end(XAxis.EPOCHS)) / 2
