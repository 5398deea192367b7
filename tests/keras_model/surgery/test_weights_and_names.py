"""Re-initialise and rename."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest

from editor.errors import ModelError
from editor.keras_model.optimizer_state import optimizer_state
from editor.keras_model.surgery import edit_structure, reinitialise
from editor.keras_model.values import weight_digests, weight_values
from editor.keras_model.walk import ModelIndex, walk_model
from editor.layers.structure import RenameLayer
from editor.layers.tree import LayerTree
from tests import models


def trained(builder) -> ModelIndex:
    """A model that has moved from where it began, its statistics too."""
    model = models.seeded(builder)
    model.compile("adam", "mse")
    x = models.sample_inputs(model, 8)
    model.fit(x, np.zeros((8, *model.output_shape[1:])), epochs=1, verbose=0)
    return walk_model(model)


def differing(index: ModelIndex, before: tuple[str, ...]) -> set[str]:
    now = weight_digests(index)
    return {
        node.path
        for node in LayerTree(index.root).walk_weights()
        if now[node.record.weight_id] != before[node.record.weight_id]
    }


def test_that_only_the_chosen_layer_is_fresh_its_statistics_too():
    index = trained(models.bare_normalization)
    before = weight_digests(index)
    reinitialise(index, [index.model.get_layer("bn"), index.model.get_layer("middle")], seed=1)
    paths = differing(index, before)
    assert {"bn:gamma", "bn:moving_mean", "bn:moving_variance", "middle:kernel"} <= paths
    assert {path.split(":")[0] for path in paths} == {"bn", "middle"}
    bn = index.model.get_layer("bn")
    assert np.all(np.asarray(bn.moving_mean) == 0)
    assert np.all(np.asarray(bn.gamma) == 1)


def test_that_the_optimizer_starts_fresh_for_these_weights_alone():
    index = trained(models.bare_normalization)
    before = optimizer_state(index)
    notes = reinitialise(index, [index.model.get_layer("middle")], seed=1)
    after = optimizer_state(index)
    ids = {id(variable): at for at, variable in enumerate(index.variables)}
    fresh = {ids[id(variable)] for variable in index.model.get_layer("middle").weights}
    for role, value in after.values.items():
        if role.weight_id in fresh:
            assert not np.any(value), role
        else:
            np.testing.assert_array_equal(value, before.values[role])
    assert any("fresh" in note for note in notes)


def test_that_the_insides_of_composite_and_custom_layers_are_fresh_and_seeded():
    index = walk_model(models.seeded(models.composites))
    chosen = [index.model.get_layer(name) for name in ("mha", "both", "each", "composite", "stacked")]
    for variable in index.variables:
        variable.assign(np.full(variable.shape, 0.3, "float32"))
    before = weight_digests(index)
    reinitialise(index, chosen, seed=5)
    first = weight_values(index)
    untouched = {node.path for node in LayerTree(index.root).walk_weights()} - differing(index, before)
    assert untouched == {"head:kernel", "head:bias"}
    reinitialise(index, chosen, seed=5)
    for value, again in zip(first, weight_values(index), strict=True):
        np.testing.assert_array_equal(value, again)


def test_that_one_layer_inside_a_composite_can_be_fresh():
    index = walk_model(models.seeded(models.composites))
    before = weight_digests(index)
    reinitialise(index, [index.model.get_layer("mha")._query_dense], seed=2)
    assert {path.split(":")[0] for path in differing(index, before)} == {"mha/query_dense"}


def test_that_a_subclassed_model_is_reinitialised_as_a_whole():
    index = walk_model(models.seeded(models.small_cnn))
    before = weight_digests(index)
    reinitialise(index, [index.model], seed=2)
    assert {path for path in differing(index, before) if path.endswith("kernel")}


def test_that_what_a_normalization_was_adapted_to_stays():
    normalization = keras.layers.Normalization(name="scale")
    normalization.adapt(np.arange(8.0).reshape(4, 2))
    model = keras.Sequential([keras.Input((2,)), normalization, keras.layers.Dense(2, name="end")])
    index = walk_model(model)
    before = weight_digests(index)
    notes = reinitialise(index, [model], seed=1)
    assert differing(index, before) == {"end:kernel"}
    assert "scale keeps" in notes[0]


def test_that_a_renamed_layer_keeps_weights_optimizer_and_outputs(tmp_path):
    index = trained(models.bare_normalization)
    x = models.sample_inputs(index.model, 4)
    changed = edit_structure(index, RenameLayer(path="middle", name="neck"), tmp_path / "a.keras", tmp_path / "b.keras")
    assert changed.kept["middle"] == "neck"
    assert [layer.name for layer in changed.index.model.layers if layer.name in ("neck", "middle")] == ["neck"]
    np.testing.assert_array_equal(index.model(x, training=False), changed.index.model(x, training=False))
    before, after = optimizer_state(index), optimizer_state(changed.index)
    for role, value in before.values.items():
        np.testing.assert_array_equal(value, after.values[role])
    assert index.model.get_layer("middle")


def test_that_a_layer_in_a_nested_model_is_renamed(tmp_path):
    index = walk_model(models.siamese())
    edit = RenameLayer(path="tower/dense", name="first.dense")
    changed = edit_structure(index, edit, tmp_path / "a.keras", tmp_path / "b.keras")
    assert changed.kept["tower/dense"] == "tower/first.dense"


@pytest.mark.parametrize(
    ("path", "name", "words"),
    [
        ("middle", "a/b", "no /"),
        ("middle", "my lambda", "TensorFlow cannot train"),
        ("middle", "", "needs a name"),
        ("middle", "_x", "TensorFlow cannot train"),
        ("middle", "dense", "has a layer 'dense' already"),
    ],
)
def test_that_a_name_that_would_not_do_is_refused(path, name, words, tmp_path):
    index = walk_model(models.bare_normalization())
    with pytest.raises(ModelError, match=words):
        edit_structure(index, RenameLayer(path=path, name=name), tmp_path / "a.keras", tmp_path / "b.keras")
    assert not list(Path(tmp_path).iterdir())


def test_that_lora_is_refused_in_words(tmp_path):
    model = models.bare_normalization()
    model.get_layer("middle").enable_lora(2)
    edit = RenameLayer(path="middle", name="neck")
    with pytest.raises(ModelError, match="LoRA is enabled"):
        edit_structure(walk_model(model), edit, tmp_path / "a.keras", tmp_path / "b.keras")


def test_that_what_an_attribute_names_is_not_renamed(tmp_path):
    index = walk_model(models.composites())
    with pytest.raises(ModelError, match="after the attribute"):
        edit_structure(index, RenameLayer(path="mha/query_dense", name="q"), tmp_path / "a.keras", tmp_path / "b.keras")
