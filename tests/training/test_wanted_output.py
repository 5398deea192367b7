"""What data ask of a head, whatever the model's last layer is now."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest

from editor.keras_model.walk import walk_model
from editor.training.data_options import DataOptions
from editor.training.head_settings import settings_for_head
from editor.training.run import check_settings
from editor.training.settings import TrainSettings

OLD_HEADS = {"softmax": 3, "sigmoid": 1, "linear": 1}
NUM_ROWS = 60


@pytest.fixture(scope="module")
def old_models():
    """One model for each kind of head that data may meet."""
    return {
        activation: walk_model(
            keras.Sequential([keras.Input((4,)), keras.layers.Dense(units, activation=activation, name="head")])
        )
        for activation, units in OLD_HEADS.items()
    }


def one_hot(num_classes: int) -> np.ndarray:
    return np.eye(num_classes, dtype="float32")[np.arange(NUM_ROWS) % num_classes]


LABELS = {
    "two classes": (np.arange(NUM_ROWS) % 2, ("binary", 1)),
    "five classes": (np.arange(NUM_ROWS) % 5, ("multi-class", 5)),
    "words": (np.array(["ant", "bee", "cow"])[np.arange(NUM_ROWS) % 3], ("multi-class", 3)),
    "minus one and one": (2 * (np.arange(NUM_ROWS) % 2) - 1, ("binary", 1)),
    "from 1": (1 + np.arange(NUM_ROWS) % 4, ("multi-class", 4)),
    "thirty classes": (np.arange(NUM_ROWS) % 30, ("multi-class", 30)),
    "a class that is never seen": (np.array([0, 1, 3])[np.arange(NUM_ROWS) % 3], ("multi-class", 4)),
    "one-hot": (one_hot(6), ("multi-class", 6)),
    "several labels": (np.maximum(one_hot(4), one_hot(4)[::-1]), ("multi-label", 4)),
    "numbers": (np.linspace(-1, 1, NUM_ROWS), ("regression", 1)),
    "three numbers": (np.linspace(-1, 1, 3 * NUM_ROWS).reshape(-1, 3), ("regression", 3)),
}


@pytest.mark.parametrize("old", OLD_HEADS)
@pytest.mark.parametrize("kind", LABELS)
def test_that_arrays_ask_for_the_same_head_of_every_model(old_models, tmp_path: Path, kind: str, old: str):
    labels, expected = LABELS[kind]
    if (kind, old) == ("thirty classes", "linear"):
        expected = ("regression", 1)  # Many whole numbers beside a model of one number may be amounts.
    np.savez(tmp_path / "data.npz", x=np.zeros((NUM_ROWS, 4), "float32"), y=labels)
    report = check_settings(old_models[old], TrainSettings(data=str(tmp_path / "data.npz")))
    (wanted,) = report.wanted_outputs
    assert (wanted.task, wanted.units) == expected


@pytest.mark.parametrize("old", OLD_HEADS)
@pytest.mark.parametrize(
    ("targets", "expected"),
    [(("kind",), ("multi-class", 3)), (("size",), ("regression", 1)), (("size", "mass"), ("regression", 2))],
)
def test_that_a_table_asks_for_the_same_head_of_every_model(old_models, tmp_path: Path, old, targets, expected):
    rows = [f"{at},{at / 2},{at % 7},{at % 3},{'abc'[at % 3]},{at * 1.25},{at * 0.5 + 0.1}" for at in range(NUM_ROWS)]
    path = tmp_path / "data.csv"
    path.write_text("\n".join(["p,q,r,s,kind,size,mass", *rows]))
    uses = dict.fromkeys(("kind", "size", "mass"), "ignore") | dict.fromkeys(targets, "target")
    options = DataOptions(targets=targets, columns={name: use for name, use in uses.items() if use == "ignore"})
    report = check_settings(old_models[old], TrainSettings(data=str(path), data_options=options))
    (wanted,) = report.wanted_outputs
    assert (wanted.task, wanted.units) == expected


def test_that_a_person_says_what_whole_numbers_are(old_models, tmp_path: Path):
    np.savez(tmp_path / "data.npz", x=np.zeros((NUM_ROWS, 4), "float32"), y=np.arange(NUM_ROWS) % 5)
    for task, expected in (("regression", ("regression", 1)), ("multi-class", ("multi-class", 5))):
        settings = TrainSettings(data=str(tmp_path / "data.npz"), data_options=DataOptions(task=task))
        (wanted,) = check_settings(old_models["softmax"], settings).wanted_outputs
        assert (wanted.task, wanted.units) == expected


def test_that_a_loss_of_ones_own_stays_where_it_goes_with_the_head():
    settings = TrainSettings(data="", loss="mean_absolute_error", metrics=("mean_squared_error",))
    assert settings_for_head(settings, "linear") == (settings, ())
    changed, notes = settings_for_head(settings, "softmax")
    assert (changed.loss, changed.metrics) == ("auto", ("auto",))
    assert "mean_absolute_error does not go with softmax" in notes[0]
    assert "mean_squared_error does not go with softmax and is left out" in notes[1]
    kept = TrainSettings(data="", metrics=("auto", "auc"))
    assert settings_for_head(kept, "sigmoid") == (kept, ())
