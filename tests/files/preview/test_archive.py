"""What a `.keras` archive tells by itself."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import keras
import numpy as np
from keras import layers

from editor.files.facts import Preview
from editor.files.keras_archive import add_freeze_map
from editor.files.preview import read_preview
from editor.files.preview.draft_records import all_records
from editor.files.zip_members import CONFIG_MEMBER, METADATA_MEMBER, WEIGHTS_MEMBER, open_weights
from editor.keras_model.walk import walk_model
from editor.layers.records import LayerRecord
from editor.layers.tree import LayerTree
from tests import models
from tests.round_trip import hard_models


def preview_of(model: keras.Model, folder: Path) -> Preview:
    path = folder / "model.keras"
    model.save(path)
    return read_preview(path)


def by_store(root: LayerRecord) -> dict[str, LayerRecord]:
    return {each.store: each for each in all_records(root)}


def test_that_it_tells_version_date_and_compile_settings(tmp_path: Path):
    model = models.digits_cnn()
    model.compile(keras.optimizers.Adam(0.5), "sparse_categorical_crossentropy", metrics=["accuracy"])
    preview = preview_of(model, tmp_path)
    assert preview.facts.keras_version == keras.__version__
    assert preview.saved_at[:2] == "20"
    assert preview.model_name == "digits_cnn"
    assert preview.input_shapes == ((None, 28, 28, 1),)
    assert preview.compiled["optimizer"]["config"]["learning_rate"] == 0.5
    assert preview.compiled["loss"] == "sparse_categorical_crossentropy"
    assert preview.compiled["metrics"] == ["accuracy"]
    assert not preview.needs
    assert not preview.notes
    assert not preview.obstacle


def test_that_a_custom_layer_s_inside_is_told_as_far_as_the_file_does(tmp_path: Path):
    preview = preview_of(models.composites(), tmp_path)
    stores = by_store(preview.root)
    held = stores["layers/composite/_hidden"]
    assert (held.name, held.class_name, held.is_name_known) == ("_hidden", "", True)
    assert [(weight.name, weight.shape, weight.is_name_known) for weight in held.weights] == [
        ("0", (8, 8), False),
        ("1", (8,), False),
    ]
    listed = stores["layers/composite/blocks/dense_1"]
    assert (listed.name, listed.class_name, listed.is_name_known) == ("blocks/dense_1", "", False)
    assert listed.config == {"name": "b2"}
    assert [need.name for need in preview.needs] == ["Composite"]


def test_that_the_map_in_the_file_names_what_it_knows(tmp_path: Path):
    model = models.composites()
    path = tmp_path / "model.keras"
    model.save(path)
    live = LayerTree(walk_model(model).root)
    add_freeze_map(path, live.freeze_map())
    told = by_store(read_preview(path).root)
    block = told["layers/composite/blocks/dense_1"]
    assert (block.name, block.class_name, block.is_name_known) == ("blocks/2", "Dense", True)
    assert [weight.name for weight in block.weights] == ["kernel", "bias"]
    dropout = told["layers/composite/_dropout"]
    assert (dropout.name, dropout.class_name) == ("_dropout", "")


def test_that_an_optimizer_is_no_layer(tmp_path: Path):
    model = hard_models.subclassed_in_subclassed()
    model.compile("adam", "mse", metrics=["mae"])
    model.fit(np.zeros((4, 4)), np.zeros((4, 4)), verbose=0)
    stores = by_store(preview_of(model, tmp_path).root).keys()
    assert stores == {each.store for each in all_records(walk_model(model).root)}


def test_that_generators_of_random_numbers_of_older_files_are_no_layers(tmp_path: Path):
    path = tmp_path / "model.keras"
    hard_models.three_levels().save(path)

    def change(weights: h5py.File) -> None:
        generator = weights.create_group("layers/level/dense/seed_generator/vars")
        generator["0"] = np.zeros(2, "uint32")
        weights["layers/level/norm/_layers"] = h5py.Empty("f")

    older = changed(path, change)
    assert by_store(read_preview(older).root).keys() == by_store(read_preview(path).root).keys()


def test_that_old_attributes_and_classes_have_today_s_keys(tmp_path: Path):
    """Keras 2 kept the layers of an attention in private attributes, and NVIDIA's classes had their weights."""
    text = keras.Input((5, 4), name="text")
    values = layers.ReLU(name="relu")(layers.MultiHeadAttention(2, 3, name="mha")(text, text))
    model = keras.Model(text, layers.LSTM(2, name="lstm")(values))
    preview = preview_of(model, tmp_path)

    def change(weights: h5py.File) -> None:
        attention, bias = weights["layers/multi_head_attention"], np.zeros(16, "float32")
        for role in ("query", "key", "value", "output"):
            attention.move(f"{role}_dense", f"_{role}_dense")
        weights.move("layers/lstm/cell", "layers/cu_dnnlstm")
        del weights["layers/cu_dnnlstm/vars/2"]
        weights["layers/cu_dnnlstm/vars/2"] = bias

    older = changed(
        tmp_path / "model.keras",
        change,
        (b'"class_name": "LSTM"', b'"class_name": "CuDNNLSTM"'),
        (b'"ReLU"', b'"ThresholdedReLU"'),
    )
    found, right = by_store(read_preview(older).root), by_store(preview.root)
    assert found.keys() == right.keys()
    assert {store: each.weights for store, each in found.items()} == {
        store: each.weights for store, each in right.items()
    }


def test_that_keys_of_keras_2_in_a_model_of_one_s_own_are_unknown(tmp_path: Path):
    """Its numbers there are not those under which the same layers stand in a live model."""
    path = tmp_path / "model.keras"
    hard_models.subclassed_in_subclassed().save(path)
    assert any(store.startswith("layers/") for store in by_store(read_preview(path).root))
    older = changed(path, lambda weights: None, (keras.__version__.encode(), b"2.15.0"))
    assert not any(store.startswith("layers/") for store in by_store(read_preview(older).root))


def changed(path: Path, change: Callable[[h5py.File], None], *replaced: tuple[bytes, bytes]) -> Path:
    """The same archive with other weights, and with other words in its configuration."""
    older, weights = path.with_name("older.keras"), path.with_name(WEIGHTS_MEMBER)
    with open_weights(path) as source, h5py.File(weights, "w") as target:
        for name in source:
            source.copy(name, target)
        change(target)
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(older, "w") as copy:
        for name in archive.namelist():
            content = weights.read_bytes() if name == WEIGHTS_MEMBER else archive.read(name)
            for old, new in replaced if name in (CONFIG_MEMBER, METADATA_MEMBER) else ():
                content = content.replace(old, new)
            copy.writestr(name, content)
    return older


def test_that_types_that_numpy_does_not_have_are_told(tmp_path: Path):
    model = keras.Sequential([keras.Input((4,)), layers.Dense(3, dtype="bfloat16"), layers.Dense(2, dtype="float16")])
    root = preview_of(model, tmp_path).root
    assert [[weight.dtype for weight in child.weights] for child in root.children] == [
        ["bfloat16"] * 2,
        ["float16"] * 2,
    ]
    assert [[weight.num_bytes for weight in child.weights] for child in root.children] == [[24, 6], [12, 4]]
