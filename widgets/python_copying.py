"""Copy as Python: what is frozen, as plain Keras code on the clipboard."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject
from PySide6.QtGui import QGuiApplication

from editor.layers.python_code import python_code
from editor.layers.tree import LayerTree
from editor.wording import counted
from widgets.dialogs.details import show_details
from widgets.document import Document
from widgets.main_window import MainWindow
from widgets.notice_bar import Level
from widgets.notifier import Notifier

_SAID = "It loads the model and freezes exactly this, with Keras alone. Compile the model after it."


class PythonCopying(QObject):
    """Puts the code on the clipboard, and shows it on request.

    Args:
        window: Has the action.
        notifier: Says that it was copied.
        current: The document that is open.
    """

    def __init__(self, window: MainWindow, notifier: Notifier, current: Callable[[], Document | None]) -> None:
        super().__init__(window)
        self._window = window
        self._notifier = notifier
        self._current = current
        window.actions_["copy_python"].triggered.connect(self.copy)

    def copy(self) -> None:
        """Copies the code that freezes exactly what is frozen now."""
        document = self._current()
        if not document:
            return
        unknown = unknown_names(document.tree)
        if unknown:
            self._notifier.say(
                Level.WARNING,
                f"The file does not tell the names of {counted(len(unknown), 'layer')} or their weights, "
                "and Python needs them. Copy again when the model is loaded.",
                details="\n".join(unknown),
            )
            return
        code = python_code(document.tree, file_name=document.path.name)
        if document.options.code_path:
            code = f"import {document.options.code_path.stem}  # has the model's own classes\n{code}"
        QGuiApplication.clipboard().setText(code)
        lines = counted(len(code.splitlines()), "line")
        self._notifier.say(
            Level.DONE,
            f"Copied {lines} of Python that freeze exactly this.",
            action="Show",
            on_action=lambda: self._show(code),
        )

    def _show(self, code: str) -> None:
        show_details(self._window, _SAID, code, title="Copied Python", is_code=True)


def unknown_names(tree: LayerTree) -> tuple[str, ...]:
    """Paths of the layers that a file names by their keys alone, or whose weights it names by numbers."""
    return tuple(
        layer.path
        for layer in tree.walk_layers()
        if not layer.record.is_name_known or not all(weight.is_name_known for weight in layer.record.weights)
    )
