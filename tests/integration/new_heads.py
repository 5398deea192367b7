"""New heads for real models through the real window: `python -m pytest -n 0 tests/integration/new_heads.py`.

For each model and its data: cut in the tree, take the head that the data ask for, train, undo all of it, redo it, save,
and open the file again, with plain Keras too. It takes minutes, so no other command collects it.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import pytest

from editor.training.settings import TrainSettings
from resources import resource_path
from tests.integration.driver import Driver
from widgets.dialogs.replace_head import HeadDialog

NUM_SAMPLES = 48
RUN_MS = 600_000
"""A MobileNetV2 is trained as a whole."""


@dataclass(frozen=True)
class Case:
    """A model, data, and what must come of them.

    Attributes:
        place: Path of the layer to click; empty for the one that is found.
        units: That the head is to have.
        activation: Of the head.
        loss: That the run is to use.
    """

    name: str
    write_model: Callable[[Path], Path]
    data: Callable[[], dict[str, np.ndarray]]
    place: str
    units: int
    activation: str
    loss: str


def fer(folder: Path) -> Path:
    """The real file, of seven emotions."""
    source = Path(__file__).parents[1] / "data" / "models" / "fer" / "emotion_model.hdf5"
    return Path(shutil.copy(source, folder / "fer.hdf5"))


def demo(folder: Path) -> Path:
    """The bundled one."""
    return Path(shutil.copy(resource_path("demo", "digits_transfer.keras"), folder / "demo.keras"))


def saved(make: Callable[[], keras.Model]) -> Callable[[Path], Path]:
    """A model that is made here."""

    def write(folder: Path) -> Path:
        make().save(folder / "model.keras")
        return folder / "model.keras"

    return write


def mobile_net() -> keras.Model:
    """Without a top: its output is a picture."""
    return keras.applications.MobileNetV2((96, 96, 3), include_top=False, weights=None)


def nested() -> keras.Model:
    """A Sequential with a Functional backbone."""
    image = keras.Input((16, 16, 1))
    values = keras.layers.Conv2D(8, 3, name="conv")(image)
    values = keras.layers.BatchNormalization(name="bn")(values)
    backbone = keras.Model(image, keras.layers.ReLU(name="relu")(values), name="backbone")
    top = [keras.layers.Flatten(name="flat"), keras.layers.Dense(3, activation="softmax", name="kind")]
    return keras.Sequential([keras.Input((16, 16, 1)), backbone, *top], name="nested")


def two_outputs() -> keras.Model:
    """One tells a kind, one a size."""
    values = keras.Input((6,), name="values")
    trunk = keras.layers.Dense(8, activation="relu", name="trunk")(values)
    left = keras.layers.Dense(6, activation="relu", name="left")(trunk)
    right = keras.layers.Dense(6, activation="relu", name="right")(trunk)
    kind = keras.layers.Dense(2, activation="softmax", name="kind")(left)
    return keras.Model(values, [kind, keras.layers.Dense(1, name="size")(right)], name="two")


def pictures(side: int, channels: int, labels: np.ndarray) -> Callable[[], dict[str, np.ndarray]]:
    """Noise."""
    shape = (NUM_SAMPLES, side, side, channels)
    return lambda: {"x": np.random.default_rng(0).random(shape, "float32"), "y": labels}


def of_two() -> dict[str, np.ndarray]:
    """A kind of five, and two sizes."""
    generator = np.random.default_rng(0)
    kind, size = np.arange(NUM_SAMPLES) % 5, generator.random((NUM_SAMPLES, 1), "float32")
    return {"x": generator.random((NUM_SAMPLES, 6), "float32"), "kind": kind, "size": size}


TEN, TWO, SIX = (np.arange(NUM_SAMPLES) % number for number in (10, 2, 6))
LABELS = (np.random.default_rng(1).random((NUM_SAMPLES, 4)) > 0.5).astype("float32")
NUMBERS = np.random.default_rng(2).normal(size=(NUM_SAMPLES, 3)).astype("float32")
SPARSE, BINARY, SQUARED = "sparse_categorical_crossentropy", "binary_crossentropy", "mean_squared_error"

CASES = (
    Case("fer-classes", fer, pictures(64, 1, TEN), "", 10, "softmax", SPARSE),
    Case("fer-binary", fer, pictures(64, 1, TWO), "", 1, "sigmoid", BINARY),
    Case("mobilenet-classes", saved(mobile_net), pictures(96, 3, SIX), "out_relu", 6, "softmax", SPARSE),
    Case("mobilenet-lower", saved(mobile_net), pictures(96, 3, TWO), "block_6_project_BN", 1, "sigmoid", BINARY),
    Case("demo-labels", demo, pictures(8, 1, LABELS), "", 4, "sigmoid", BINARY),
    Case("demo-numbers", demo, pictures(8, 1, NUMBERS), "", 3, "linear", SQUARED),
    Case("nested-inside", saved(nested), pictures(16, 1, SIX), "backbone/conv", 6, "softmax", SPARSE),
    Case("two-outputs", saved(two_outputs), of_two, "left", 5, "softmax", f"{SPARSE} + {SQUARED}"),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_that_a_new_head_goes_all_the_way(case: Case, driver: Driver, tmp_path: Path):
    np.savez(tmp_path / "data.npz", **case.data())
    driver.open_as_argument(case.write_model(tmp_path))
    driver.wait_for_engine()
    panel, checked = driver.window.training, []
    driver.app.link.settings_checked.connect(checked.append)
    panel.set_settings(TrainSettings(data=str(tmp_path / "data.npz"), epochs=2, seed=1, loss="poisson"))
    driver.wait(lambda: driver.app.surgery.data_facts.now().outputs)
    driver.wait(lambda: not driver.app._edit_obstacle())
    tree, before = driver.document.tree, driver.document.revision

    replace_head(driver, case)
    assert driver.document.tree is not tree, driver.notice
    assert "poisson does not go with" in driver.notice
    driver.wait(lambda: checked[-1].report.loss == case.loss and not panel.start_obstacle())
    driver.start_run()
    driver.qtbot.waitUntil(lambda: not driver.app.runs.is_active, timeout=RUN_MS)
    trained = driver.document.revision
    driver.save_as(tmp_path / "trained.keras")
    outputs = plain_outputs(tmp_path / "trained.keras", case)
    assert case.units in {values.shape[-1] for values in outputs}

    for _ in range(2):
        driver.undo()
    assert driver.document.tree is tree
    assert driver.document.revision == before
    for _ in range(2):
        driver.redo()
    assert driver.document.revision == trained
    driver.save_as(tmp_path / "again.keras")
    for ours, theirs in zip(outputs, plain_outputs(tmp_path / "again.keras", case), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    driver.open(tmp_path / "trained.keras")
    driver.wait_for_engine()
    driver.wait(lambda: not panel.start_obstacle())


def replace_head(driver: Driver, case: Case) -> None:
    """Clicks the place, and takes the head that the data ask for."""
    driver.trigger("replace_head")
    (dialog,) = driver.window.findChildren(HeadDialog)
    if case.place:
        driver.window.layers.view.folding.expand_below([driver.node(case.place.partition("/")[0])])
        driver.click_row(case.place)
        assert dialog.wish.edit.path == case.place, dialog.cut_form.note_text
    head = dialog.wish.edit.head
    assert (head.units, head.activation) == (case.units, case.activation), head
    dialog.make_button.click()
    driver.wait(lambda: not driver.app.surgery.is_busy)


def plain_outputs(path: Path, case: Case) -> list[np.ndarray]:
    """What plain Keras gives."""
    model = keras.saving.load_model(path)
    values = model.predict(next(iter(case.data().values()))[:4], verbose=0)
    return [np.asarray(each) for each in (values if isinstance(values, list) else [values])]
