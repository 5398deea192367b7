from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from editor.files.options import OpenOptions
from widgets.recent_models import RecentModels
from widgets.settings import Settings


def test_that_what_a_model_was_opened_with_is_remembered_and_code_only_with_its_digest(qtbot: QtBot, tmp_path: Path):
    weights, agreed, loose = (tmp_path / name for name in ("a.weights.h5", "agreed.keras", "loose.keras"))
    given = {
        weights: OpenOptions(architecture="/models/a.json"),
        agreed: OpenOptions(custom_code="/code/a.py", code_digest="ab12"),
        loose: OpenOptions(custom_code="/code/a.py"),
    }
    menu = QMenu()
    recent = RecentModels(menu, Settings(tmp_path / "settings.ini"))
    for path, options in given.items():
        recent.add(path, options)
    again = RecentModels(menu, Settings(tmp_path / "settings.ini"))
    assert again.options_of(weights) == given[weights]
    assert again.options_of(agreed) == given[agreed]
    assert again.options_of(loose) == OpenOptions()
    for number in range(12):
        again.add(tmp_path / f"{number}.keras")
    assert again.options_of(weights) == OpenOptions()
