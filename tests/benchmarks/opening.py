"""How long a large model takes to be on screen, beside loading it with Keras: `python -m tests.benchmarks.opening`.

From the wish to open the file to the painted tree, summary and inspector, with a reader that is warm; the engine is
not started, as the preview does without. In the same run `keras.saving.load_model` alone, in a process that has
imported Keras, and a plain read of the file. ResNet152V2 (566 layers, 243 MB) unless another file is given.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QEventLoop, QTimer, qInstallMessageHandler
from PySide6.QtWidgets import QApplication

from tests.benchmarks.preview import Loader
from widgets.app import App
from widgets.settings import Settings

NUM_PAIRS = 7
_FILE = "resnet152v2.keras"
_WARM_SECONDS = 120.0
_PATIENCE_MS = 60_000
_STEP_BYTES = 1 << 20


def main() -> None:
    """Prints the medians and the ratio to `load_model`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=NUM_PAIRS)
    parser.add_argument("--file", type=Path, help="a .keras file to measure instead")
    options = parser.parse_args()
    qInstallMessageHandler(lambda *_message: None)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = options.file or folder / _FILE
        if not path.exists():
            command = [sys.executable, "-m", "tests.benchmarks.preview", "--make", str(path)]
            subprocess.run(command, check=True, capture_output=True)
        app = App(QApplication([]), Settings(folder / "settings.ini"), folder / "workspaces")
        app.window.resize(1400, 900)
        app.window.show()
        measure(app, path, options.pairs)
        app.leave()


def measure(app: App, path: Path, num_pairs: int) -> None:
    """Interleaves the three, so that what else the machine does concerns all of them alike."""
    _read(path)  # brings the file into the system's memory
    first, _ = _open(app, path)
    loader = Loader(path)
    rows = [(*_open(app, path), loader.load()[0], _read(path)) for _ in range(num_pairs + 1)][1:]
    loader.end()
    shown, processor, load, read = (statistics.median(column) for column in zip(*rows, strict=True))
    ratio = statistics.median(row[0] / row[2] for row in rows)
    print(f"{path.name}, {path.stat().st_size / 1e6:.0f} MB, {num_pairs} pairs, medians")
    print(f"on screen after {shown:.3f} s ({min(row[0] for row in rows):.3f} to {max(row[0] for row in rows):.3f})")
    print(f"the first file in a new window after {first:.3f} s")
    print(f"the window's own processor time of it {processor:.3f} s")
    print(f"load_model alone {load:.2f} s, ratio {ratio:.3f}; a plain read of the file {read:.3f} s")


def _open(app: App, path: Path) -> tuple[float, float]:
    """Seconds from the wish to the painted window, and of this process's processor time."""
    spare = app.opener.reader._spare
    assert spare
    assert spare._connection.poll(_WARM_SECONDS)
    loop = QEventLoop()
    app.document_changed.connect(loop.quit)
    QTimer.singleShot(_PATIENCE_MS, loop.quit)
    before = app.document
    start, used = time.perf_counter(), time.process_time()
    app.open(path)
    loop.exec()
    for widget in (app.window.layers.view.viewport(), app.window.summary, app.window.inspector):
        widget.repaint()
    seconds = time.perf_counter() - start, time.process_time() - used
    app.document_changed.disconnect(loop.quit)
    assert app.document is not before
    return seconds


def _read(path: Path) -> float:
    start = time.perf_counter()
    with path.open("rb") as stream:
        while stream.read(_STEP_BYTES):
            pass
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
