"""How long a key in the pattern bar takes until its marks are painted: `python -m tests.benchmarks.pattern`.

In a tree of 566 layers; beside it, in the same run, the painting of the same panel with nothing changed.
"""

from __future__ import annotations

import os
import statistics
import time

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QEventLoop, QTimer, qInstallMessageHandler
from PySide6.QtWidgets import QApplication

from editor.layers.tree import LayerTree
from tests.widgets.trees import resnet152
from widgets.icons import Icons
from widgets.layer_tree import LayerTreePanel
from widgets.theme import Mode, Theme

PATTERNS = ("backbone/conv4_*", "**:bias", "class:*Normalization", "re:.*_(conv|bn)", "**", "base/conv9")
ROUNDS = 5
FRAME_MS = 1000 / 60


def main() -> None:
    """Prints the medians and the slowest key."""
    qInstallMessageHandler(lambda *_message: None)
    qt = QApplication([])
    theme = Theme(Mode.LIGHT)
    theme.install(qt)
    panel = LayerTreePanel(theme, Icons(theme))
    panel.resize(800, 700)
    panel.show()
    panel.set_tree(LayerTree(resnet152()), "resnet")
    panel.open_pattern_bar()
    _pause(300)
    keys, paints = [], []
    for _ in range(ROUNDS):
        for pattern in PATTERNS:
            for end in range(len(pattern) + 1):
                keys.append(_milliseconds(panel, pattern[:end]))
                paints.append(_milliseconds(panel, None))
                _pause(1)
    print(f"a key, with paint  {statistics.median(keys):5.1f} ms (median) {max(keys):5.1f} ms (max)")
    print(f"paint alone        {statistics.median(paints):5.1f} ms (median) {max(paints):5.1f} ms (max)")
    print(f"one frame at 60 Hz {FRAME_MS:5.1f} ms")


def _milliseconds(panel: LayerTreePanel, text: str | None) -> float:
    """Processor time, as other programs on the machine are not meant."""
    start = time.process_time()
    if text is not None:
        panel.pattern_bar.field.setText(text)
    for widget in (panel.view.viewport(), panel.pattern_bar):
        widget.repaint()
    return (time.process_time() - start) * 1000


def _pause(milliseconds: int) -> None:
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


if __name__ == "__main__":
    main()
