"""The field that says which data a run learns from."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from editor.training.words import SAMPLE_PREFIX
from widgets.training.choice_fields import NarrowBox

DIGITS = f"{SAMPLE_PREFIX}digits"
MAX_RECENT_FILES = 8

_SAMPLE_TEXT = "Digits sample (1,797 images)"
_CHOOSE_TEXT = "Choose file…"
_CHOOSE = "choose"
"""Data of the last entry; a path is never relative here, so it cannot be taken for one."""


class DataField(NarrowBox):
    """The bundled sample, `.npz` files used before, and a dialog for another one.

    Signals:
        data_changed: Other data are chosen.
    """

    data_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setPlaceholderText("Choose data…")
        self._data = ""
        self._recent: list[str] = []
        self._fill()
        self.activated.connect(self._on_activated)

    def data(self) -> str:
        """The path of a file, `sample:digits`, or nothing."""
        return self._data

    def recent(self) -> tuple[str, ...]:
        """Files that were chosen, the last one first."""
        return tuple(self._recent)

    def set_recent(self, paths: Iterable[str]) -> None:
        """Offers files that were used in earlier sessions."""
        self._recent = list(dict.fromkeys(path for path in paths if path))[:MAX_RECENT_FILES]
        self._fill()

    def choose(self, data: str) -> None:
        """Chooses data; a file moves to the top of those used before."""
        if data and not data.startswith(SAMPLE_PREFIX):
            self._recent = [data, *(path for path in self._recent if path != data)][:MAX_RECENT_FILES]
        is_other = data != self._data
        self._data = data
        self._fill()
        if is_other:
            self.data_changed.emit()

    def choose_file(self) -> QFileDialog:
        """Opens the dialog for another file and returns it; the window stays alive beneath it."""
        dialog = QFileDialog(self.window(), "Choose training data", self._folder(), "NumPy archives (*.npz)")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self._on_dialog_file_selected)
        dialog.open()
        return dialog

    def _folder(self) -> str:
        last = next(iter(self._recent), "")
        return str(Path(last).parent) if last else ""

    def _fill(self) -> None:
        self.clear()
        self.addItem(_SAMPLE_TEXT, DIGITS)
        for path in self._recent:
            self.addItem(self._short_name(path), path)
            self.setItemData(self.count() - 1, path, Qt.ItemDataRole.ToolTipRole)
        self.insertSeparator(self.count())
        self.addItem(_CHOOSE_TEXT, _CHOOSE)
        self._show_choice()

    def _short_name(self, path: str) -> str:
        """The file's name; with its folder's where two files are called the same."""
        name = Path(path).name
        is_alone = sum(Path(other).name == name for other in self._recent) == 1
        return name if is_alone else f"{name} ({Path(path).parent.name})"

    def _show_choice(self) -> None:
        self.setCurrentIndex(self.findData(self._data) if self._data else -1)
        self.setToolTip(_SAMPLE_TEXT if self._data == DIGITS else self._data)

    def _on_activated(self, index: int) -> None:
        data = str(self.itemData(index))
        if data != _CHOOSE:
            self.choose(data)
            return
        self._show_choice()
        self.choose_file()

    def _on_dialog_file_selected(self, path: str) -> None:
        self.choose(path)
