from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest

from editor.errors import FileError
from editor.files.options import OpenOptions
from editor.files.preview import read_preview
from editor.keras_model.h5_saving import save_h5
from editor.keras_model.loading import load_model
from editor.keras_model.opening import open_model
from editor.keras_model.walk import walk_model
from editor.layers.plain_keras import serialized_layers
from editor.layers.records import LayerRecord
from editor.layers.tree import LayerTree
from tests import models
from tests.cases.conv_dna import ConvDNA
from tests.files.preview.same_tree import check_same
from tests.files.samples import MODELS
from tests.round_trip import hard_models

HAS_TF_KERAS = importlib.util.find_spec("tf_keras") is not None
MODELS_OF_KERAS = (
    models.digits_cnn,
    models.siamese,
    models.shared_twice,
    models.bare_normalization,
    models.spectral,
    hard_models.stacked_cells,
    hard_models.attention,
    hard_models.nameless,
)


def live_root(path: Path, custom_objects: dict[str, Any] | None = None) -> LayerRecord:
    return walk_model(load_model(path, custom_objects)).root


def partly_frozen(model: keras.Model) -> keras.Model:
    """Every second layer at any depth, but for the first."""
    for layer in list(model._flatten_layers())[2::2]:
        layer.trainable = False
    return model


@pytest.mark.parametrize("state", [lambda model: model, partly_frozen], ids=["thawed", "frozen"])
@pytest.mark.parametrize("builder", MODELS_OF_KERAS, ids=lambda builder: builder.__name__)
def test_that_a_file_of_keras_3_tells_the_live_tree(
    builder: Callable[[], keras.Model], state: Callable[[keras.Model], keras.Model], tmp_path: Path
) -> None:
    path = tmp_path / "model.h5"
    state(builder()).save(path)
    preview = read_preview(path)
    assert preview.facts.format == "h5"
    unknown = check_same(preview.root, live_root(path))
    assert not unknown or builder is hard_models.nameless


def test_that_the_inside_of_a_custom_layer_is_told_by_names(tmp_path: Path) -> None:
    index = walk_model(models.composites())
    tree = LayerTree(index.root)
    node = tree.find("mha/query_dense")
    assert node is not None
    tree.apply(tree.plan([node], trainable=False))
    path = tmp_path / "model.h5"
    save_h5(index, tree.freeze_map(), path, options=OpenOptions.of_code(Path(models.__file__)))
    preview = read_preview(path)
    unknown = check_same(preview.root, live_root(path))
    assert unknown == [f"composite/{name}" for name in ("b0", "b1", "b2", "l", "r", "h")]
    assert preview.freeze_map == tree.freeze_map()
    assert [need.name for need in preview.needs] == ["Composite"]


@pytest.mark.parametrize(
    ("name", "custom_objects"),
    [
        ("mmsplice/Donor.h5", {}),
        ("mmsplice/Acceptor.h5", {"ConvDNA": ConvDNA}),
        ("fer/emotion_model.hdf5", {}),
        ("network-intrusion-detection/cnn_lstm_unsw_finetuned.h5", {}),
        ("dgaintel/domain_classifier_model.h5", {}),
    ],
)
def test_that_real_files_tell_the_live_tree(name: str, custom_objects: dict[str, Any]) -> None:
    path = MODELS / name
    preview = read_preview(path)
    live = live_root(path, custom_objects) if "dgaintel" not in name else walk_model(open_model(path).model).root
    assert check_same(preview.root, live) == []
    assert [need.name for need in preview.needs] == list(custom_objects)
    assert preview.compiled["optimizer"]
    assert preview.input_shapes
    assert preview.notes == ()
    # A flag that stands in the file is one that comes back, also of a class of one's own.
    assert serialized_layers(LayerTree(preview.root)) == serialized_layers(LayerTree(live))


def test_that_a_siamese_of_custom_parts_is_told_whole() -> None:
    preview = read_preview(MODELS / "faceverifyai/face_verification_model_updated_2_1.h5")
    tree = LayerTree(preview.root)
    account = tree.account(tree.root)
    assert (account.trainable.parameters, account.statistics.parameters) == (160_128, 960)
    assert {need.kind for need in preview.needs} == {"class", "lambda"}
    assert tree.find("sequential_10/conv2d_30") is not None


_WRITE_WITH_TF_KERAS = """
import sys, tf_keras as k
inner = k.Sequential([k.Input((4,)), k.layers.Dense(4, trainable=False), k.layers.BatchNormalization()])
inputs = k.Input((4,))
values = k.layers.Reshape((2, 2))(k.layers.Dense(4, name="wide")(inner(inputs)))
values = k.layers.Bidirectional(k.layers.GRU(3, return_sequences=True))(values)
values = k.layers.TimeDistributed(k.layers.Dense(2))(values)
model = k.Model(inputs, k.layers.Dense(3)(k.layers.LSTM(2)(values)))
model.compile("adam", "mse")
model.save(sys.argv[1])
"""


@pytest.mark.skipif(not HAS_TF_KERAS, reason="tf_keras is not installed")
def test_that_a_file_of_tf_keras_tells_the_live_tree(tmp_path: Path) -> None:
    path = tmp_path / "model.h5"
    subprocess.run([sys.executable, "-c", _WRITE_WITH_TF_KERAS, str(path)], check=True, capture_output=True)
    preview = read_preview(path)
    assert check_same(preview.root, walk_model(open_model(path).model).root) == []
    assert preview.compiled["loss"] == "mse"


def test_that_gpu_layers_have_the_shapes_that_they_will_have(tmp_path: Path) -> None:
    """`CuDNNLSTM` has two biases, which become one."""
    path = tmp_path / "model.h5"
    keras.Sequential([keras.Input((5, 2)), keras.layers.LSTM(3, name="lstm")]).save(path)
    live = live_root(path)
    with h5py.File(path, "r+") as file:
        config = json.loads(file.attrs["model_config"])
        config["config"]["layers"][1]["class_name"] = "CuDNNLSTM"
        file.attrs["model_config"] = json.dumps(config)
        names = file["model_weights/lstm"].attrs["weight_names"]
        bias = names[2].decode() if isinstance(names[2], bytes) else names[2]
        del file[f"model_weights/lstm/{bias}"]
        file[f"model_weights/lstm/{bias}"] = np.zeros(24, "float32")
    assert check_same(read_preview(path).root, live) == []


def test_that_weights_that_fit_nowhere_are_told(tmp_path: Path) -> None:
    path = tmp_path / "model.h5"
    models.digits_cnn().save(path)
    with h5py.File(path, "r+") as file:
        config = json.loads(file.attrs["model_config"])
        config["config"]["layers"] = config["config"]["layers"][:-1]
        file.attrs["model_config"] = json.dumps(config)
    assert read_preview(path).notes == ("The file has weights of 'digit', which its architecture does not have.",)


def test_that_a_damaged_list_of_weights_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "model.h5"
    models.digits_cnn().save(path)
    with h5py.File(path, "r+") as file:
        del file["model_weights/digit"]
    with pytest.raises(FileError, match="cannot be read as a model file"):
        read_preview(path)
