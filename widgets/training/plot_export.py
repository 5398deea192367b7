"""The menu *Export* of the curves: asks for a file, and writes data or a picture."""

from __future__ import annotations

import time
from collections.abc import Generator
from pathlib import Path

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtWidgets import QFileDialog

from editor.errors import EditorError, Problem
from widgets.notice_bar import Level
from widgets.notifier import Notifier
from widgets.theme import Mode, Theme
from widgets.training.plots import RunPlots

_FILTERS = {
    "csv": "Values of the curves (*.csv)",
    "png": "Picture (*.png)",
    "svg": "Vector picture (*.svg)",
}
_SLICE_SECONDS = 0.006
"""How long the window is busy with a file at a time."""


class PlotExport(QObject):
    """Writes what the plots show.

    Args:
        plots: With the menu.
        theme: Of the window.
        notifier: Says what came of it.
    """

    def __init__(self, plots: RunPlots, theme: Theme, notifier: Notifier) -> None:
        super().__init__(plots)
        self._plots = plots
        self._theme = theme
        self._notifier = notifier
        self._folder = Path.home()
        self._path = Path()
        self._steps: Generator[None, None, None] | None = None
        self._timer = QTimer(self, interval=0)
        self._timer.timeout.connect(self._on_timer_timeout)
        plots.export_requested.connect(self._on_export_requested)

    @property
    def is_busy(self) -> bool:
        """Whether a file is being written."""
        return self._steps is not None

    def write(self, path: Path) -> None:
        """Writes a file in place of one that is being written; its suffix says what: `.csv`, `.png` or `.svg`."""
        if self._plots.shown is None:
            return
        self._close()
        self._path, self._folder = path, path.parent
        self._steps = self._data() if path.suffix.lower() == ".csv" else self._picture()
        self._timer.start()

    def _data(self) -> Generator[None, None, None]:
        from widgets.training.curve_csv import write_csv

        assert self._plots.shown
        return write_csv(self._path, self._plots.shown, self._plots.settings)

    def _picture(self) -> Generator[None, None, None]:
        from widgets.training.curve_picture import Scene, write_picture

        assert self._plots.shown
        theme = Theme(Mode.LIGHT) if self._plots.settings.has_white_ground else self._theme
        scene = Scene(self._plots.shown, self._plots.settings, theme, self._plots.font())
        write_picture(self._path, self._plots.plots, scene)
        yield

    def _on_timer_timeout(self) -> None:
        """Goes on for a moment, so that the window stays fluent and a run's curves go on."""
        end = time.perf_counter() + _SLICE_SECONDS
        try:
            while self._steps is not None and time.perf_counter() < end:
                next(self._steps)
        except StopIteration:
            self._close()
            self._notifier.say(Level.DONE, f"Exported {self._path}")
        except EditorError as error:
            self._fail(error.problem)
        except OSError as error:
            self._fail(Problem(f"{self._path} cannot be written: {error.strerror or error}.", "Choose another place."))

    def _fail(self, problem: Problem) -> None:
        self._close()
        self._notifier.problem(problem)

    def _close(self) -> None:
        """Ends the writing; an unfinished file goes."""
        self._timer.stop()
        if self._steps is not None:
            self._steps.close()
            self._steps = None

    def _on_export_requested(self, kind: str) -> None:
        dialog = QFileDialog(self._plots, "Export Curves", str(self._folder / f"curves.{kind}"))
        dialog.setNameFilters([_FILTERS[kind]])
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(kind)
        dialog.selectFile(f"curves.{kind}")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda path: self.write(Path(path)))
        dialog.open()
