"""Freeze maps of other files: exported, applied, compared."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject

from editor.errors import EditorError, Problem
from editor.files.freeze_json import map_path_for, write_freeze_json
from editor.layers.comparison import compare_maps
from editor.layers.edits import Edit, look
from editor.layers.freeze_map import FreezeMap
from editor.wording import counted
from widgets.dialogs.apply_map import ApplyMapDialog
from widgets.dialogs.compare_maps import CompareMapsDialog
from widgets.dialogs.files import choose_map, choose_map_target
from widgets.document import Document
from widgets.file_reading import FileReading
from widgets.main_window import MainWindow
from widgets.notice_bar import Level
from widgets.notifier import Notifier
from widgets.places import select_paths
from widgets.theme import Theme


class FreezeMaps(QObject):
    """The commands about maps, for the document that is open.

    Args:
        window: Has the actions.
        theme: Colours of the dialogs.
        reading: Reads other files.
        notifier: Says what was done.
        current: The document that is open.
    """

    def __init__(
        self,
        window: MainWindow,
        theme: Theme,
        *,
        reading: FileReading,
        notifier: Notifier,
        current: Callable[[], Document | None],
    ) -> None:
        super().__init__(window)
        self._window = window
        self._theme = theme
        self._reading = reading
        self._notifier = notifier
        self._current = current
        self._comparing: CompareMapsDialog | None = None
        actions = window.actions_
        actions["export_map"].triggered.connect(self._on_export_triggered)
        actions["apply_map"].triggered.connect(self._on_apply_triggered)
        actions["compare_map"].triggered.connect(self._on_compare_triggered)

    def end(self) -> None:
        """Another document is opened; what is being compared belongs to the one before."""
        if self._comparing:
            self._comparing.close()

    # -- to a file --------------------------------------------------------------------------------------------

    def export(self, target: Path) -> None:
        """Writes the flags of now into a file of their own."""
        document = self._current()
        if not document:
            return
        try:
            write_freeze_json(target, document.freeze_map())
        except EditorError as error:
            self._notifier.problem(error.problem)
        except OSError as error:
            self._notifier.problem(Problem(f"{target.name} cannot be written: {error.strerror or error}."))
        else:
            self._notifier.say(Level.DONE, f"Exported the freeze map to {target.name}.")

    def _on_export_triggered(self) -> None:
        document = self._current()
        if document:
            choose_map_target(self._window, map_path_for(document.path), self.export)

    # -- from a file ------------------------------------------------------------------------------------------

    def _on_apply_triggered(self) -> None:
        document = self._current()
        if document:
            choose_map(self._window, "Apply Freeze Map", document.path.parent, self.apply)

    def apply(self, path: Path) -> None:
        """Reads a map and shows what it would change."""
        self._reading.read_map(path, lambda freeze_map: self._ask(path.name, freeze_map))

    def _ask(self, name: str, freeze_map: FreezeMap) -> None:
        document = self._current()
        if not document:
            return
        change, report = document.tree.plan_map(freeze_map)
        dialog = ApplyMapDialog(name, look(document.tree, change), report, self._window)
        dialog.apply_requested.connect(lambda: self._carry_out(document, name, freeze_map))
        dialog.open()

    def _carry_out(self, asked: Document, name: str, freeze_map: FreezeMap) -> None:
        """Plans anew: the flags may be others than when the map was looked at."""
        document = self._current()
        if document is not asked:
            return
        change, report = document.tree.plan_map(freeze_map)
        said = look(document.tree, change)
        document.make(Edit(change, f"Apply {name}"))
        if report.lines:
            left_out = counted(len(report.lines), "entry", "entries")
            text = f"Applied {name}: {said}. {left_out} did not fit and {'was' if len(report.lines) == 1 else 'were'}"
            self._notifier.say(Level.WARNING, f"{text} left out.", details="\n".join(report.lines))
        else:
            self._notifier.say(Level.DONE, f"Applied {name}: {said}.")

    # -- side by side -----------------------------------------------------------------------------------------

    def _on_compare_triggered(self) -> None:
        document = self._current()
        if document:
            choose_map(self._window, "Compare with the Freeze Map of", document.path.parent, self.compare)

    def compare(self, path: Path) -> None:
        """Reads a map and shows it beside the document's."""
        self._reading.read_map(path, lambda freeze_map: self._show_comparison(path.name, freeze_map))

    def _show_comparison(self, name: str, freeze_map: FreezeMap) -> None:
        document = self._current()
        if not document:
            return
        self.end()
        titles = (f"Here: {document.title}", f"There: {name}")
        dialog = CompareMapsDialog(
            self._theme, titles, lambda: compare_maps(document.freeze_map(), freeze_map), self._window
        )
        dialog.places_chosen.connect(lambda paths: select_paths(self._window, self._current(), paths))
        dialog.apply_requested.connect(lambda: self._carry_out(document, name, freeze_map))
        dialog.finished.connect(self._on_compare_finished)
        document.flags_changed.connect(dialog.schedule)
        self._comparing = dialog
        dialog.show()

    def _on_compare_finished(self) -> None:
        self._comparing = None
