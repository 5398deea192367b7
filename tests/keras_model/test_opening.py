from __future__ import annotations

import re
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest

from editor.errors import ModelError
from editor.files.preview import read_preview
from editor.keras_model.opening import open_model
from tests import models


@pytest.mark.parametrize(("written", "called"), [("a.keras", "a.model"), ("a.h5", "a.keras"), ("a.h5", "a.H5")])
def test_that_the_content_decides_what_a_file_is_and_not_its_name(tmp_path: Path, written: str, called: str) -> None:
    model = models.digits_cnn()
    model.save(tmp_path / written)
    shutil.copy(tmp_path / written, tmp_path / f"copy of {called}")
    loaded = open_model(tmp_path / f"copy of {called}")
    np.testing.assert_array_equal(models.outputs_of(loaded.model), models.outputs_of(model))
    assert not loaded.repairs


def test_that_an_h5_beyond_plain_keras_has_classes_and_wrapped_weights_at_their_places(tmp_path: Path) -> None:
    # An operation in the graph keeps plain Keras from reading its own file.
    inputs = keras.Input((5, 4))
    values = keras.layers.GroupQueryAttention(2, 4, 2)(inputs * 2, inputs)
    values = keras.layers.SpectralNormalization(keras.layers.Conv1D(3, 2))(values)
    outputs = keras.layers.SpectralNormalization(keras.layers.Dense(3, trainable=False))(values)
    model = keras.Model(inputs, outputs)
    model.save(tmp_path / "model.h5")
    loaded = open_model(tmp_path / "model.h5").model
    for weight, own in zip(loaded.weights, model.weights, strict=True):
        np.testing.assert_array_equal(weight, own)
    np.testing.assert_array_equal(models.outputs_of(loaded), models.outputs_of(model))


def test_that_bfloat16_in_an_h5_is_refused_in_a_true_sentence(tmp_path: Path) -> None:
    path = tmp_path / "model.h5"
    keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, dtype="bfloat16", name="short")]).save(path)
    with pytest.raises(ValueError, match="No cast function"):
        keras.saving.load_model(path)
    preview = read_preview(path)
    assert "weights of 'short' without their type, as Keras writes bfloat16" in preview.obstacle
    with pytest.raises(ModelError, match=re.escape(preview.obstacle)):
        open_model(path)


@pytest.mark.parametrize("ending", [".keras", ".h5", ".bin"])
def test_that_operations_of_keras_3_are_found_in_every_file(tmp_path: Path, ending: str) -> None:
    inputs = keras.Input((5,), dtype="int32")
    masked = keras.layers.LSTM(6)(keras.layers.Embedding(9, 4, mask_zero=True)(inputs))
    model = keras.Model(inputs, keras.ops.reshape(masked[:, ::-1] * 2 + 1, (-1, 3, 2)))
    written = tmp_path / ("model.h5" if ending == ".h5" else "model.keras")
    model.save(written)
    path = written.rename(written.with_suffix(ending))
    loaded = open_model(path).model
    values = np.random.default_rng(0).integers(0, 9, (3, 5))
    np.testing.assert_array_equal(loaded(values), model(values))


def test_that_a_model_that_two_models_share_finds_its_weights(tmp_path: Path) -> None:
    """Keras makes two of it, writes its weights once, and cannot read its own file."""
    inner = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4, name="dense")], name="inner")
    middle_inputs, inputs = keras.Input((4,)), keras.Input((4,))
    middle = keras.Model(middle_inputs, keras.layers.Dense(3, name="dense")(inner(middle_inputs)), name="middle")
    model = keras.Model(inputs, keras.layers.Concatenate()([middle(inputs), inner(inputs)]))
    model.save(tmp_path / "model.keras")
    with pytest.raises(ValueError, match="could not be loaded"):
        keras.saving.load_model(tmp_path / "model.keras")
    loaded = open_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(models.outputs_of(loaded.model), models.outputs_of(model))
    assert loaded.notes == ("What is one in the file is two in the model now, with equal weights: inner.",)


def test_that_an_error_of_keras_names_the_layer_and_what_is_wrong_with_it(tmp_path: Path) -> None:
    block = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Conv2D(2, 3, name="conv")], name="block")
    config = keras.Sequential([keras.Input((8, 8, 1)), block]).to_json()
    path = tmp_path / "model.json"
    path.write_text(config.replace('"filters": 2', '"filters": -3'))
    with pytest.raises(ModelError, match=r"build the Conv2D 'conv' in 'model.json': Invalid value for .*`filters`\."):
        open_model(path)
    path.write_text(config)
    assert open_model(path).notes == ("The file holds the architecture alone: the weights are random.",)
