"""A SavedModel folder in the window: seen at once, made live, saved beside it."""

from __future__ import annotations

import shutil
from pathlib import Path

from editor.layers.accounts import State
from tests.integration.driver import Driver

FOLDER = Path(__file__).parents[1] / "data" / "saved_models"


def test_that_a_saved_model_is_opened_edited_and_saved_beside_it(driver: Driver, tmp_path: Path):
    folder = shutil.copytree(FOLDER / "plain", tmp_path / "plain.keras")
    before = sorted((path, path.stat().st_mtime_ns) for path in folder.rglob("*"))
    driver.open(folder / "saved_model.pb")
    assert driver.window.windowTitle().startswith("plain.keras")
    assert driver.app.settings.recent("models") == (str(folder),)
    tree = driver.document.tree
    assert tree.state(tree.find("norm")) is State.FROZEN
    driver.click_tick("dense")
    driver.trigger("save_as")
    assert driver.suggested_file() == tmp_path / "plain.keras.keras"
    driver.cancel_file_dialog()
    driver.save_as(tmp_path / "mine.keras")
    driver.open(tmp_path / "mine.keras")
    tree = driver.document.tree
    assert tree.state(tree.find("dense")) is State.FROZEN
    driver.window.actions_["open_folder"].trigger()
    driver.choose_file(folder)
    driver.wait(lambda: driver.document.path == folder)
    assert sorted((path, path.stat().st_mtime_ns) for path in folder.rglob("*")) == before
