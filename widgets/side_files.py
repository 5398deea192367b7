"""Files beside the model's own: freeze maps, exports, trained weights, and code for the clipboard."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject

from editor.processes.reader_client import ReaderClient
from widgets.document import Document
from widgets.engine_link import EngineLink
from widgets.exporting import Exporter
from widgets.file_reading import FileReading
from widgets.freeze_maps import FreezeMaps
from widgets.main_window import MainWindow
from widgets.notifier import Notifier
from widgets.python_copying import PythonCopying
from widgets.theme import Theme


class SideFiles(QObject):
    """Builds what answers the commands about such files.

    Attributes:
        reading: Reads them, by the processes that look at model files.
        maps: Freeze maps.
        exporter: Exports, and trained weights that come back.
    """

    def __init__(
        self,
        window: MainWindow,
        theme: Theme,
        link: EngineLink,
        *,
        reader: Callable[[], ReaderClient],
        notifier: Notifier,
        current: Callable[[], Document | None],
    ) -> None:
        super().__init__(window)
        self._notifier = notifier
        self.reading = FileReading(reader, self)
        self.maps = FreezeMaps(window, theme, reading=self.reading, notifier=notifier, current=current)
        self.exporter = Exporter(window, link, reading=self.reading, notifier=notifier, current=current)
        self._python = PythonCopying(window, notifier, current)
        self.reading.started.connect(self._on_reading_started)
        self.reading.ended.connect(notifier.clear)
        self.reading.failed.connect(notifier.problem)

    def set_document(self, _document: Document) -> None:
        """Another document is open: what was asked for the one before is dropped."""
        self.reading.cancel()
        self.maps.end()

    def close(self) -> None:
        """The engine and the readers were ended."""
        self.exporter.close()

    def _on_reading_started(self, name: str) -> None:
        self._notifier.busy(f"Reading {name}…", on_cancel=self.reading.cancel)
