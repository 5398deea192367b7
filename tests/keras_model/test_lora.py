from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

from editor.errors import ModelError
from editor.files.keras_archive import read_freeze_map
from editor.files.options import OpenOptions
from editor.keras_model.flags import tree_with_map
from editor.keras_model.loading import load_model
from editor.keras_model.lora import has_lora, lora_note, values_after_merging
from editor.keras_model.opening import open_model
from editor.keras_model.saving import save_model, verify_model, write_model
from editor.keras_model.values import weight_values
from editor.keras_model.walk import walk_model
from editor.layers.tree import LayerTree
from tests import models


def adapted():
    model = keras.Sequential(
        [
            keras.Input((6,), dtype="int32"),
            layers.Embedding(7, 4, name="words"),
            layers.EinsumDense("abc,cd->abd", (None, 5), bias_axes="d", name="einsum"),
            layers.GlobalAveragePooling1D(),
            layers.Dense(4, name="dense"),
            layers.Dense(3, name="plain"),
        ]
    )
    for name in ("words", "einsum", "dense"):
        model.get_layer(name).enable_lora(2)
    return model


def adapted_strongly():
    model = adapted()
    for layer in (model.get_layer("words"), model.get_layer("dense")):
        layer.lora_alpha = 5
    for weight in models.seeded(lambda: model).weights:
        if "lora" in weight.name:
            weight.assign(np.random.default_rng(0).normal(size=weight.shape))
    return model


def opened():
    index = walk_model(models.seeded(adapted))
    return index, LayerTree(index.root)


INPUTS = np.arange(12).reshape(2, 6) % 7


def test_that_a_keras_file_with_lora_is_verified_by_what_keras_merges(tmp_path):
    index, tree = opened()
    tree.apply(tree.plan([tree.find("dense:bias")], trainable=False))
    path = tmp_path / "saved.keras"
    save_model(index, tree.freeze_map(), path)
    again = walk_model(load_model(path))
    np.testing.assert_allclose(again.model(INPUTS), index.model(INPUTS), rtol=1e-5)
    again_tree = tree_with_map(again, read_freeze_map(path))
    assert again_tree.freeze_map().layers == tree.freeze_map().layers
    merged = values_after_merging(index)
    assert [it.tobytes() for it in merged] == [it.tobytes() for it in weight_values(again)]
    assert [it.tobytes() for it in merged] != [it.tobytes() for it in weight_values(index)]


def test_that_a_merged_kernel_that_differs_is_found(tmp_path):
    index, tree = opened()
    written = write_model(index, tree.freeze_map(), tmp_path / "written.keras")
    kernel = next(node for node in tree.walk_weights() if node.path == "dense:kernel")
    written.values[kernel.record.weight_id].flat[0] += 1e-6
    with pytest.raises(ModelError, match="dense"):
        verify_model(written)


def test_that_merging_is_told(tmp_path):
    index, _ = opened()
    assert has_lora(index.root)
    assert "3 layers" in lora_note(index)
    without = walk_model(models.digits_cnn())
    assert not has_lora(without.root)
    assert lora_note(without) is None


def test_that_lora_does_not_train_on_after_a_reload_as_the_note_says(tmp_path):
    """A and B are both zero then, and the gradient of each is a product with the other."""
    index, tree = opened()
    save_model(index, tree.freeze_map(), tmp_path / "saved.keras")
    model = keras.saving.load_model(tmp_path / "saved.keras")
    model.compile("sgd", "mse")
    model.fit(INPUTS, np.ones((2, 3)), verbose=0)
    lora = [weight for weight in model.weights if weight.name.startswith("lora_")]
    assert len(lora) == 6
    assert not any(np.any(weight.numpy()) for weight in lora)


@pytest.mark.parametrize("kind", ["model.h5", "model.keras", "model.weights.h5"])
def test_that_lora_of_another_strength_than_its_rank_is_kept(tmp_path, kind):
    """Plain Keras takes the rank for the strength when it builds a Dense or an Embedding anew."""
    model = adapted_strongly()
    (tmp_path / "model.json").write_text(model.to_json())
    path = tmp_path / kind
    model.save_weights(path) if kind == "model.weights.h5" else model.save(path)
    options = OpenOptions(architecture=str(tmp_path / "model.json") if kind == "model.weights.h5" else "")
    loaded = open_model(path, options)
    np.testing.assert_allclose(loaded.model(INPUTS), model(INPUTS), rtol=1e-5, atol=1e-6)
    assert loaded.model.get_layer("dense").lora_alpha == 5
    assert "'lora_alpha' (5) is kept" in loaded.repairs[0].text
    index = walk_model(loaded.model)
    with pytest.raises(ModelError, match="Keras forgets the 'lora_alpha' of 'words'"):
        save_model(index, LayerTree(index.root).freeze_map(), tmp_path / "again.h5")
