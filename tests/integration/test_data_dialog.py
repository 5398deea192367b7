"""Data chosen, looked at and prepared in the window; a real engine reads them."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import keras
import pytest
from keras import layers
from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QPushButton, QSpinBox

from tests.integration.data_hands import DataHands
from tests.integration.driver import Driver
from tests.integration.person import Person
from tests.real_work.files import write_penguins
from widgets.data.dialog import DataDialog
from widgets.data.functions import FunctionDialog
from widgets.training.run_state import RunState

OTHER_CLASSES = (
    "There are 3 classes in column species (Adelie, Chinstrap, Gentoo), but the model has 2 outputs. Give it an "
    "output for each class (Replace Head… in the window), or leave out classes."
)
LEFT = Qt.MouseButton.LeftButton


def picture(value: int) -> bytes:
    """A grey PNG of 6 by 6 pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = b"".join(b"\0" + bytes([value]) * 6 for _ in range(6))
    head = struct.pack(">IIBBBBB", 6, 6, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of images with two classes, and a file that is no image."""
    for name, value in (("dark", 20), ("light", 200)):
        place = tmp_path / "pictures" / name
        place.mkdir(parents=True)
        for number in range(16):
            (place / f"{number}.png").write_bytes(picture(value + number))
    (tmp_path / "pictures" / "dark" / "broken.png").write_bytes(b"no picture")
    return tmp_path / "pictures"


@pytest.fixture
def image_model(tmp_path: Path) -> Path:
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [keras.Input((6, 6, 1)), layers.Flatten(), layers.Dense(2, activation="softmax", name="head")]
    )
    model.save(tmp_path / "images.keras")
    return tmp_path / "images.keras"


@pytest.fixture
def table_model(tmp_path: Path) -> Path:
    """For the penguins without their year, but with a head for two species."""
    keras.utils.set_random_seed(1)
    hidden = layers.Dense(16, activation="relu", name="hidden")
    model = keras.Sequential([keras.Input((9,)), hidden, layers.Dense(2, activation="softmax", name="species")])
    model.save(tmp_path / "table.keras")
    return tmp_path / "table.keras"


def dialog_of(driver: Driver) -> DataDialog:
    driver.wait(lambda: driver.app.data.dialog)
    dialog = driver.app.data.dialog
    assert dialog
    return dialog


def wait_until_read(driver: Driver, dialog: DataDialog) -> None:
    driver.wait(lambda: not dialog.is_busy)


def pick(driver: Driver, box: QComboBox, text: str) -> None:
    """Picks an entry by typing its first word, as a person without a mouse does."""
    driver.qtbot.keyClicks(box, text.split()[0])
    assert box.currentText() == text


def test_that_a_dropped_folder_is_shown_and_trained_on(driver: Driver, image_model: Path, folder: Path):
    driver.open_as_argument(image_model)

    # What is chosen and cancelled leaves the training panel as it was.
    driver.qtbot.mouseClick(driver.window.training.data_field.edit_button, LEFT)
    dialog = dialog_of(driver)
    pick(driver, dialog.source.box, "Digits sample (1,797 images)")
    driver.qtbot.mouseClick(dialog.form.balance, LEFT)
    driver.key_in(dialog, Qt.Key.Key_Escape)
    assert driver.window.training.settings().data == ""

    driver.drop(folder)
    dialog = dialog_of(driver)
    wait_until_read(driver, dialog)
    assert [bar.name for bar in dialog.view.bars.chart.bars] == ["dark", "light"]
    assert all(sample.picture for sample in dialog.view.samples.cards.samples)
    assert "broken.png" in dialog.view.skipped.item(0).text()
    assert dialog.view.tabs.tabText(2) == "Left out 1"

    # Augmentation and the share are shown at once, and hold when OK is clicked.
    dialog.form.augmentation.menu.actions()[0].trigger()
    share = dialog.form.share
    assert isinstance(share, QSpinBox)
    share.selectAll()
    driver.qtbot.keyClicks(share, "50")
    driver.wait(lambda: dialog.view.bars.chart.bars[0].num_validation == 8)
    first = dialog.view.samples.cards.samples
    driver.qtbot.mouseClick(dialog.view.new_samples, LEFT)
    driver.wait(lambda: dialog.view.samples.cards.samples != first)
    driver.qtbot.mouseClick(dialog.ok_button, LEFT)
    settings = driver.window.training.settings()
    assert settings.validation_split == 0.5
    assert [layer.layer for layer in settings.data_options.augmentation] == ["RandomFlip"]

    driver.train()
    assert driver.run_state is RunState.FINISHED


def choose_columns(data: DataHands) -> None:
    data.use("species", "Target")
    data.use("year", "Ignore")
    data.treat("sex", "Take the most frequent")


def test_that_a_table_is_chosen_gets_a_head_and_is_learned(
    start_driver: Callable[..., Driver], table_model: Path, tmp_path: Path
):
    train, test = write_penguins(tmp_path)
    person = start_driver(tmp_path, Person)
    assert isinstance(person, Person)
    person.open(table_model)
    person.wait_for_engine()
    person.choose_data(train, test, choose_columns, problem=OTHER_CLASSES)
    options = person.window.training.settings().data_options
    assert (options.targets, options.columns, options.missing) == (
        ("species",),
        {"year": "ignore"},
        {"sex": "most-frequent"},
    )

    obstacles: list[str] = []
    person.document.structure_changed.connect(lambda _change: obstacles.append(person.window.training.start_obstacle()))
    person.replace_head(units=3)
    assert obstacles == ["Checking the settings…"]

    person.set_run(epochs=10, seed=1)
    person.type_into("learning_rate", "0.01")
    notices = [person.notice]
    person.app.runs.requested.connect(lambda _request: notices.append(person.notice))
    person.train_to_the_end()
    assert notices[0].startswith("Replace head: done.")
    assert notices[1:] == [""]
    assert person.app.preflight.panel.summary.text("Data") == (
        "260 samples to train on · 9 batches an epoch · 84 to test on"
    )
    accuracy = person.test_accuracy()
    assert accuracy > 0.95
    assert f"Test: accuracy {accuracy:.4g}" in person.run_text
    person.save_as(tmp_path / "learned.keras")
    person.open(tmp_path / "learned.keras")
    assert [layer.name for layer in person.document.tree.root.children] == ["hidden", "head_dropout", "head_output"]

    agree_to_a_function(person, tmp_path)


def agree_to_a_function(driver: Driver, tmp_path: Path) -> None:
    """It runs only when its very text was agreed to."""
    code = tmp_path / "mine.py"
    mark = tmp_path / "ran"
    code.write_text(f"open({str(mark)!r}, 'w')\n\ndef rows():\n    raise RuntimeError('no data')\n")
    driver.trigger("data")
    dialog = dialog_of(driver)
    driver.qtbot.mouseClick(dialog.source.function_button, LEFT)
    question = dialog.findChild(FunctionDialog)
    assert question
    assert not question.run_button.isEnabled()
    question.source.choose_file(code)
    assert "def rows" in question.text.toPlainText()
    assert question.function.currentText() == "rows"
    assert not mark.exists()
    driver.qtbot.mouseClick(question.run_button, LEFT)
    name = f"{code}:rows"
    assert dialog.settings().data == name
    wait_until_read(driver, dialog)

    driver.qtbot.mouseClick(dialog.ok_button, LEFT)
    assert len(driver.window.training.settings().data_options.consent) == 64
    code.write_text("def rows():\n    return 1\n")
    driver.trigger("data")
    dialog = dialog_of(driver)
    driver.qtbot.mouseClick(dialog.source.function_button, LEFT)
    changed = dialog.findChild(FunctionDialog)
    assert changed
    assert changed.warning.isVisible()

    # What ends the engine is named.
    code.write_text("import os, signal\n\ndef rows():\n    os.kill(os.getpid(), signal.SIGKILL)\n")
    changed.source.choose_file(code)
    driver.qtbot.mouseClick(changed.run_button, LEFT)
    wait_until_read(driver, dialog)
    assert "The engine ended while it read mine.py:rows; the model is as it was." in dialog.message.text()


def test_that_what_is_to_be_known_is_said_above_start_and_mended_by_a_click(driver: Driver, tmp_path: Path):
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Flatten(),
            layers.Dense(4, name="hidden"),
            layers.BatchNormalization(name="bn"),
            layers.Dense(10, activation="softmax", name="my head"),
        ]
    )
    model.save(tmp_path / "digits.keras")
    driver.open_as_argument(tmp_path / "digits.keras")
    driver.choose_digits()
    driver.window.training.set_settings(replace(driver.window.training.settings(), epochs=1))
    preflight = driver.app.preflight
    driver.wait(lambda: preflight.is_current)
    assert preflight.line.button.text() == "1 thing to mend before you start"
    driver.click("preflightButton")
    driver.qtbot.mouseClick(preflight.panel.cards.cards[0].cure_button, LEFT)
    driver.wait(lambda: driver.document.tree.find("my_head"))
    driver.wait(lambda: preflight.is_current and not preflight.findings)

    driver.type_into("batch_size", "2")
    driver.wait(lambda: preflight.is_current and preflight.findings)
    assert preflight.line.button.text() == "1 thing to know before you start"
    (card,) = preflight.panel.cards.cards
    assert card.finding
    assert card.finding.paths == ("bn",)
    driver.qtbot.mouseClick(card.cure_button, LEFT)
    assert driver.window.training.settings().batch_size == 32
    driver.wait(lambda: preflight.is_current and not preflight.findings)
    assert "A batch of 8 went through" in preflight.panel.summary.text("Tried")
    start = preflight.panel.findChild(QPushButton, "preflightStart")
    driver.wait(lambda: start.isEnabled())
    driver.qtbot.mouseClick(start, LEFT)
    driver.wait(lambda: driver.run_state is RunState.FINISHED)
