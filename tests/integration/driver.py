"""Uses a real window as a person would: clicks, keys and drops; a real engine answers."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import psutil
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QLabel,
    QLineEdit,
    QMessageBox,
    QPlainTextEdit,
    QPushButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from editor.files.options import OpenOptions
from editor.layers.accounts import State
from editor.layers.nodes import Node
from widgets.app import App
from widgets.dialogs.trust import TrustDialog
from widgets.document import Document
from widgets.settings import Settings
from widgets.training.run_state import RunState
from widgets.training.settings_form import SettingsForm

PATIENCE_MS = 60_000
"""An engine takes seconds to start; on a busy machine many."""


class Driver:
    """One running program and the hands on it.

    Attributes:
        patience_ms: How long anything may take.
    """

    patience_ms = PATIENCE_MS

    def __init__(self, qtbot: QtBot, app: App) -> None:
        self.qtbot = qtbot
        self.app = app
        self.window = app.window
        self.is_closed = False

    @classmethod
    def launch(cls, qtbot: QtBot, folder: Path) -> Driver:
        """Starts the program in this process; its settings and workspaces are in `folder`."""
        qt = QApplication.instance()
        assert isinstance(qt, QApplication)
        app = App(qt, Settings(folder / "settings.ini"), folder / "workspaces")
        app.show()
        qtbot.waitExposed(app.window)
        return cls(qtbot, app)

    @property
    def document(self) -> Document:
        assert self.app.document
        return self.app.document

    def wait(self, condition: Callable[[], object]) -> None:
        self.qtbot.waitUntil(lambda: bool(condition()), timeout=self.patience_ms)

    # -- hands ------------------------------------------------------------------------------------------------

    def key_in(
        self, widget: QWidget, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
    ) -> None:
        self.qtbot.keyClick(widget, key, modifiers)

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

    def click_on(self, widget: QWidget, place: QPoint | None = None) -> None:
        """Clicks into the middle of what can be seen and used, or at a place in it."""
        assert widget.isVisible() and widget.isEnabled(), f"{widget.objectName()} cannot be clicked now"
        self.qtbot.mouseClick(widget, Qt.MouseButton.LeftButton, pos=place or widget.rect().center())

    def pick(self, box: QComboBox, text: str) -> None:
        """Opens a list with the mouse, goes to an entry with the keys, and takes it."""
        at = box.findText(text)
        assert at >= 0, f"{text!r} is not offered"
        self.click_on(box)
        self.wait(box.view().isVisible)
        self.key_in(box.view(), Qt.Key.Key_Home)
        while box.view().currentIndex().row() < at:
            self.key_in(box.view(), Qt.Key.Key_Down)
        self.key_in(box.view(), Qt.Key.Key_Return)
        assert box.currentText() == text

    def replace_text(self, field: QLineEdit | QAbstractSpinBox, text: str) -> None:
        """Puts a text in the place of what a field holds."""
        self.click_on(field)
        self.key_in(field, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
        self.qtbot.keyClicks(field, text)

    def click(self, name: str) -> None:
        button = self.window.findChild(QAbstractButton, name)
        assert isinstance(button, QAbstractButton) and button.isEnabled(), f"{name} cannot be clicked now"
        self.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)

    def answer(self, box_name: str, button_text: str) -> None:
        """Waits for a question and clicks an answer."""
        self.wait(lambda: self.boxes(box_name))
        (box,) = self.boxes(box_name)
        button = next(button for button in box.buttons() if button.text().replace("&", "") == button_text)
        self.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)

    def choose_file(self, path: Path) -> None:
        """Goes to a file's folder in the file dialog that is open, picks the file and clicks Open or Save."""
        self.wait(self._file_dialogs)
        (dialog,) = self._file_dialogs()
        results: list[int] = []
        dialog.finished.connect(results.append)
        name = dialog.findChild(QLineEdit, "fileNameEdit")
        assert isinstance(name, QLineEdit)
        name.clearFocus()  # What is being typed there is left alone by the next calls.
        dialog.setDirectory(str(path.parent))
        dialog.selectFile(path.name)
        buttons = dialog.findChild(QDialogButtonBox)
        assert isinstance(buttons, QDialogButtonBox)
        accept = next(b for b in buttons.buttons() if buttons.buttonRole(b) == QDialogButtonBox.ButtonRole.AcceptRole)
        self.wait(accept.isEnabled)
        self.qtbot.mouseClick(accept, Qt.MouseButton.LeftButton)
        self.wait(lambda: results)

    def suggested_file(self) -> Path:
        """The file that the dialog offers to save to."""
        self.wait(self._file_dialogs)
        (name,) = self._file_dialogs()[0].selectedFiles()
        return Path(name)

    def cancel_file_dialog(self) -> None:
        self.wait(self._file_dialogs)
        self.qtbot.keyClick(self._file_dialogs()[0], Qt.Key.Key_Escape)
        self.wait(lambda: not self._file_dialogs())

    def choose_digits(self) -> None:
        """Chooses the first of the offered data, the bundled digits."""
        box = self.window.training.findChild(QComboBox, "dataField")
        assert isinstance(box, QComboBox)
        self.qtbot.keyClick(box, Qt.Key.Key_Home)
        assert self.window.training.settings().data == "sample:digits"

    def type_into(self, field: str, text: str) -> None:
        """Puts a text in the place of what a field of the training panel holds."""
        widget = self.window.training.findChild(QWidget, f"{field}Field")
        assert isinstance(widget, QAbstractSpinBox | QLineEdit)
        self.replace_text(widget, text)

    def drop(self, path: Path) -> None:
        """Drags a file over the window and lets it go."""
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(path))])
        copy, left, none = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
        for event in (
            QDragEnterEvent(QPoint(50, 50), copy, data, left, none),
            QDropEvent(QPointF(50, 50), copy, data, left, none),
        ):
            QApplication.sendEvent(self.window, event)
            assert event.isAccepted()

    def trust_dialogs(self) -> list[TrustDialog]:
        """The dialog that asks about code, if it is open."""
        return [dialog for dialog in self.window.findChildren(TrustDialog) if dialog.isVisible()]

    def keep_preview(self) -> None:
        """Waits for the question about code and runs none."""
        self.wait(self.trust_dialogs)
        (dialog,) = self.trust_dialogs()
        self.qtbot.mouseClick(dialog.keep_button, Qt.MouseButton.LeftButton)

    def give_code(self, path: Path) -> None:
        """Waits for the question about code, chooses a file and agrees to run it."""
        self.wait(self.trust_dialogs)
        (dialog,) = self.trust_dialogs()
        self.qtbot.mouseClick(dialog.source.choose_button, Qt.MouseButton.LeftButton)
        self.choose_file(path)
        self.qtbot.mouseClick(dialog.run_button, Qt.MouseButton.LeftButton)

    # -- whole errands ----------------------------------------------------------------------------------------

    def open(self, path: Path) -> None:
        """Opens a file by the dialog."""
        before = self.app.document
        self.trigger("open")
        self.choose_file(path)
        self.wait_until_opened(before)

    def open_as_argument(self, path: Path, custom_code: Path | None = None) -> None:
        """Opens a file as the command line does."""
        before = self.app.document
        self.app.open(path, OpenOptions.of_code(custom_code))
        self.wait_until_opened(before)

    def wait_until_opened(self, before: Document | None) -> None:
        """Waits until another document than `before` is live or stays a preview, or the notice bar says why not."""
        self.wait(lambda: (self.app.document is not before and not self.app.loader.is_busy) or self.has_error)

    def preview(self, path: Path, custom_code: Path | None = None) -> None:
        """Opens a file as the command line does, and waits for its preview only."""
        before = self.app.document
        self.app.open(path, OpenOptions.of_code(custom_code))
        self.wait(lambda: self.app.document is not before)

    def save_as(self, path: Path) -> None:
        self.trigger("save_as")
        self.choose_file(path)
        self.wait(lambda: not self.app.saver.is_busy)

    def train(self) -> None:
        """Clicks Start when it can be clicked, and waits for the end."""
        self.start_run()
        self.wait(lambda: not self.app.runs.is_active)

    def start_run(self) -> None:
        self.wait(lambda: not self.window.training.start_obstacle())
        self.click("startButton")
        self.wait(lambda: self.app.runs.is_active)

    def start_long_run(self) -> None:
        """Starts a run that goes on until something ends it, and waits for its first batches."""
        self.type_into("epochs", "9999")
        self.start_run()
        self.wait(lambda: self.run_state is RunState.RUNNING and self.document.revision > 3)

    def save(self) -> None:
        self.trigger("save")
        self.wait(lambda: not self.app.saver.is_busy)

    def undo(self) -> None:
        self.trigger("undo")
        self.wait(lambda: not self.app.undo.is_busy)

    def redo(self) -> None:
        self.trigger("redo")
        self.wait(lambda: not self.app.undo.is_busy)

    def suspend_reader(self) -> None:
        """Lets the spare reader stand still."""
        for process in psutil.Process().children():
            if "spawn_main" in _name(process) and process.pid != self.app.link.pid:
                process.suspend()

    def kill_engine(self) -> None:
        """Kills the engine with no chance to say anything, and waits until the window knows."""
        pid = self.app.link.pid
        assert pid
        os.kill(pid, signal.SIGKILL)
        self.wait(lambda: self.app.link.pid != pid)

    def wait_for_engine(self) -> None:
        """Waits until an engine has the document that is open."""
        self.wait(lambda: self.app.link.is_ready and not self.app.loader.is_busy)

    def wait_until_closed(self) -> None:
        """Waits for the window's end, and sees that no process is left."""
        self.wait(self.window.isHidden)
        assert self.app.link.pid is None
        assert not left_over(self._processes())

    def close(self) -> None:
        """Ends the program whatever it is doing, and sees that no process is left."""
        self.is_closed = True
        children = self._processes()
        self.app.leave()
        left = left_over(children)
        assert not left, f"still running: {left}"
        # Each window that stays would make the next one's style slower.
        self.window.deleteLater()
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)

    def _processes(self) -> list[psutil.Process]:
        return psutil.Process().children(recursive=True)

    @property
    def _form(self) -> SettingsForm:
        form = self.window.training.findChild(SettingsForm)
        assert isinstance(form, SettingsForm)
        return form

    def _file_dialogs(self) -> list[QFileDialog]:
        return [dialog for dialog in self.window.findChildren(QFileDialog) if dialog.isVisible()]

    # -- eyes -------------------------------------------------------------------------------------------------

    def node(self, path: str) -> Node:
        node = self.document.tree.find(path)
        assert node is not None, f"there is no {path!r}"
        return node

    def state(self, path: str) -> State:
        return self.document.tree.state(self.node(path))

    def boxes(self, name: str) -> list[QMessageBox]:
        """The boxes of a name that are on the screen."""
        return [box for box in self.window.findChildren(QMessageBox, name) if box.isVisible()]

    def question(self, box_name: str) -> str:
        """Waits for a question and reads what it says."""
        self.wait(lambda: self.boxes(box_name))
        (box,) = self.boxes(box_name)
        return f"{box.text()} {box.informativeText()}".replace("\u200b", "")

    def read_details(self) -> str:
        """Reads the long text behind the notice and closes its dialog."""
        dialog = self.window.findChild(QDialog, "detailsDialog")
        assert isinstance(dialog, QDialog)
        text = dialog.findChild(QPlainTextEdit)
        assert isinstance(text, QPlainTextEdit)
        details = text.toPlainText()
        self.key_in(dialog, Qt.Key.Key_Escape)
        return details

    def is_frozen(self, path: str) -> bool:
        """Whether a node is shown frozen, with nothing trainable counted."""
        is_zero = self.document.tree.account(self.node(path)).trainable.parameters == 0
        return is_zero and self.state(path) is State.FROZEN

    def problem_of(self, field: str) -> str:
        """What stands beside a field of the training panel as wrong; empty if nothing."""
        message = self._form.row(field).message
        return message.text() if message.is_problem() else ""

    @property
    def notice(self) -> str:
        return self.window.notices.text

    @property
    def preview_text(self) -> str:
        """What stands below the layers of a preview."""
        return self.window.layers.preview_bar.text

    @property
    def has_error(self) -> bool:
        return bool(self.notice) and self.window.notices.level in ("error", "warning")

    @property
    def start_button(self) -> QPushButton:
        button = self.window.training.findChild(QPushButton, "startButton")
        assert isinstance(button, QPushButton)
        return button

    @property
    def run_state(self) -> RunState:
        return self.window.training.run_state

    @property
    def run_text(self) -> str:
        """How far the run is, or how it ended, in the status line."""
        label = self.window.progress.findChild(QLabel, "runProgressText")
        assert isinstance(label, QLabel)
        return label.text()

    @property
    def proof_text(self) -> str:
        return self.window.progress.proof_text


def left_over(processes: list[psutil.Process], *, with_tracker: bool = False) -> list[psutil.Process]:
    """Which of the processes do not end within ten seconds.

    Args:
        processes: Which may end.
        with_tracker: Whether multiprocessing's own tracker counts, which lives as long as the process that started it.
    """
    awaited = [process for process in processes if with_tracker or "tracker" not in _name(process)]
    _gone, left = psutil.wait_procs(awaited, timeout=10)
    return left


def _name(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""
