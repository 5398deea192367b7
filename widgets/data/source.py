"""Where data come from: the boxes and menus that choose a file, a folder, a function or the sample."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLineEdit, QMenu, QPushButton, QWidget
from typing_extensions import override

from widgets.theme import CORNER, set_tone
from widgets.training.data_choices import DataBox

FILE_FILTERS = (
    "Data (*.csv *.tsv *.parquet *.npz *.npy *.h5 *.hdf5 *.csv.gz)",
    "Tables (*.csv *.tsv *.parquet *.csv.gz)",
    "Arrays (*.npz *.npy *.h5 *.hdf5)",
    "All files (*)",
)


def ask_for_file(window: QWidget, folder: str, on_chosen: Callable[[str], None]) -> QFileDialog:
    """Opens the dialog for a data file; the window stays alive beneath it."""
    dialog = QFileDialog(window, "Choose Data", folder)
    dialog.setNameFilters(list(FILE_FILTERS))
    dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    return _open(dialog, on_chosen)


def ask_for_folder(window: QWidget, folder: str, on_chosen: Callable[[str], None]) -> QFileDialog:
    """Opens the dialog for a folder with a subfolder of images for each class."""
    dialog = QFileDialog(window, "Choose a Folder of Images, with a Subfolder for Each Class", folder)
    dialog.setFileMode(QFileDialog.FileMode.Directory)
    dialog.setOption(QFileDialog.Option.ShowDirsOnly)
    return _open(dialog, on_chosen)


def _open(dialog: QFileDialog, on_chosen: Callable[[str], None]) -> QFileDialog:
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.fileSelected.connect(on_chosen)
    dialog.open()
    return dialog


class SourceBar(QWidget):
    """The data that are trained on: a box with those used before, and buttons for others.

    Signals:
        chosen: Other data, as `TrainSettings.data` has them.
        function_wanted: A Python function is to be chosen.
    """

    chosen = Signal(str)
    function_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.box = DataBox(self)
        self.box.setObjectName("dataSource")
        self.box.setAccessibleName("Data")
        self.file_button = self._button("File…", "dataFileButton")
        self.folder_button = self._button("Folder…", "dataFolderButton")
        self.function_button = self._button("Python Function…", "dataFunctionButton")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(CORNER)
        layout.addWidget(self.box, 1)
        for button in (self.file_button, self.folder_button, self.function_button):
            layout.addWidget(button)
        self.box.data_changed.connect(self._on_box_data_changed)
        self.file_button.clicked.connect(self._on_file_clicked)
        self.folder_button.clicked.connect(self._on_folder_clicked)
        self.function_button.clicked.connect(self.function_wanted)

    def _button(self, text: str, name: str) -> QPushButton:
        button = QPushButton(text, self)
        button.setObjectName(name)
        button.setAutoDefault(False)
        set_tone(button, "small")
        return button

    @property
    def folder(self) -> str:
        """Where files are looked for at first."""
        return folder_of(self.box.data()) or folder_of(next(iter(self.box.recent()), ""))

    def _on_box_data_changed(self) -> None:
        self.chosen.emit(self.box.data())

    def _on_file_clicked(self) -> None:
        ask_for_file(self.window(), self.folder, self.box.choose)

    def _on_folder_clicked(self) -> None:
        ask_for_folder(self.window(), self.folder, self.box.choose)


class PathField(QWidget):
    """The path of a part of its own, typed or chosen; empty for none.

    Signals:
        edited: Another path.
    """

    edited = Signal()

    def __init__(self, placeholder: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.line = QLineEdit(self)
        self.line.setPlaceholderText(placeholder)
        self.line.setClearButtonEnabled(True)
        self.button = QPushButton("Choose", self)
        set_tone(self.button, "small")
        menu = QMenu(self.button)
        menu.addAction("File…").triggered.connect(self._on_file_triggered)
        menu.addAction("Folder…").triggered.connect(self._on_folder_triggered)
        self.button.setMenu(menu)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(CORNER // 2)
        layout.addWidget(self.line, 1)
        layout.addWidget(self.button)
        self.setFocusProxy(self.line)
        self._folder = ""
        self.line.textChanged.connect(self.edited)

    def path(self) -> str:
        """What is chosen."""
        return self.line.text().strip()

    def set_path(self, path: str) -> None:
        """Chooses another."""
        self.line.setText(path)

    def set_folder(self, folder: str) -> None:
        """Where it is looked for as long as nothing is chosen, such as beside the training data."""
        self._folder = folder

    def _on_file_triggered(self) -> None:
        ask_for_file(self.window(), folder_of(self.path()) or self._folder, self.set_path)

    def _on_folder_triggered(self) -> None:
        ask_for_folder(self.window(), folder_of(self.path()) or self._folder, self.set_path)

    @override
    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.DynamicPropertyChange:
            # The form marks the field as wrong; the line is what has an outline.
            set_tone(self.line, str(self.property("tone") or ""))
        return super().event(event)


def folder_of(data: str) -> str:
    """The folder in which a file or folder of data is; empty for what is none."""
    return str(Path(data).parent) if data and Path(data).exists() else ""
