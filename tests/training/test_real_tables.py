"""Real tables, trained on by real models; longer runs stand in the README."""

from pathlib import Path

import keras
import numpy as np

from editor.keras_model.walk import walk_model
from editor.layers.tree import LayerTree
from editor.training.data_options import DataOptions
from editor.training.report import run_report
from editor.training.run import RunWatcher, run_training
from editor.training.settings import TrainSettings
from tests.training.tables import PETS

TABLES = Path(__file__).parent.parent / "data" / "tables"
layers = keras.layers


class Watcher(RunWatcher):
    def run_started(self, plan):
        self.plan = plan


def train(model, path, *, options=None, **changes):
    index = walk_model(model)
    watcher = Watcher()
    settings = TrainSettings(data=str(path), data_options=options or DataOptions(), seed=1, **changes)
    tree = LayerTree(index.root)
    result = run_training(index, settings, tree.freeze_map(), watcher=watcher)
    watcher.report = run_report(result, tree)
    return watcher, result.epochs


def test_that_species_of_penguins_are_learned_over_missing_values():
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [layers.Input((11,)), layers.Dense(16, activation="relu"), layers.Dense(3, activation="softmax")]
    )
    watcher, epochs = train(
        model, TABLES / "penguins.csv", options=DataOptions(targets=("species",)), epochs=12, learning_rate=0.01
    )
    assert watcher.plan.report.data.columns[6].num_missing == 11
    assert epochs[-1]["val_accuracy"] > 0.95
    columns = watcher.report["data"]["columns"]
    assert tuple(columns[1]["categories"]) == ("Biscoe", "Dream", "Torgersen")
    assert 40 < columns[2]["mean"] < 48


def test_that_series_are_learned_from_a_table_without_a_header():
    keras.utils.set_random_seed(1)
    convolution = layers.Conv1D(8, 16, strides=4, activation="relu")
    model = keras.Sequential(
        [layers.Input((150, 1)), convolution, layers.Flatten(), layers.Dense(2, activation="softmax")]
    )
    watcher, epochs = train(model, TABLES / "GunPoint_TRAIN.tsv", epochs=20, batch_size=4, learning_rate=0.01)
    assert watcher.plan.report.data.kind == "series"
    assert epochs[-1]["accuracy"] > 0.9


def two_sided():
    keras.utils.set_random_seed(1)
    legs, weight = layers.Input((1,), name="legs"), layers.Input((1,), name="weight")
    joined = layers.Dense(8, activation="relu")(layers.Concatenate()([legs, weight]))
    outputs = [
        layers.Dense(3, activation="softmax", name="kind")(joined),
        layers.Dense(1, activation="sigmoid", name="old")(joined),
        layers.Dense(1, name="age")(joined),
    ]
    return keras.Model([legs, weight], outputs)


def test_that_each_output_has_its_own_loss_and_metrics(tmp_path):
    ages = iter(["old,age", "1,9", "0,2.5", "0,1", "1,8", "0,3", "0,1.5"])
    path = tmp_path / "pets.csv"
    path.write_text("".join(f"{line},{next(ages)}\n" for line in PETS.splitlines()))
    watcher, epochs = train(two_sided(), path, epochs=2, batch_size=2, validation_split=0.34)
    report = watcher.plan.report
    assert report.losses == (
        "sparse_categorical_crossentropy",
        "binary_crossentropy",
        "mean_squared_error",
    )
    assert report.output_metrics == (("accuracy",), ("accuracy",), ("mean_absolute_error",))
    names = {name for name in epochs[-1] if not name.startswith("val_")}
    assert set(watcher.plan.metric_names) == names
    assert watcher.plan.metric_names[0] == "loss"
    assert all(np.isfinite(value) for value in epochs[-1].values())
    assert {name.removeprefix("val_") for name in epochs[-1] if name.startswith("val_")} == names
