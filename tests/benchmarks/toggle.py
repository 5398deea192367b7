"""How long a toggle of VGG16's root takes until it is painted: `python -m tests.benchmarks.toggle`.

Beside it, in the same run, the painting of the same window with nothing changed.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import qInstallMessageHandler
from PySide6.QtWidgets import QApplication

from tests.benchmarks.event_loop import _open, pause
from tests.benchmarks.make_files import VGG16, make_apart
from widgets.app import App
from widgets.settings import Settings

FRAME_MS = 1000 / 60


def main() -> None:
    """Prints the medians and the slowest toggle."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--toggles", type=int, default=100)
    num_toggles = parser.parse_args().toggles
    qInstallMessageHandler(lambda *_message: None)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_apart(folder)
        app = App(QApplication([]), Settings(folder / "settings.ini"), folder / "workspaces")
        app.show()
        _open(app, folder / VGG16)
        assert app.document
        app.window.layers.select_nodes([app.document.tree.root])
        app.window.layers.view.expandAll()
        pause(300)
        toggles = [_milliseconds(app, trainable=bool(at % 2)) for at in range(num_toggles)]
        paints = [_milliseconds(app, trainable=None) for _ in range(num_toggles)]
        app.leave()
    print(f"toggle of the root and paint  {statistics.median(toggles):5.1f} ms (median) {max(toggles):5.1f} ms (max)")
    print(f"paint alone                   {statistics.median(paints):5.1f} ms (median) {max(paints):5.1f} ms (max)")
    print(f"one frame at 60 Hz            {FRAME_MS:5.1f} ms")


def _milliseconds(app: App, *, trainable: bool | None) -> float:
    layers = app.window.layers
    start = time.perf_counter()
    if trainable is not None:
        layers.ask_for(trainable=trainable)
    for widget in (layers.view.viewport(), app.window.summary, app.window.inspector):
        widget.repaint()
    return (time.perf_counter() - start) * 1000


if __name__ == "__main__":
    main()
