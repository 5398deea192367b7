"""What very long runs cost the window: `python -m tests.benchmarks.curves`.

Feeds half a million batches of four metrics as the engine would tell them, with all plots on show, and measures what a
redraw with its painting takes and how late the event loop is while more come, beside an idle baseline; then the
same on a logarithmic axis, over time, with other smoothing, zoomed in, and with earlier runs as long laid over.
"""

from __future__ import annotations

import argparse
import math
import os
import time
from collections.abc import Callable

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from msgspec.structs import replace
from PySide6.QtCore import QTimer, qInstallMessageHandler
from PySide6.QtWidgets import QApplication

from editor.processes.run_messages import BatchEnded, EpochEnded, RunMarked, RunStarted
from tests.benchmarks.event_loop import Lateness, pause, report
from widgets.theme import Mode, Theme
from widgets.training.plot_settings import PlotSettings, XAxis
from widgets.training.plots import RunPlots

METRICS = ("loss", "accuracy", "auc", "mean_absolute_error")
NUM_BATCHES = 5_000
EVENT_INTERVAL_MS = 50
"""The engine tells of a batch twenty times a second."""
MEASURE_MS = 6_000
NUM_REDRAWS = 40
NUM_OVERLAYS = 3


class Feeder:
    """Makes the events of a run whose loss falls with noise."""

    def __init__(self, plots: RunPlots, run_id: int, num_points: int) -> None:
        self._plots = plots
        self._run_id = run_id
        self._num_points = num_points
        self._at = 0
        self._noise = np.random.default_rng(run_id).normal(size=10_007)
        plots.begin(
            RunStarted(
                run_id=run_id,
                num_epochs=math.ceil(2 * num_points / NUM_BATCHES),
                num_batches=NUM_BATCHES,
                metric_names=METRICS,
                has_validation=True,
                seed=0,
                revision_file="",
            )
        )

    def feed(self, num_points: int) -> None:
        """Tells of some batches, and of the epochs that end with them."""
        for _ in range(num_points):
            self._feed_one()

    def _feed_one(self) -> None:
        epoch, batch = divmod(self._at, NUM_BATCHES)
        falling = 2.3 * math.exp(-4 * self._at / self._num_points) + 0.05
        value = falling * (1 + 0.2 * float(self._noise[self._at % len(self._noise)]) / (batch + 1))
        metrics = dict.fromkeys(METRICS, value)
        seconds = self._at * 0.05
        event = BatchEnded(
            run_id=self._run_id, epoch=epoch, batch=batch, metrics=metrics, revision=self._at, seconds=seconds
        )
        self._plots.add_batch(event)
        if batch == NUM_BATCHES - 1:
            ends = {**metrics, **{f"val_{name}": 1.2 * falling for name in METRICS}}
            self._plots.add_epoch(EpochEnded(run_id=self._run_id, epoch=epoch, metrics=ends, seconds=seconds))
            if epoch % 25 == 10:
                mark = RunMarked(
                    run_id=self._run_id, epoch=epoch, batch=0, kind="phase", text="lr 1e-4", seconds=seconds
                )
                self._plots.add_mark(mark)
        self._at += 1


def main() -> None:
    """Prints a line for each way to show the curves."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=500_000)
    num_points = parser.parse_args().points
    qInstallMessageHandler(lambda *_message: None)
    app = QApplication([])
    theme = Theme(Mode.LIGHT)
    theme.install(app)
    plots = RunPlots(theme)
    plots.resize(1400, 300)
    plots.show()
    pause(1500)
    lateness = Lateness()
    report("idle, no curves", lateness.measure(lambda: pause(MEASURE_MS)))
    feeder = Feeder(plots, 10, num_points)
    _time("feed", lambda: feeder.feed(num_points), per=num_points, unit="µs a batch", factor=1e6)
    _measure_views(plots, feeder, lateness)
    report("idle, curves on show", lateness.measure(lambda: pause(MEASURE_MS)))


def _measure_views(plots: RunPlots, feeder: Feeder, lateness: Lateness) -> None:
    plain = PlotSettings()
    for name, settings in {
        "epochs, smoothing 0.6": plain,
        "smoothing 0.999": replace(plain, smoothing=0.999),
        "log y": replace(plain, is_log=True),
        "time, outliers ignored": replace(plain, x_axis=XAxis.TIME, ignores_outliers=True),
    }.items():
        plots.apply_settings(settings)
        _measure(name, plots, feeder, lateness)
    _zoom_in(plots)
    _measure("zoomed in", plots, feeder, lateness)
    plots.apply_settings(plain)
    plots.reset_zoom()
    others = _with_overlays(plots)
    _measure(f"{NUM_OVERLAYS} runs laid over", plots, others, lateness)
    plots.apply_settings(replace(plain, is_log=True))
    _measure("the same, log y", plots, others, lateness)


def _with_overlays(plots: RunPlots) -> Feeder:
    """Earlier runs of the same length below a new one."""
    assert plots.curves
    num_points = len(plots.curves.batches)
    ids = range(11, 11 + NUM_OVERLAYS)
    for run_id in ids:
        feeder = Feeder(plots, run_id, num_points)
        feeder.feed(num_points)
    plots.show_runs([10, *ids])
    return feeder


def _zoom_in(plots: RunPlots) -> None:
    for plot in plots.plots:
        for _ in range(6):
            plot.canvas.zoom_by_key(is_closer=True)


def _measure(name: str, plots: RunPlots, feeder: Feeder, lateness: Lateness) -> None:
    """Redraws every plot some times, one new point each, and then lets points come for some seconds."""
    feeder.feed(1)
    _time(f"{name}: first redraw", lambda: [plot.redraw() for plot in plots.plots], per=1, unit="ms", factor=1e3)
    times = []
    for _ in range(NUM_REDRAWS):
        feeder.feed(1)
        for plot in plots.plots:
            began = time.perf_counter(), time.thread_time()
            plot.redraw()
            plot.canvas.viewport().repaint()
            times.append((time.perf_counter() - began[0], time.thread_time() - began[1]))
    (p50, own50), (p99, own99) = np.percentile(np.array(times) * 1000, [50, 99], axis=0)
    of_clock, of_processor = f"{p50:5.1f} (median) {p99:5.1f} ms (p99)", f"{own50:5.1f} / {own99:5.1f} ms"
    print(f"{name:24} a plot's redraw and painting {of_clock}, of the processor {of_processor}")
    timer = QTimer(interval=EVENT_INTERVAL_MS)
    timer.timeout.connect(lambda: feeder.feed(1))
    timer.start()
    report(name, lateness.measure(lambda: pause(MEASURE_MS)))
    timer.stop()


def _time(name: str, work: Callable[[], object], *, per: int, unit: str, factor: float) -> None:
    began = time.perf_counter()
    work()
    print(f"{name:40} {(time.perf_counter() - began) / per * factor:6.1f} {unit}")


if __name__ == "__main__":
    main()
