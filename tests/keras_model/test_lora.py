from __future__ import annotations

import numpy as np

from editor.files.keras_archive import read_freeze_map
from editor.keras_model.flags import tree_with_map
from editor.keras_model.loading import load_model
from editor.keras_model.lora import merged_by_saving
from editor.keras_model.saving import save_model, weight_values
from editor.keras_model.walk import walk_model
from editor.layers.tree import LayerTree
from tests import models
from tests.round_trip import hard_models
from tests.round_trip.families import outputs_of


def test_that_a_model_with_lora_is_saved_with_equal_outputs_and_flags(tmp_path):
    """Keras merges on saving: kernel, A and B are others, the outputs are equal (fact F23)."""
    path = tmp_path / "lora.keras"
    index = walk_model(models.seeded(hard_models.lora))
    tree = LayerTree(index.root)
    tree.apply(tree.plan([tree.find("dense:lora_kernel_a"), tree.find("head")], trainable=False))
    tree.apply(tree.plan([tree.find("conv:kernel")], trainable=True))
    save_model(index, tree.freeze_map(), path)
    again = walk_model(load_model(path))
    assert tree_with_map(again, read_freeze_map(path)).freeze_map() == tree.freeze_map()
    for found, expected in zip(outputs_of(again.model), outputs_of(index.model), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_that_what_the_file_gives_back_is_known_bit_for_bit(tmp_path):
    path = tmp_path / "lora.keras"
    index = walk_model(models.seeded(hard_models.lora))
    before = [value.tobytes() for value in weight_values(index)]
    merged = merged_by_saving(index)
    index.model.save(path)
    found = [value.tobytes() for value in weight_values(walk_model(load_model(path)))]
    assert found == [merged[at].tobytes() if at in merged else value for at, value in enumerate(before)]
    assert len(merged) == 3 + 3 * 4, "an embedding has no bias"


def test_that_nothing_is_merged_without_lora():
    assert merged_by_saving(walk_model(models.digits_cnn())) == {}
