"""Uses a real window as a person would: clicks, keys and drops; a real engine answers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import psutil
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QApplication, QDialogButtonBox, QFileDialog, QMessageBox, QPushButton
from pytestqt.qtbot import QtBot

from editor.layers.accounts import State
from editor.layers.nodes import Node
from widgets.app import App
from widgets.document import Document
from widgets.settings import Settings
from widgets.training.run_state import RunState

PATIENCE_MS = 60_000
"""An engine takes seconds to start; on a busy machine many."""


class Driver:
    """One running program and the hands on it."""

    def __init__(self, qtbot: QtBot, folder: Path) -> None:
        self.qtbot = qtbot
        self.folder = folder
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        self.app = App(app, Settings(folder / "settings.ini"), folder / "workspaces")
        self.window = self.app.window
        self.app.show()
        qtbot.waitExposed(self.window)

    @property
    def document(self) -> Document:
        assert self.app.document
        return self.app.document

    def wait(self, condition: Callable[[], object]) -> None:
        self.qtbot.waitUntil(lambda: bool(condition()), timeout=PATIENCE_MS)

    # -- hands ------------------------------------------------------------------------------------------------

    def key(self, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        self.qtbot.keyClick(self.window, key, modifiers)

    def trigger(self, name: str) -> None:
        """Uses an action by its keys, as its menu says."""
        action = self.window.actions_[name]
        assert action.isEnabled(), f"{name} cannot be used now"
        # Keys go to the active window only, and a dialog gives that back in its own time.
        self.window.activateWindow()
        self.wait(self.window.isActiveWindow)
        self.qtbot.keySequence(self.window, action.shortcut())

    def click_tick(self, path: str) -> None:
        view = self.window.layers.view
        node = self.node(path)
        view.scrollTo(view.index_of(node))
        self.qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=view.tick_rect_of(node).center())

    def click_row(self, path: str, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        view = self.window.layers.view
        index = view.index_of(self.node(path), 1)
        view.scrollTo(index)
        self.qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, modifiers, view.visualRect(index).center())

    def press_space(self) -> None:
        self.qtbot.keyClick(self.window.layers.view, Qt.Key.Key_Space)

    def click(self, name: str) -> None:
        button = self.window.findChild(QPushButton, name)
        assert button and button.isEnabled(), f"{name} cannot be clicked now"
        self.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)

    def answer(self, box_name: str, button_text: str) -> None:
        """Waits for a question and clicks an answer."""
        self.wait(lambda: self.window.findChild(QMessageBox, box_name))
        box = self.window.findChild(QMessageBox, box_name)
        assert isinstance(box, QMessageBox)
        button = next(button for button in box.buttons() if button.text().replace("&", "") == button_text)
        self.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)

    def choose_file(self, path: Path) -> None:
        """Goes to a file's folder in the file dialog that is open, picks the file and clicks Open or Save."""
        self.wait(lambda: self.window.findChild(QFileDialog))
        dialog = self.window.findChild(QFileDialog)
        assert isinstance(dialog, QFileDialog)
        dialog.setDirectory(str(path.parent))
        dialog.selectFile(path.name)
        buttons = dialog.findChild(QDialogButtonBox)
        assert isinstance(buttons, QDialogButtonBox)
        accept = next(b for b in buttons.buttons() if buttons.buttonRole(b) == QDialogButtonBox.ButtonRole.AcceptRole)
        self.wait(accept.isEnabled)
        self.qtbot.mouseClick(accept, Qt.MouseButton.LeftButton)
        self.wait(lambda: not any(dialog.isVisible() for dialog in self.window.findChildren(QFileDialog)))

    def drop(self, path: Path) -> None:
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(path))])
        event = QDropEvent(
            QPointF(50, 50),
            Qt.DropAction.CopyAction,
            data,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )
        QApplication.sendEvent(self.window, event)

    # -- whole errands ----------------------------------------------------------------------------------------

    def open(self, path: Path) -> None:
        before = self.app.document
        self.trigger("open")
        self.choose_file(path)
        self.wait(lambda: self.app.document is not before or self.has_error)

    def save_as(self, path: Path) -> None:
        self.trigger("save_as")
        self.choose_file(path)
        self.wait(lambda: not self.app.saver.is_busy)

    def train(self) -> None:
        """Clicks Start when it can be clicked, and waits for the end."""
        self.start()
        self.wait(lambda: not self.app.runs.is_active)

    def start(self) -> None:
        self.wait(lambda: not self.window.training.start_obstacle())
        self.click("startButton")
        self.wait(lambda: self.app.runs.is_active)

    def close(self) -> None:
        """Ends the program whatever it is doing, and sees that no process is left."""
        children = psutil.Process().children(recursive=True)
        self.app.leave()
        gone, left = psutil.wait_procs([child for child in children if "tracker" not in _name(child)], timeout=10)
        assert not left, f"still running: {left}"

    # -- eyes -------------------------------------------------------------------------------------------------

    def node(self, path: str) -> Node:
        node = self.document.tree.find(path)
        assert node is not None, f"there is no {path!r}"
        return node

    def state(self, path: str) -> State:
        return self.document.tree.state(self.node(path))

    @property
    def notice(self) -> str:
        return self.window.notices.text

    @property
    def has_error(self) -> bool:
        return bool(self.notice) and self.window.notices.level in ("error", "warning")

    @property
    def run_state(self) -> RunState:
        return self.window.training.run_state

    @property
    def proof_text(self) -> str:
        return self.window.progress.proof_text


def _name(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""
