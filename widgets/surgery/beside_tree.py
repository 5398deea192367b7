"""Dialogs beside the window that have their place chosen in the tree, while nothing else can be edited."""

from __future__ import annotations

from PySide6.QtCore import QObject, Slot

from widgets.dialogs.replace_head import HeadDialog
from widgets.dialogs.transfer_learning import TransferWizard
from widgets.main_window import MainWindow


class BesideTree(QObject):
    """One dialog at a time.

    A dialog over the window would take its clicks, and one beside it would leave all commands in use: so all but the
    tree stands still as long as the dialog is open, and the tree takes clicks for it.

    Args:
        window: Has the tree.
    """

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._dialog: HeadDialog | TransferWizard | None = None
        # What the dialog speaks of is gone with the layers, such as when an engine that died is followed by another.
        window.layers.model.modelAboutToBeReset.connect(self.close)

    def ask(self, dialog: HeadDialog | TransferWizard) -> None:
        """Opens a dialog."""
        self._dialog = dialog
        layers = self._window.layers
        self._window.hold_edits(dialog)
        layers.begin_picking()
        layers.place_picked.connect(dialog.choose_place)
        dialog.cut_shown.connect(layers.show_cut)
        dialog.finished.connect(self._on_finished)
        dialog.ask()

    @Slot()
    def close(self) -> None:
        """Ends the dialog without an edit."""
        if self._dialog:
            self._dialog.reject()

    @Slot()
    def _on_finished(self) -> None:
        self._dialog = None
        self._window.layers.end_picking()
        self._window.hold_edits(None)
