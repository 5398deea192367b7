"""Saves of edits of flags alone: through a reader, whatever the engine does."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import keras
import pytest

from editor.files.keras_archive import read_freeze_map
from tests import models
from tests.integration import plain_keras
from tests.integration.driver import Driver
from tests.integration.files import DEMO
from widgets.saving import FLAGS_ONLY


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A copy of the demo model, which may be saved over."""
    return Path(shutil.copy(DEMO, tmp_path / "model.keras"))


def member_infos(path: Path) -> dict[str, tuple[int, int]]:
    with zipfile.ZipFile(path) as archive:
        return {info.filename: (info.file_size, info.CRC) for info in archive.infolist()}


def test_that_flags_are_saved_while_there_is_no_engine(driver: Driver, model: Path):
    before = member_infos(model)
    driver.open(model)
    driver.click_tick("backbone/conv_1")
    driver.app.link.close()
    driver.save()
    assert FLAGS_ONLY in driver.notice
    assert not driver.has_error
    assert not driver.window.isWindowModified()
    assert member_infos(model)["model.weights.h5"] == before["model.weights.h5"]
    assert plain_keras.is_frozen(model, "backbone") is False
    assert not plain_keras.load(model).get_layer("backbone").get_layer("conv_1").trainable
    assert read_freeze_map(model) == driver.document.freeze_map()

    driver.undo()
    assert driver.window.isWindowModified()
    driver.save()
    assert not driver.window.isWindowModified()
    assert plain_keras.load(model).get_layer("backbone").get_layer("conv_1").trainable
    driver.redo()
    assert driver.window.isWindowModified()


def test_that_after_a_run_the_weights_are_written_and_then_the_flags_alone(driver: Driver, model: Path):
    driver.open(model)
    driver.click_tick("backbone")
    driver.choose_digits()
    driver.type_into("epochs", "1")
    driver.train()
    driver.save()
    assert FLAGS_ONLY not in driver.notice
    weights = plain_keras.weights(model)
    trained = keras.saving.load_model(model).optimizer.variables
    driver.click_tick("backbone/conv_1")
    driver.save()
    assert FLAGS_ONLY in driver.notice
    assert plain_keras.weights(model) == weights
    # Adam's two slots for the kernel that was thawed, beside those of the weights that trained.
    reloaded = keras.saving.load_model(model).optimizer.variables
    assert len(reloaded) == len(trained) + 2
    assert int(reloaded[0]) == int(trained[0]) > 0
    driver.click_tick("digit")
    driver.save_as(model.with_name("other.keras"))
    assert FLAGS_ONLY in driver.notice
    assert plain_keras.weights(model.with_name("other.keras")) == weights


def test_that_an_h5_file_is_saved_in_its_place(driver: Driver, tmp_path: Path):
    path = tmp_path / "tower.h5"
    model = models.seeded(models.siamese)
    model.save(path)
    weights, outputs = plain_keras.weights(path), plain_keras.outputs(path)
    driver.open(path)
    driver.click_tick("tower/bn")
    driver.save()
    assert FLAGS_ONLY in driver.notice
    assert not driver.window.isWindowModified()
    assert driver.document.path == path
    assert not plain_keras.load(path).get_layer("tower").get_layer("bn").trainable
    assert sorted(plain_keras.weights(path)) == sorted(weights)
    assert (plain_keras.outputs(path) == outputs).all()
    driver.open(path)
    assert driver.is_frozen("tower/bn:gamma")


def test_that_what_a_patch_refuses_is_saved_in_full(driver: Driver, tmp_path: Path):
    path = tmp_path / "spectral.keras"
    models.seeded(models.spectral).save(path)
    driver.open(path)
    driver.click_tick("spectral")
    driver.save()
    assert "Saved spectral.keras" in driver.notice
    assert FLAGS_ONLY not in driver.notice
    assert not driver.window.isWindowModified()


def test_that_closing_in_the_midst_of_a_patch_leaves_nothing_half_written(driver: Driver, model: Path):
    before = model.read_bytes()
    driver.open(model)
    driver.click_tick("backbone")
    driver.trigger("save")
    driver.close()
    assert [path.name for path in model.parent.iterdir() if path.name.startswith(".model")] == []
    # It was done already, or nothing of it.
    assert read_freeze_map(model) is not None or model.read_bytes() == before
