"""Dialogs that choose files; none of them blocks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QWidget

_MODELS = "Keras models (*.keras *.h5 *.hdf5)"


def choose_model(window: QWidget, folder: Path, on_chosen: Callable[[Path], None]) -> None:
    """Asks for a model file to open."""
    _ask(window, "Open Model", folder, (_MODELS, "All files (*)"), on_chosen)


def choose_code(window: QWidget, folder: Path, on_chosen: Callable[[Path], None]) -> None:
    """Asks for the Python file that a model needs; choosing it is the consent to run it."""
    title = "Choose the Python File with the Model's Classes (it will be run)"
    _ask(window, title, folder, ("Python files (*.py)",), on_chosen)


def choose_target(window: QWidget, suggestion: Path, on_chosen: Callable[[Path], None]) -> None:
    """Asks where to save a model."""
    dialog = _dialog(window, "Save Model As", suggestion.parent, ("Keras model (*.keras)",))
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix("keras")
    dialog.selectFile(suggestion.name)
    _open(dialog, on_chosen)


def _ask(
    window: QWidget, title: str, folder: Path, filters: tuple[str, ...], on_chosen: Callable[[Path], None]
) -> None:
    dialog = _dialog(window, title, folder, filters)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    _open(dialog, on_chosen)


def _dialog(window: QWidget, title: str, folder: Path, filters: tuple[str, ...]) -> QFileDialog:
    dialog = QFileDialog(window, title, str(folder))
    dialog.setNameFilters(filters)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    return dialog


def _open(dialog: QFileDialog, on_chosen: Callable[[Path], None]) -> None:
    dialog.fileSelected.connect(lambda path: on_chosen(Path(path)))
    dialog.open()
