"""A driver for each test; its processes end with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from tests.integration.driver import Driver


@pytest.fixture
def start_driver(qtbot: QtBot) -> Iterator[Callable[..., Driver]]:
    """Starts the program with its files in a folder; may be called again after `close`."""
    drivers: list[Driver] = []

    def start(folder: Path, kind: type[Driver] = Driver) -> Driver:
        drivers.append(kind.launch(qtbot, folder))
        return drivers[-1]

    yield start
    for driver in drivers:
        if not driver.is_closed:
            driver.close()


@pytest.fixture
def driver(start_driver: Callable[[Path], Driver], tmp_path: Path) -> Driver:
    return start_driver(tmp_path)
