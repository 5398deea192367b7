"""`train --replace-head`: a head for the data, before the run."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import keras
import numpy as np
import pytest

from editor import cli
from editor.errors import ModelError
from editor.head_options import add_head_options
from editor.keras_model.walk import walk_model
from editor.layers.tree import LayerTree
from editor.new_head import put_new_head
from editor.training.settings import TrainSettings


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A classifier of three, and data of five classes."""
    folder = tmp_path_factory.mktemp("head")
    keras.utils.set_random_seed(3)
    layers = [keras.layers.Dense(4, activation="relu", name="low"), keras.layers.Dropout(0.1, name="drop")]
    top = keras.layers.Dense(3, activation="softmax", name="top")
    keras.Sequential([keras.Input((6,)), *layers, top], name="net").save(folder / "net.keras")
    x = np.random.default_rng(2).normal(size=(25, 6)).astype("float32")
    np.savez(folder / "data.npz", x=x, y=np.arange(25) % 5)
    return folder


def train(files: Path, *options: str) -> int:
    places = ("--data", str(files / "data.npz"), "-o", str(files / "out.keras"), "--report", str(files / "report.json"))
    return cli.main(["train", str(files / "net.keras"), *places, "--epochs", "1", "--seed", "1", *options])


def test_that_a_head_for_the_data_is_put_on_and_what_stays_is_kept(files: Path, capfd):
    assert train(files, "--replace-head", "--head-dropout", "0.5", "--freeze", "low") == 0, capfd.readouterr().err
    said, told = capfd.readouterr().out, json.loads((files / "report.json").read_bytes())
    assert "New head behind low: 5 units, softmax, in place of drop, top." in said
    assert told["head"] == {
        "behind": "low",
        "gone": ["drop", "top"],
        "new": ["head_dropout", "head_output"],
        "units": 5,
        "activation": "softmax",
        "pooling": "none",
        "hidden_units": 0,
        "dropout": 0.5,
    }
    assert (told["loss"], told["frozen"], told["proof"]["frozen_unchanged"]) == (
        "sparse_categorical_crossentropy",
        28,
        2,
    )
    before = keras.saving.load_model(files / "net.keras").get_layer("low")
    model = keras.saving.load_model(files / "out.keras")
    np.testing.assert_array_equal(model.get_layer("low").kernel, before.kernel)
    assert model.output_shape == (None, 5)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--replace-head", "nowhere"), "The model has no layer 'nowhere'."),
        (("--replace-head", "low", "--head-pooling", "max"), "The new head does not fit: There is nothing to pool"),
    ],
)
def test_that_a_head_that_does_not_fit_is_refused_in_words(files: Path, options, words):
    parser = argparse.ArgumentParser()
    add_head_options(parser)
    index = walk_model(keras.saving.load_model(files / "net.keras"))
    settings = TrainSettings(data=str(files / "data.npz"))
    with pytest.raises(ModelError, match=words):
        put_new_head(index, LayerTree(index.root), settings, parser.parse_args(options), None)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--head-dropout", "0.5"), "--head-dropout is for a new head. Add --replace-head."),
        (("--replace-head", "--head-dropout", "1.5"), "--head-dropout: Use a share from 0 to below 1"),
    ],
)
def test_that_options_of_a_head_that_mean_nothing_are_wrong_usage(files: Path, capfd, options, words):
    assert train(files, *options) == 2
    assert words in capfd.readouterr().err
