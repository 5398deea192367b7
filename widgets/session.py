"""One session of the window: from the application object to the last process's end."""

from __future__ import annotations

import shutil
import signal
import socket
import sys
import tempfile
import traceback
from pathlib import Path
from types import FrameType, TracebackType

from PySide6.QtCore import QMessageLogContext, QObject, QSocketNotifier, QTimer, QtMsgType, qInstallMessageHandler
from PySide6.QtWidgets import QApplication

from editor.errors import Problem
from editor.files.options import OpenOptions
from editor.runs.workspace import workspaces_root
from resources import resource_path
from widgets.app import App
from widgets.settings import Settings, settings_path
from widgets.window_state import TITLE

DEMO_MODEL = "digits_transfer.keras"


def run(model: Path | None, custom_code: Path | None, *, demo: bool, headless: bool) -> int:
    """Shows the window and returns when it is closed.

    Args:
        model: A file to open.
        custom_code: Python file with classes that the model needs.
        demo: Whether to open the bundled sample instead.
        headless: Whether nobody can see the window; the demo then goes through its steps by itself.
    """
    qInstallMessageHandler(_on_qt_message)
    qt = QApplication([TITLE])
    qt.setApplicationName(TITLE)
    qt.setDesktopFileName("frostline")
    app = App(qt, Settings(settings_path()), workspaces_root())
    sys.excepthook = _Hook(app).report
    _Interrupts(app)
    app.show()
    if demo:
        folder = Path(tempfile.mkdtemp(prefix="frostline-demo-"))
        model = Path(shutil.copy(resource_path("demo", DEMO_MODEL), folder))
        app.window.training.set_data("sample:digits")
    if model:
        app.open(model, OpenOptions.of_code(custom_code))
    if demo and headless:
        from widgets.demo import DemoTour

        tour = DemoTour(app)
        return qt.exec() or tour.exit_status
    return qt.exec()


def _on_qt_message(_kind: QtMsgType, _context: QMessageLogContext, text: str) -> None:
    # Said by the offscreen platform about every window that has a least size.
    if "propagateSizeHints" not in text:
        sys.stderr.write(f"{text}\n")


class _Hook:
    """An error that nobody expected is shown, and the program goes on."""

    def __init__(self, app: App) -> None:
        self._app = app

    def report(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        details = "".join(traceback.format_exception(kind, error, trace))
        sys.stderr.write(details)
        summary = f"Something unexpected went wrong in the window: {kind.__name__}: {error}."
        self._app.notifier.problem(Problem(summary, "Save your work; the details help to report it.", details))


class _Interrupts(QObject):
    """Ctrl+C and a polite kill end the program at once; what is not saved is offered at the next start."""

    def __init__(self, app: App) -> None:
        super().__init__(app)
        self._app = app
        # Python runs signal handlers between its own instructions only; a byte in this socket wakes Qt's loop up.
        self._ours, theirs = socket.socketpair()
        self._theirs = theirs
        for end in (self._ours, theirs):
            end.setblocking(False)
        signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
        self._notifier = QSocketNotifier(self._ours.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._on_woken)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)

    def _on_woken(self) -> None:
        self._ours.recv(64)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        # By way of the loop: one that has not begun yet would not notice that the window is closed already.
        QTimer.singleShot(0, self._leave)

    def _leave(self) -> None:
        self._app.leave(keep_work=True)
