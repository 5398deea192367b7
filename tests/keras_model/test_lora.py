from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

from editor.errors import ModelError
from editor.files.keras_archive import read_freeze_map
from editor.keras_model.flags import tree_with_map
from editor.keras_model.loading import load_model
from editor.keras_model.lora import has_lora, lora_note, values_after_merging
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
