"""Title, summary and actions: what the window shows of the document, and what can be done with it now."""

from __future__ import annotations

from PySide6.QtGui import QUndoStack

from widgets.document import Document
from widgets.engine_link import EngineLink
from widgets.main_window import MainWindow
from widgets.opening import Opener
from widgets.run_control import RunControl
from widgets.undo import RunCommand, WeightsUndo

TITLE = "Frostline"


class WindowState:
    """Derives it all anew at each refresh, so that nothing can be forgotten."""

    def __init__(
        self, window: MainWindow, link: EngineLink, opener: Opener, *, runs: RunControl, undo: WeightsUndo
    ) -> None:
        self._window = window
        self._link = link
        self._opener = opener
        self._runs = runs
        self._undo = undo

    def refresh(self, document: Document | None) -> None:
        """Shows the state of the document that is open; None while nothing is."""
        window = self._window
        name = document.path.name if document else ""
        is_modified = bool(document and document.is_modified)
        window.setWindowTitle(f"{name}[*] – {TITLE}" if document else TITLE)
        window.setWindowModified(is_modified)
        window.summary.show_document(name, is_modified)
        window.summary.show_account(document.tree.account(document.tree.root) if document else None)
        obstacle = self._obstacle()
        window.training.set_engine_ready(not obstacle, obstacle)
        self._enable_actions(document)

    def _obstacle(self) -> str:
        if not self._link.is_ready:
            return "The engine is starting."
        if self._undo.is_busy:
            return "The weights are being put back."
        return self._opener.obstacle

    def _enable_actions(self, document: Document | None) -> None:
        actions, window = self._window.actions_, self._window
        has_document = document is not None
        has_selection = has_document and bool(window.layers.selected_nodes())
        stack = document.stack if document else None
        can = {
            "save": has_document,
            "save_as": has_document,
            **dict.fromkeys(("export_map", "apply_map", "compare_map", "copy_python"), has_document),
            **dict.fromkeys(("export_weights", "export_serving", "export_trained"), has_document),
            "apply_trained": has_document and not self._runs.is_active and not self._undo.is_busy,
            "undo": bool(stack and stack.canUndo() and self._may_step(stack, stack.index() - 1)),
            "redo": bool(stack and stack.canRedo() and self._may_step(stack, stack.index())),
            "find": has_document,
            "freeze": has_selection,
            "thaw": has_selection,
            "invert": has_document,
            "select_pattern": has_document,
            "start": not window.training.start_obstacle() and not self._runs.is_active,
            "stop": self._runs.is_active,
        }
        for action, enabled in can.items():
            actions[action].setEnabled(enabled)
        actions["undo"].setText(f"Undo {stack.undoText()}".strip() if stack else "Undo")
        actions["redo"].setText(f"Redo {stack.redoText()}".strip() if stack else "Redo")

    def _may_step(self, stack: QUndoStack, step: int) -> bool:
        """While a run changes the weights, those of another one are not put in their place."""
        is_weights = isinstance(stack.command(step), RunCommand)
        return not self._undo.is_busy and not (is_weights and self._runs.is_active)
