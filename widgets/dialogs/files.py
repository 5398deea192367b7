"""Dialogs that choose files; none of them blocks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QWidget

from editor.processes.messages import ExportKind

_MODELS = "Keras models (*.keras *.h5 *.hdf5 *.json saved_model.pb)"
_MAPS = "Freeze maps, also of models (*.freeze.json *.keras *.h5 *.hdf5)"
_TARGETS = {".keras": "Keras model (*.keras)", ".h5": "HDF5 model (*.h5 *.hdf5)"}
_WEIGHTS = "Weights (*.weights.h5 *.h5 *.hdf5)"
_ARCHITECTURES = "Architectures (*.json *.keras *.h5 *.hdf5)"
_EXPORTS: dict[ExportKind, tuple[str, str]] = {
    "weights": ("Export Weights", "Keras weights (*.weights.h5)"),
    "saved-model": ("Export for Serving: Name of the New Folder", "SavedModel folder (*)"),
    "trained-weights": ("Export Trained Weights", "Trained weights (*.trained.h5)"),
}


def choose_model(window: QWidget, folder: Path, on_chosen: Callable[[Path], None]) -> None:
    """Asks for a model file to open."""
    _ask(window, "Open Model", folder, (_MODELS, "All files (*)"), on_chosen)


def choose_folder(window: QWidget, folder: Path, on_chosen: Callable[[Path], None]) -> None:
    """Asks for the folder of a SavedModel."""
    dialog = _dialog(window, "Open SavedModel Folder", folder, ())
    dialog.setFileMode(QFileDialog.FileMode.Directory)
    dialog.setOption(QFileDialog.Option.ShowDirsOnly)
    _open(dialog, on_chosen)


def choose_code(
    window: QWidget,
    folder: Path,
    on_chosen: Callable[[Path], None],
    *,
    title: str = "Choose the Python File with What the Model Needs (it will be run)",
) -> None:
    """Asks for the Python file that a model needs; with the first title, choosing it is the consent to run it."""
    _ask(window, title, folder, ("Python files (*.py)",), on_chosen)


def choose_weights(window: QWidget, folder: Path, on_chosen: Callable[[Path], None]) -> None:
    """Asks for a file of weights for a new model."""
    _ask(window, "Choose a File of Weights", folder, (_WEIGHTS, "All files (*)"), on_chosen)


def choose_architecture(window: QWidget, folder: Path, on_chosen: Callable[[Path], None]) -> None:
    """Asks for a file whose architecture is that of a file of weights."""
    _ask(window, "Choose an Architecture", folder, (_ARCHITECTURES, "All files (*)"), on_chosen)


def choose_target(window: QWidget, suggestion: Path, on_chosen: Callable[[Path], None]) -> None:
    """Asks where to save a model; the kind of file that is suggested is offered first."""
    own = _TARGETS.get(".h5" if suggestion.suffix in (".h5", ".hdf5") else ".keras", "")
    filters = (own, *(text for text in _TARGETS.values() if text != own))
    dialog = _saving_dialog(window, "Save Model As", suggestion, filters)
    dialog.setDefaultSuffix(suggestion.suffix.removeprefix("."))
    dialog.filterSelected.connect(lambda chosen: dialog.setDefaultSuffix("h5" if ".h5" in chosen else "keras"))
    _open(dialog, on_chosen)


def choose_map(window: QWidget, title: str, folder: Path, on_chosen: Callable[[Path], None]) -> None:
    """Asks for a file that has a freeze map."""
    _ask(window, title, folder, (_MAPS, "All files (*)"), on_chosen)


def choose_map_target(window: QWidget, suggestion: Path, on_chosen: Callable[[Path], None]) -> None:
    """Asks where to write a freeze map."""
    dialog = _saving_dialog(window, "Export Freeze Map", suggestion, ("Freeze map (*.freeze.json)",))
    dialog.setDefaultSuffix("freeze.json")
    _open(dialog, on_chosen)


def choose_trained_weights(window: QWidget, folder: Path, on_chosen: Callable[[Path], None]) -> None:
    """Asks for a file of trained weights."""
    filters = ("Trained weights (*.trained.h5)", "HDF5 files (*.h5)")
    _ask(window, "Apply Trained Weights", folder, filters, on_chosen)


def choose_export(window: QWidget, kind: ExportKind, suggestion: Path, on_chosen: Callable[[Path], None]) -> None:
    """Asks where an export goes; a folder for serving need not be there yet."""
    title, words = _EXPORTS[kind]
    dialog = _saving_dialog(window, title, suggestion, (words,))
    if kind == "saved-model":
        dialog.setOption(QFileDialog.Option.DontConfirmOverwrite)
    else:
        dialog.setDefaultSuffix("".join(suggestion.suffixes[-2:]).removeprefix("."))
    _open(dialog, on_chosen)


def _saving_dialog(window: QWidget, title: str, suggestion: Path, filters: tuple[str, ...]) -> QFileDialog:
    dialog = _dialog(window, title, suggestion.parent, filters)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.selectFile(suggestion.name)
    return dialog


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
