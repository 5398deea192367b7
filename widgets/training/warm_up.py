"""The slow import of what draws, when nobody waits for anything else."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

WARM_UP_DELAY_MS = 300
"""From the first showing to the import of what draws; the first painting of the window comes before."""
PUT_OFF_MS = 2000
"""The same while a person waits for a file."""


class WarmUp(QObject):
    """Does slow work once, so that neither the window nor the first run waits for it.

    On the GUI thread: importing pyqtgraph makes Qt types known to Python, which two threads must not do at once.

    Args:
        work: Takes half a second.
    """

    def __init__(self, work: Callable[[], object], parent: QObject) -> None:
        super().__init__(parent)
        self._work = work
        self._has_begun = False
        self.timer = QTimer(self, singleShot=True, interval=WARM_UP_DELAY_MS)
        self.timer.timeout.connect(self._on_timer_timeout)

    def begin(self) -> None:
        """Does the work in a moment; only the first call counts."""
        if not self._has_begun:
            self._has_begun = True
            self.timer.start()

    def put_off(self) -> None:
        """Lets what a person waits for come before."""
        if self.timer.isActive():
            self.timer.start(PUT_OFF_MS)

    def _on_timer_timeout(self) -> None:
        self._work()
