"""The line of the training panel that says which data a run learns from."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QEvent, Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QWidget
from typing_extensions import override

from editor.training.data_options import DataOptions
from widgets.data.source import ask_for_file, ask_for_folder, folder_of
from widgets.theme import set_tone
from widgets.training.data_choices import DIGITS, MAX_RECENT_FILES, DataBox

__all__ = ["DIGITS", "MAX_RECENT_FILES", "DataField"]

_FILE, _FOLDER = "choose file", "choose folder"
"""Data of the last entries; a path is never relative here, so they cannot be taken for one."""


class _Choices(DataBox):
    """With entries that open the dialogs for others."""

    def add_more(self) -> None:
        self.insertSeparator(self.count())
        self.addItem("Choose file…", _FILE)
        self.addItem("Choose folder…", _FOLDER)

    def use(self, entry: str) -> None:
        if entry not in (_FILE, _FOLDER):
            self.choose(entry)
            return
        self.show_choice()
        folder = folder_of(next(iter(self.recent()), ""))
        (ask_for_file if entry == _FILE else ask_for_folder)(self.window(), folder, self.choose)


class DataField(QWidget):
    """The data, and a button for all that can be said about them.

    Signals:
        data_changed: Other data, or other options of them.
        edit_requested: The button was clicked.
    """

    data_changed = Signal()
    edit_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._options: dict[str, DataOptions] = {}
        self.box = _Choices(self)
        self.box.setObjectName("dataField")
        self.box.setAccessibleName("Data")
        self.edit_button = QPushButton("Edit…", self)
        self.edit_button.setObjectName("editDataButton")
        self.edit_button.setAccessibleName("Edit data")
        self.edit_button.setToolTip("Look at the data, and choose how they are prepared")
        self.edit_button.setStyleSheet("padding: 1px 8px;")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.box, 1)
        layout.addWidget(self.edit_button)
        self.setFocusProxy(self.box)
        self.box.data_changed.connect(self.data_changed)
        self.edit_button.clicked.connect(self.edit_requested)

    def data(self) -> str:
        """A path, a function, `sample:digits`, or nothing."""
        return self.box.data()

    def options(self) -> DataOptions:
        """How the data are read; what was chosen for them last, or the defaults."""
        return self._options.get(self.data(), DataOptions())

    def recent(self) -> tuple[str, ...]:
        """What was chosen, the last one first, without samples."""
        return self.box.recent()

    def set_recent(self, paths: Iterable[str]) -> None:
        """Offers what was used in earlier sessions."""
        self.box.set_recent(paths)

    def all_options(self) -> dict[str, DataOptions]:
        """The options of everything that was used, by data."""
        return {data: options for data, options in self._options.items() if options != DataOptions()}

    def set_all_options(self, options: dict[str, DataOptions]) -> None:
        """The options of what was used in earlier sessions."""
        self._options = {**options, **self._options}

    def choose(self, data: str, options: DataOptions | None = None) -> None:
        """Chooses data; without options those they had last."""
        is_other = options is not None and options != self._options.get(data, DataOptions())
        if options is not None:
            self._options[data] = options
        is_same_data = data == self.data()
        self.box.choose(data)
        if is_other and is_same_data:
            self.data_changed.emit()

    def choose_file(self) -> QFileDialog:
        """Opens the dialog for another file and returns it; the window stays alive beneath it."""
        return ask_for_file(self.window(), folder_of(next(iter(self.recent()), "")), self.box.choose)

    @override
    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.DynamicPropertyChange:
            # The form marks the field as wrong; the box is what has an outline.
            set_tone(self.box, str(self.property("tone") or ""))
        return super().event(event)
