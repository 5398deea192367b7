"""The program in a process that is no test, for a person to work in."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PySide6.QtCore import qInstallMessageHandler
from PySide6.QtWidgets import QApplication
from pytestqt.exceptions import capture_exceptions
from pytestqt.qt_compat import qt_api
from pytestqt.qtbot import QtBot

from tests.integration.person import Person

PATIENCE_MS = 900_000
"""A run of real work takes minutes on a busy machine."""


@contextmanager
def person_at_work(folder: Path, pictures: Path | None = None) -> Iterator[Person]:
    """Starts the program, and ends it after the work; nothing may have gone wrong inside."""
    qt_api.set_qt_api("pyside6")
    qInstallMessageHandler(_pass_on)
    _qt = QApplication.instance() or QApplication([])
    bot: Any = QtBot(None)  # type: ignore[arg-type]
    with capture_exceptions() as exceptions:
        person = Person.launch(bot, folder)
        person.pictures = pictures
        person.patience_ms = PATIENCE_MS
        if pictures:
            pictures.mkdir(parents=True, exist_ok=True)
        try:
            yield person
        finally:
            person.close()
    if exceptions:
        raise exceptions[0][1]


def _pass_on(_kind: Any, _context: Any, text: str) -> None:
    """Tells what Qt says, but for what the offscreen platform says of every window."""
    if not text.startswith("This plugin does not support"):
        print(text, file=sys.stderr)
