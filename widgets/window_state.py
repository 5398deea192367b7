"""Title, summary, preview line and actions: what the window shows of the document, and what can be done with it now."""

from __future__ import annotations

from PySide6.QtGui import QUndoStack

from editor.errors import Problem
from editor.files.code_needs import needed_to_load
from widgets.document import Document, Stage, lacks_architecture
from widgets.engine_link import EngineLink
from widgets.loading import Loader
from widgets.main_window import MainWindow
from widgets.opening import Opener
from widgets.opening_words import trouble_words
from widgets.preview_bar import Remedy
from widgets.run_control import RunControl
from widgets.surgery.control import Surgery
from widgets.undo import RunCommand, WeightsUndo

TITLE = "Frostline"

_OF_THE_ENGINE = ("export_weights", "export_serving", "export_trained", "apply_trained")
"""What needs the live model."""


class WindowState:
    """Derives it all anew at each refresh, so that nothing can be forgotten."""

    def __init__(
        self,
        window: MainWindow,
        link: EngineLink,
        *,
        opener: Opener,
        loader: Loader,
        runs: RunControl,
        steps: tuple[WeightsUndo, Surgery],
    ) -> None:
        self._window = window
        self._link = link
        self._opener = opener
        self._loader = loader
        self._runs = runs
        self._undo, self._surgery = steps
        self._tips = {name: window.actions_[name].toolTip() for name in _OF_THE_ENGINE}

    def refresh(self, document: Document | None) -> None:
        """Shows the state of the document that is open; None while nothing is."""
        window = self._window
        name = document.title if document else ""
        is_modified = bool(document and document.is_modified)
        window.setWindowTitle(f"{name}[*] – {TITLE}" if document else TITLE)
        window.setWindowModified(is_modified)
        window.summary.show_document(
            name,
            is_modified,
            is_preview=bool(document and not document.is_live),
            are_statistics_known=document is None or _are_statistics_known(document),
        )
        window.summary.show_account(document.tree.account(document.tree.root) if document else None)
        obstacle = self.obstacle(document)
        window.training.set_engine_ready(not obstacle, obstacle)
        self._show_preview(document)
        self._enable_actions(document)

    def obstacle(self, document: Document | None) -> str:
        """Why the engine can do nothing with the document now; empty if it can."""
        if document and document.stage is Stage.PREVIEW:
            return self._loader.obstacle(document)
        if not self._link.is_ready:
            return "The engine is starting."
        if self._undo.is_busy:
            return "The weights are being put back."
        if self._surgery.is_busy:
            return "The layers are being edited."
        if self._opener.is_busy:
            return "Another model is being opened."
        return self._loader.obstacle(document)

    def _show_preview(self, document: Document | None) -> None:
        bar = self._window.layers.preview_bar
        if document is None or document.is_live:
            bar.hide()
        elif document.stage is Stage.LOADING:
            doing = "loading the model…" if self._link.is_ready else "the engine is starting, then it loads the model…"
            bar.show_state(f"Preview · {doing}", (Remedy.STOP,), is_busy=True)
        else:
            trouble = document.trouble or Problem("The model is not loaded.")
            # Why loading failed may be long: a notice has said it.
            reason = f"{document.title} could not be loaded." if document.has_failed else trouble.summary
            tip = trouble_words(document, trouble)
            bar.show_state(f"Preview only: {reason}", _remedies(document), is_busy=False, tip=tip)

    def _enable_actions(self, document: Document | None) -> None:
        actions, window = self._window.actions_, self._window
        has_document = document is not None
        has_selection = has_document and bool(window.layers.selected_nodes())
        stack = document.stack if document else None
        run_state = self._runs.state
        can = {
            "save": has_document and not self._surgery.is_busy,
            "save_as": has_document and not self._surgery.is_busy,
            **dict.fromkeys(("export_map", "apply_map", "compare_map", "copy_python"), has_document),
            **dict.fromkeys(_OF_THE_ENGINE, bool(document and document.is_live)),
            "apply_trained": bool(
                document
                and document.is_live
                and not (self._runs.is_active or self._undo.is_busy or self._surgery.is_busy)
            ),
            "undo": bool(stack and stack.canUndo() and self._may_step(stack, stack.index() - 1)),
            "redo": bool(stack and stack.canRedo() and self._may_step(stack, stack.index())),
            "find": has_document,
            "freeze": has_selection,
            "thaw": has_selection,
            "invert": has_document,
            "select_pattern": has_document,
            "give_code": bool(document and not document.is_live and document.preview.needs),
            "start": not window.training.start_obstacle() and not self._runs.is_active,
            "pause": run_state.can_be_paused or run_state.can_be_resumed,
            **dict.fromkeys(("stop", "stop_best", "cancel"), run_state.can_be_stopped),
        }
        for action, enabled in can.items():
            actions[action].setEnabled(enabled)
        actions.show_pause(is_held=run_state.is_held)
        self._surgery.fit_actions(document.tree if document else None, window.layers.selected_nodes())
        waits_for = self._loader.obstacle(document) if document and not document.is_live else ""
        for name, tip in self._tips.items():
            actions[name].setToolTip(f"{tip}\n{waits_for}".strip())
        actions["undo"].setText(f"Undo {stack.undoText()}".strip() if stack else "Undo")
        actions["redo"].setText(f"Redo {stack.redoText()}".strip() if stack else "Redo")

    def _may_step(self, stack: QUndoStack, step: int) -> bool:
        """While a run changes the weights, those of another one are not put in their place."""
        is_weights = isinstance(stack.command(step), RunCommand)
        is_busy = self._undo.is_busy or self._surgery.is_busy
        return not is_busy and not (is_weights and self._runs.is_active)


def _are_statistics_known(document: Document) -> bool:
    return document.is_live or all(weight.is_kind_known for weight in document.tree.root.weights_below)


def _remedies(document: Document) -> tuple[Remedy, ...]:
    """What can be done so that a preview becomes a live model."""
    preview, options = document.preview, document.options
    if preview.obstacle:
        return ()
    if lacks_architecture(document):
        return (Remedy.CHOOSE_ARCHITECTURE,)
    has_code = bool(options.custom_code or options.module or options.allowed_lambdas)
    needs_code = bool(needed_to_load(preview.needs))
    again = () if needs_code and not has_code else (Remedy.TRY_AGAIN,)
    return (*again, *((Remedy.GIVE_CODE,) if needs_code else ()))
