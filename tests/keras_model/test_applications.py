from __future__ import annotations

import socket
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
from keras.src.legacy.saving.legacy_h5_format import save_weights_to_hdf5_group
from keras.src.utils import file_utils

from editor.errors import FileError, ModelError
from editor.files.options import Application
from editor.keras_model.applications import build

SMALL = {"name": "MobileNetV2", "alpha": 0.35, "input_shape": (96, 96, 3)}


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of Keras, and no network."""

    def refuse(*_arguments: object) -> None:
        raise AssertionError("the network was tried")

    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    folder = tmp_path / "models"
    folder.mkdir()
    return folder


def test_that_an_application_is_built_as_asked():
    model = build(Application(**SMALL, num_classes=7))
    assert model.output_shape == (None, 7)
    assert model.layers[-1].activation is keras.activations.softmax
    model = build(Application(name="MobileNetV3Small", input_shape=(64, 64, 1), num_classes=1))
    assert model.input_shape == (None, 64, 64, 1)


def test_that_a_single_class_ends_in_a_sigmoid():
    assert build(Application(**SMALL, num_classes=1)).layers[-1].activation is keras.activations.sigmoid


def test_that_without_top_and_shape_any_size_fits():
    model = build(Application(name="MobileNetV2", alpha=0.35, include_top=False))
    assert model.input_shape == (None, None, None, 3)
    assert model.output_shape == (None, None, None, 1280)


def test_that_imagenet_weights_that_are_not_there_are_refused_without_a_network(cache):
    with pytest.raises(FileError, match="not in Keras's cache, and nothing is downloaded") as caught:
        build(Application(**SMALL, weights="imagenet"))
    assert str(cache / "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_0.35_96.h5") in caught.value.summary
    assert "https://" in caught.value.hint


def test_that_imagenet_weights_come_from_the_cache(cache):
    original = build(Application(**SMALL))
    with h5py.File(cache / "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_0.35_96.h5", "w") as file:
        save_weights_to_hdf5_group(file, original)
    loaded = build(Application(**SMALL, weights="imagenet"))
    for mine, its in zip(original.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, its)


def test_that_imagenet_weights_have_imagenet_classes(cache):
    with pytest.raises(ModelError, match="`classes` should be 1000"):
        build(Application(**SMALL, weights="imagenet", num_classes=3))


def test_that_a_damaged_file_in_the_cache_is_refused(cache):
    (cache / "weights_mobilenet_v3_small_224_1.0_float_no_top_v2.h5").write_bytes(b"half a download")
    with pytest.raises(FileError, match="incomplete or another version"):
        build(Application(name="MobileNetV3Small", include_top=False, weights="imagenet"))


def test_that_keras_functions_are_as_they_were_afterwards(cache):
    before = file_utils.get_file
    with pytest.raises(FileError):
        build(Application(**SMALL, weights="imagenet"))
    assert file_utils.get_file is before


@pytest.mark.parametrize(
    ("application", "reason"),
    [
        (Application(name="convnext"), "no application 'convnext'"),
        (Application(name="GPT"), "no application 'GPT'"),
        (Application(name="MobileNetV2", input_shape=(8, 8, 3)), "at least 32x32"),
    ],
)
def test_that_what_keras_refuses_is_said(application, reason):
    with pytest.raises(ModelError, match=reason):
        build(application)
