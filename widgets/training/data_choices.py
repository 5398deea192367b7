"""The box that says which data a run learns from: the bundled sample, and what was used before."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QWidget

from editor.training.words import SAMPLE_PREFIX
from widgets.training.choice_fields import NarrowBox

DIGITS = f"{SAMPLE_PREFIX}digits"
MAX_RECENT_FILES = 8

_SAYS_LITTLE = ("train", "training", "data", "images")
"""Names of folders that tell what is in them with the folder above only."""
SAMPLE_TEXT = "Digits sample (1,797 images)"


class DataBox(NarrowBox):
    """The sample, and files, folders and functions that were used before.

    Signals:
        data_changed: Other data are chosen.
    """

    data_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setPlaceholderText("Choose data…")
        self._data = ""
        self._recent: list[str] = []
        self.fill()
        self.activated.connect(self._on_activated)

    def data(self) -> str:
        """A path, a function, `sample:digits`, or nothing."""
        return self._data

    def recent(self) -> tuple[str, ...]:
        """What was chosen, the last one first, without samples."""
        return tuple(self._recent)

    def set_recent(self, paths: Iterable[str]) -> None:
        """Offers what was used in earlier sessions."""
        self._recent = list(dict.fromkeys(path for path in paths if path))[:MAX_RECENT_FILES]
        self.fill()

    def choose(self, data: str) -> None:
        """Chooses data, which move to the top of those used before."""
        if data and not data.startswith(SAMPLE_PREFIX):
            self._recent = [data, *(path for path in self._recent if path != data)][:MAX_RECENT_FILES]
        is_other = data != self._data
        self._data = data
        self.fill()
        if is_other:
            self.data_changed.emit()

    def fill(self) -> None:
        """Puts the entries in anew."""
        self.clear()
        self.addItem(SAMPLE_TEXT, DIGITS)
        for path in self._recent:
            self.addItem(self._short_name(path), path)
            self.setItemData(self.count() - 1, path, Qt.ItemDataRole.ToolTipRole)
        self.add_more()
        self.show_choice()

    def add_more(self) -> None:
        """For entries that are no data."""

    def show_choice(self) -> None:
        """Shows what is chosen."""
        if self._data and self.findData(self._data) < 0:
            self.addItem(self._short_name(self._data), self._data)
        self.setCurrentIndex(self.findData(self._data) if self._data else -1)
        self.setToolTip(SAMPLE_TEXT if self._data == DIGITS else self._data)

    def use(self, entry: str) -> None:
        """An entry was picked."""
        self.choose(entry)

    def _short_name(self, path: str) -> str:
        """The file's name; with its folder's where two are called the same."""
        if path.startswith(SAMPLE_PREFIX):
            return path
        name = Path(path).name
        if name.lower() in _SAYS_LITTLE:
            return "/".join(Path(path).parts[-2:])
        is_alone = sum(Path(other).name == name for other in self._recent) <= 1
        return name if is_alone else f"{name} ({Path(path).parent.name})"

    def _on_activated(self, index: int) -> None:
        self.use(str(self.itemData(index)))
