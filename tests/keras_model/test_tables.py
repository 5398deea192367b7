"""Vocabularies, what each word counts, and bins come with a model, stay in what is saved of it, or are said to lack."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest

from editor.errors import ModelError
from editor.files.preview import read_preview
from editor.keras_model.opening import open_model
from editor.keras_model.saving import save_model
from editor.keras_model.tables import words_in_config, words_of
from editor.keras_model.walk import walk_model
from editor.layers.tree import LayerTree

WORDS = ["the cat sat", "a dog ran the way"]


def reading_model() -> keras.Model:
    """A TextVectorization that was adapted, so that its words are in no configuration."""
    text = keras.layers.TextVectorization(output_mode="tf_idf", name="text")
    text.adapt(WORDS)
    number = keras.layers.Discretization(num_bins=3, name="bins")
    number.adapt(np.arange(10.0))
    start, other = keras.Input((1,), dtype="string"), keras.Input((1,))
    return keras.Model([start, other], [keras.layers.Dense(2)(text(start)), number(other)])


def save(model: keras.Model, path: Path) -> None:
    index = walk_model(model)
    save_model(index, LayerTree(index.root).freeze_map(), path)


def test_that_a_saved_file_holds_the_words_and_what_they_count(tmp_path: Path) -> None:
    model = reading_model()
    save(model, tmp_path / "model.keras")
    opened = open_model(tmp_path / "model.keras")
    assert words_of(opened.model) == words_of(model)
    assert opened.notes == ()
    assert words_of(keras.saving.load_model(tmp_path / "model.keras")) == words_of(model)


@pytest.mark.parametrize("words", [WORDS, ["line\u2028end other\x85"]])
def test_that_a_configuration_holds_the_words_where_lines_or_h5_would_lose_them(words: list[str]) -> None:
    text = keras.layers.TextVectorization(standardize=None, output_mode="tf_idf")
    text.adapt(words)
    model = keras.Sequential([keras.Input((1,), dtype="string"), text])
    with words_in_config(model, only_where_lost=words is not WORDS):
        config = model.get_config()
    assert words_of(keras.Sequential.from_config(config)) == words_of(model)
    assert model.get_config()["layers"][1]["config"]["vocabulary"] is None


def test_that_words_that_are_not_in_the_file_are_said_to_lack(tmp_path: Path) -> None:
    reading_model().save(tmp_path / "plain.h5")
    opened = open_model(tmp_path / "plain.h5")
    assert opened.notes[-1].startswith("The file does not hold the vocabulary or bins of 'text', without")
    with pytest.raises(ModelError, match="The vocabulary of 'text' is missing"):
        save(opened.model, tmp_path / "model.keras")


def test_that_a_preview_counts_no_tables_and_bins() -> None:
    folder = Path(__file__).parents[1] / "data" / "saved_models" / "tables"
    weights = LayerTree(read_preview(folder).root).walk_weights()
    shapes = sorted(weight.record.shape for weight in weights)
    assert shapes == sorted([(6, 2), (1,), (1,), (), (1, 3), (3,), (16, 2), (2,), (10, 2), (2,)])
