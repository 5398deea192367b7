"""Freeze maps, exports, trained weights and code through the real window."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QPlainTextEdit

from editor.layers.freeze_map import FreezeMap
from tests.integration import plain_keras
from tests.integration.driver import Driver
from tests.integration.files import DEMO, SUBCLASSED
from widgets.dialogs.apply_map import ApplyMapDialog
from widgets.dialogs.compare_maps import CompareMapsDialog


@pytest.fixture
def opened(driver: Driver, tmp_path: Path) -> Driver:
    driver.open(Path(shutil.copy(DEMO, tmp_path / "model.keras")))
    return driver


def use(driver: Driver, action: str, path: Path) -> None:
    """Uses an action of a menu that asks for a file."""
    assert driver.window.actions_[action].isEnabled()
    driver.window.actions_[action].trigger()
    driver.choose_file(path)


def wait_for(driver: Driver, kind: type[QDialog]) -> QDialog:
    driver.wait(lambda: driver.window.findChild(kind))
    dialog = driver.window.findChild(kind)
    assert isinstance(dialog, QDialog)
    return dialog


def test_that_a_map_is_exported_and_applied_again(opened: Driver, tmp_path: Path):
    path = tmp_path / "model.freeze.json"
    opened.click_tick("backbone/conv_1")
    exported = opened.document.freeze_map()
    use(opened, "export_map", path)
    opened.wait(lambda: "Exported the freeze map" in opened.notice)
    assert FreezeMap.from_json(path.read_bytes()) == exported

    opened.click_tick("backbone/conv_1")
    opened.click_tick("digit")
    num_steps = opened.document.stack.count()
    use(opened, "apply_map", path)
    dialog = wait_for(opened, ApplyMapDialog)
    assert isinstance(dialog, ApplyMapDialog)
    assert "2 layers" in dialog.look_text
    opened.click("applyMapButton")
    assert opened.document.freeze_map() == exported
    assert opened.document.stack.count() == num_steps + 1
    assert opened.document.stack.undoText() == "Apply model.freeze.json"


def test_that_another_models_map_is_compared_and_taken_over(opened: Driver, tmp_path: Path):
    other = tmp_path / "other.keras"
    opened.click_tick("backbone/conv_1")
    opened.save_as(other)
    theirs = opened.document.freeze_map()
    opened.undo()
    use(opened, "compare_map", other)
    dialog = wait_for(opened, CompareMapsDialog)
    assert isinstance(dialog, CompareMapsDialog)
    assert [dialog.model.index(row, 0).data() for row in range(dialog.model.rowCount())] == ["backbone/conv_1"]
    dialog.table.setCurrentIndex(dialog.model.index(0, 0))
    assert [node.path for node in opened.window.layers.selected_nodes()] == ["backbone/conv_1"]
    dialog.apply_button.click()
    assert opened.document.freeze_map() == theirs
    opened.wait(lambda: dialog.model.rowCount() == 0)
    dialog.close()


def test_that_a_file_without_a_map_says_so(opened: Driver, models: Path):
    use(opened, "apply_map", models / "dataprofiler" / "structured_model.keras")
    opened.wait(lambda: "holds no freeze map" in opened.notice)


def test_that_the_code_is_on_the_clipboard_and_can_be_seen(opened: Driver):
    opened.click_tick("backbone/conv_1")
    opened.trigger("copy_python")
    assert "Copied" in opened.notice
    code = QGuiApplication.clipboard().text()
    compile(code, "copied", "exec")
    opened.click("noticeAction")
    dialog = opened.window.findChild(QDialog, "detailsDialog")
    assert isinstance(dialog, QDialog)
    shown = dialog.findChild(QPlainTextEdit)
    assert isinstance(shown, QPlainTextEdit)
    assert shown.toPlainText() == code
    dialog.close()


def test_that_trained_weights_go_out_and_come_back_as_one_step(opened: Driver, tmp_path: Path):
    trained, saved = tmp_path / "model.trained.h5", tmp_path / "saved.keras"
    applied, undone, redone = (tmp_path / f"{name}.keras" for name in ("applied", "undone", "redone"))
    opened.click_tick("backbone")
    frozen = opened.document.freeze_map()
    opened.choose_digits()
    opened.type_into("epochs", "1")
    opened.train()
    use(opened, "export_trained", trained)
    opened.wait(lambda: "Exported model.trained.h5" in opened.notice)
    opened.save_as(saved)
    opened.document.stack.setClean()

    opened.open(tmp_path / "model.keras")
    before = opened.document.freeze_map()
    use(opened, "apply_trained", trained)
    opened.wait(lambda: "Applied model.trained.h5" in opened.notice)
    assert opened.document.freeze_map() == frozen
    assert opened.window.isWindowModified()
    opened.save_as(applied)
    assert plain_keras.weights(applied) == plain_keras.weights(saved)

    opened.undo()
    assert opened.document.freeze_map() == before
    assert opened.document.stack.index() == 0
    opened.save_as(undone)
    assert plain_keras.weights(undone) == plain_keras.weights(DEMO)
    opened.redo()
    assert opened.document.freeze_map() == frozen
    opened.save_as(redone)
    assert plain_keras.weights(redone) == plain_keras.weights(saved)


def test_that_weights_and_a_folder_for_serving_are_exported(opened: Driver, tmp_path: Path):
    weights, folder = tmp_path / "model.weights.h5", tmp_path / "served"
    use(opened, "export_weights", weights)
    opened.wait(lambda: "Exported model.weights.h5" in opened.notice)
    assert weights.is_file()
    assert (tmp_path / "model.freeze.json").is_file()
    opened.app.side_files.exporter.export("saved-model", folder)
    opened.wait(lambda: "Exported served" in opened.notice)
    assert (folder / "saved_model.pb").is_file()
    opened.app.side_files.exporter.export("saved-model", folder)
    opened.answer("replaceQuestion", "Replace")
    opened.wait(lambda: not opened.app.side_files.exporter.is_busy)
    assert "Exported served" in opened.notice


def test_that_an_h5_file_is_saved_as_one(driver: Driver, tmp_path: Path, models: Path):
    path = Path(shutil.copy(models / "fer" / "emotion_model.hdf5", tmp_path / "emotion.h5"))
    driver.open(path)
    assert driver.app.document, driver.notice
    layer = next(layer for layer in driver.document.tree.walk_layers() if layer.weights)
    driver.click_tick(layer.path)
    flags = driver.document.freeze_map()
    driver.save()
    assert driver.document.path == path, driver.notice
    assert not driver.window.isWindowModified(), driver.notice
    driver.open(path)
    assert driver.document.freeze_map() == flags


def test_that_a_model_is_saved_as_another_kind_of_file(opened: Driver, tmp_path: Path):
    path = tmp_path / "model.h5"
    opened.click_tick("backbone")
    flags, before = opened.document.freeze_map(), opened.document.path.name
    opened.save_as(path)
    assert opened.document.path == path, opened.notice
    opened.window.inspector.show_nodes(())
    facts = opened.window.inspector.facts
    assert facts["Opened from"].startswith(f"{before} · Keras archive (.keras)")
    assert facts["Compiled"] == "not in the file"
    opened.open(path)
    assert opened.document.freeze_map() == flags
    assert opened.window.inspector.facts["File"].startswith("HDF5 model")
    assert plain_keras.weights(path) == plain_keras.weights(DEMO)


def test_that_what_an_h5_file_cannot_hold_is_offered_to_be_saved_as_keras(driver: Driver, tmp_path: Path):
    driver.open_as_argument(SUBCLASSED.write_model(tmp_path), SUBCLASSED.custom_code)
    driver.save_as(tmp_path / "model.h5")
    assert driver.has_error
    assert not (tmp_path / "model.h5").exists()
    driver.click("noticeAction")
    driver.choose_file(tmp_path / "instead.keras")
    driver.wait(lambda: not driver.app.saver.is_busy)
    assert driver.document.path == tmp_path / "instead.keras"


def test_that_one_is_told_before_a_save_that_the_optimizers_state_will_not_be_kept(opened: Driver, tmp_path: Path):
    path = tmp_path / "model.h5"
    opened.choose_digits()
    opened.type_into("epochs", "1")
    opened.train()
    opened.save_as(path)
    assert "without the optimizer's state" in opened.question("optimizerQuestion")
    assert not path.exists()
    opened.answer("optimizerQuestion", "Save Without")
    opened.wait(lambda: "Saved model.h5" in opened.notice)
    assert opened.document.path == path
