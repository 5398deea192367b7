"""How late the window's event loop is, idle and at work: `python -m tests.benchmarks.event_loop`.

A precise timer asks to be called every few milliseconds; how much later it is called is how long a click would
have waited. The idle time is measured in the same run, on the same machine, beside the work.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from msgspec.structs import replace
from PySide6.QtCore import QEventLoop, Qt, QTimer, qInstallMessageHandler
from PySide6.QtWidgets import QApplication

from editor.training.settings import TrainSettings
from tests.benchmarks.make_files import IMAGES, MOBILENET, make_apart
from widgets.app import App
from widgets.settings import Settings
from widgets.training.plot_settings import PlotSettings, XAxis

INTERVAL_MS = 5
IDLE_MS = 10_000
PATIENCE_MS = 600_000
MANY_METRICS = ("accuracy", "top_k_categorical_accuracy")
"""Those that fit labels which are class numbers, as the data of the benchmark have them."""
WIDE = (1920, 1080)


class Lateness:
    """Collects how late a timer is called, and how long this thread had the processor since the call before, in ms.

    The second is what of the first is our own doing: what waits for other programs of a busy machine is not in it.
    """

    def __init__(self) -> None:
        self._values: list[tuple[float, float]] = []
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._on_timeout)
        self._due = self._busy = 0.0

    def measure(self, work: Callable[[], None]) -> np.ndarray:
        """Does the work, which runs the event loop.

        Returns:
            Lateness and own time of each call, shape `(num_calls, 2)`.
        """
        self._values = []
        self._ask()
        work()
        self._timer.stop()
        return np.array(self._values)

    def _ask(self) -> None:
        self._busy = time.thread_time()
        self._due = time.perf_counter() + INTERVAL_MS / 1000
        self._timer.start(INTERVAL_MS)

    def _on_timeout(self) -> None:
        late = max(0.0, (time.perf_counter() - self._due) * 1000)
        self._values.append((late, (time.thread_time() - self._busy) * 1000))
        self._ask()


def main() -> None:
    """Prints the 99th percentile and the maximum of each stretch."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=3)
    epochs = parser.parse_args().epochs
    qInstallMessageHandler(lambda *_message: None)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_apart(folder)
        qt = QApplication([])
        app = App(qt, Settings(folder / "settings.ini"), folder / "workspaces")
        lateness = Lateness()
        app.show()
        report("start of the engine", lateness.measure(lambda: _wait(lambda: app.link.is_ready)))
        report("idle", lateness.measure(lambda: pause(IDLE_MS)))
        report("open MobileNetV2", lateness.measure(lambda: _open(app, folder / MOBILENET)))
        _prepare(app, folder / IMAGES, epochs)
        report(f"train {epochs} epochs", lateness.measure(lambda: _train(app)))
        _show_more_curves(app)
        report("the same, more curves", lateness.measure(lambda: _train(app)))
        report("idle again", lateness.measure(lambda: pause(IDLE_MS)))
        app.leave()


def _open(app: App, path: Path) -> None:
    app.open(path)
    _wait(lambda: app.document is not None)
    pause(500)


def _prepare(app: App, data: Path, epochs: int) -> None:
    assert app.document
    node = app.document.tree.root.children[0]
    app.window.layers.select_nodes([node])
    app.window.layers.ask_for(trainable=False)
    app.window.training.set_settings(TrainSettings(data=str(data), epochs=epochs, batch_size=16))
    _wait(lambda: not app.window.training.start_obstacle())


def _show_more_curves(app: App) -> None:
    """All metrics, the run before laid over, on a logarithmic axis over time, in a wide window."""
    panel, plots = app.window.training, app.window.plots
    app.window.resize(*WIDE)
    plots.apply_settings(PlotSettings(is_log=True, x_axis=XAxis.TIME, ignores_outliers=True))
    plots.show_runs([1])
    panel.set_settings(replace(panel.settings(), metrics=MANY_METRICS))
    _wait(lambda: not panel.start_obstacle())


def _train(app: App) -> None:
    app.window.training.request_start()
    _wait(lambda: not app.runs.is_active)
    pause(500)


def _wait(condition: Callable[[], bool]) -> None:
    loop = QEventLoop()
    timer = QTimer(interval=50)
    timer.timeout.connect(lambda: loop.quit() if condition() else None)
    timer.start()
    QTimer.singleShot(PATIENCE_MS, loop.quit)
    loop.exec()
    assert condition()


def pause(milliseconds: int) -> None:
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


def report(name: str, values: np.ndarray) -> None:
    """Prints median, 99th percentile and maximum of the lateness, and the percentile of the own time."""
    (p50, own50), (p99, own99) = np.percentile(values, [50, 99], axis=0)
    late = f"late by {p50:5.1f} (median) {p99:6.1f} (p99) {values[:, 0].max():6.1f} ms (max)"
    print(f"{name:24} {late}, own {own50:5.1f} (median) {own99:5.1f} ms (p99), {len(values):6} calls")


if __name__ == "__main__":
    main()
