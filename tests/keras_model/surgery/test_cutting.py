"""Replace head, add layers: on real models, bit for bit."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

from editor.errors import ModelError
from editor.keras_model.opening import open_model
from editor.keras_model.surgery import Changed, edit_structure, load_structure
from editor.keras_model.values import weight_digests
from editor.keras_model.walk import ModelIndex, walk_model
from editor.layers.cutting import cut_at, found_cut, places_to_cut
from editor.layers.nodes import LayerNode
from editor.layers.structure import AddLayers, Head, ReplaceHead, fitting_poolings
from editor.layers.tree import LayerTree
from editor.training.compiling import model_facts
from tests import models

FER = Path("tests/data/models/fer/emotion_model.hdf5")
SEED = 3


def replaced(index: ModelIndex, folder: Path, path: str | None = None, **head) -> Changed:
    """The model with another head; behind the place that is found, if none is given."""
    tree = LayerTree(index.root)
    cut = found_cut(tree) if path is None else cut_at(tree, tree.find(path))
    assert cut
    spec = {"units": 4, "pooling": fitting_poolings(cut.shape)[0] if cut.shape else "none", **head}
    edit = ReplaceHead(path=cut.layer.path, head=Head(**spec), seed=SEED)
    return edit_structure(index, edit, folder / "before.keras", folder / "after.keras")


def found(index: ModelIndex) -> str:
    cut = found_cut(LayerTree(index.root))
    assert cut
    return cut.layer.path


def digests(index: ModelIndex) -> dict[str, str]:
    of = weight_digests(index)
    return {node.path: of[node.record.weight_id] for node in LayerTree(index.root).walk_weights()}


def assert_kept(before: ModelIndex, changed: Changed) -> None:
    """Each weight of each layer that stays is the same under the path that it has now."""
    was, now = digests(before), digests(changed.index)
    paths = [path for path in was if path.split(":")[0] in changed.kept]
    assert paths
    for path in paths:
        layer, name = path.split(":")
        assert now[f"{changed.kept[layer]}:{name}"] == was[path]


def called(index: ModelIndex, seed: int = 1) -> np.ndarray:
    samples = models.sample_inputs(index.model, 3)
    return np.asarray(index.model(samples, training=False))


@pytest.fixture
def mobile_net() -> keras.Model:
    return models.seeded(
        lambda: keras.applications.MobileNetV2(weights=None, alpha=0.35, input_shape=(32, 32, 3), classes=5, name="net")
    )


def test_that_the_head_of_a_mobile_net_is_found_and_replaced_and_comes_back(mobile_net, tmp_path):
    index = walk_model(mobile_net)
    assert found(index) == "out_relu"
    outputs, was = called(index), digests(index)
    changed = replaced(index, tmp_path, dropout=0.2)
    model = changed.index.model
    assert [layer.name for layer in model.layers[-4:]] == ["out_relu", "head_pool", "head_dropout", "head_output"]
    assert model.output_shape == (None, 4)
    assert_kept(index, changed)
    assert "predictions" not in changed.kept
    # The model itself is untouched, and what undo would load is the very same.
    np.testing.assert_array_equal(called(index), outputs)
    back = load_structure(tmp_path / "before.keras")
    assert digests(back) == was
    np.testing.assert_array_equal(called(back), outputs)


def test_that_a_cut_inside_a_nested_model_shortens_it_and_keeps_its_paths(tmp_path):
    index = walk_model(models.seeded(models.frozen_vgg16))
    changed = replaced(index, tmp_path, "base/block5_conv3")
    model = changed.index.model
    assert isinstance(model, keras.Sequential)
    assert [layer.name for layer in model.layers] == ["base", "head_pool", "head_output"]
    assert changed.index.model.get_layer("base").layers[-1].name == "block5_conv3"
    assert_kept(index, changed)
    assert {"base", "base/block5_conv3"} <= changed.kept.keys()
    assert not {"base/block5_pool", "mean", "head"} & changed.kept.keys()


def test_that_the_head_inside_a_nested_application_is_found(mobile_net):
    model = keras.Sequential([keras.Input((32, 32, 3)), layers.Rescaling(1 / 255), mobile_net])
    assert found(walk_model(model)) == "net/out_relu"


def test_that_a_sequential_stays_one(tmp_path):
    index = walk_model(models.seeded(models.digits_cnn))
    changed = replaced(index, tmp_path, pooling="flatten", hidden_units=6)
    model = changed.index.model
    assert isinstance(model, keras.Sequential)
    assert [layer.name for layer in model.layers] == ["conv", "pool", "head_flatten", "head_hidden", "head_output"]
    assert_kept(index, changed)


def test_that_the_convolution_that_classifies_is_taken_for_the_head():
    """The real fer model has no Dense: a convolution of as many channels as classes, and pooling."""
    assert found(walk_model(open_model(FER).model)) == "add_4"


def test_that_two_branches_stay_up_to_the_cut_and_the_other_output_stays(tmp_path):
    one, two = keras.Input((4,), name="one"), keras.Input((3,), name="two")
    shared = layers.Dense(5, name="shared")
    left = shared(layers.Dense(3, name="left")(one))
    right = shared(two)
    both = layers.Concatenate(name="both")([left, right])
    outputs = [layers.Dense(2, name="first")(both), layers.Dense(1, name="second")(right)]
    model = keras.Model([one, two], outputs, name="branches")
    index = walk_model(model)
    changed = replaced(index, tmp_path, "both")
    assert_kept(index, changed)
    assert [tuple(output.shape) for output in changed.index.model.outputs] == [(None, 4), (None, 1)]
    assert len([layer for layer in changed.index.model.layers if layer.name == "shared"]) == 1
    samples = [np.ones((2, 4), "float32"), np.ones((2, 3), "float32")]
    np.testing.assert_array_equal(model(samples)[1], changed.index.model(samples)[1])
    assert any("other outputs" in note for note in changed.notes)
    assert {layer.path for layer in cut_of(index, "both").goes} == {"first"}


def cut_of(index: ModelIndex, path: str):
    tree = LayerTree(index.root)
    layer = tree.find(path)
    assert isinstance(layer, LayerNode)
    return cut_at(tree, layer)


def test_that_an_input_that_nothing_needs_any_more_goes(tmp_path):
    one, two = keras.Input((4,), name="one"), keras.Input((3,), name="two")
    left, right = layers.Dense(5, name="left")(one), layers.Dense(5, name="right")(two)
    output = layers.Dense(2, name="end")(layers.Add(name="sum")([left, right]))
    index = walk_model(keras.Model({"one": one, "two": two}, output))
    changed = replaced(index, tmp_path, "left")
    assert [each.name for each in changed.index.model.inputs] == ["one"]
    assert any("input two" in note for note in changed.notes)
    assert_kept(index, changed)


def test_that_a_layer_called_twice_is_refused_with_what_to_do(tmp_path):
    index = walk_model(models.siamese())
    with pytest.raises(ModelError, match="tower is called 2 times"):
        replaced(index, tmp_path, "tower")
    with pytest.raises(ModelError, match="called 2 times"):
        replaced(index, tmp_path, "tower/dense")
    offered = {layer.path for layer in places_to_cut(LayerTree(index.root))}
    assert not {"flat", "tower", "tower/dense"} & offered
    assert_kept(index, replaced(index, tmp_path))


def test_that_a_cut_inside_a_composite_layer_names_the_nearest_place(tmp_path):
    index = walk_model(models.composites())
    cut = cut_of(index, "composite/blocks/0")
    assert cut.nearest == "composite"
    with pytest.raises(ModelError, match=r"called as a whole\. Cut behind composite"):
        replaced(index, tmp_path, "composite/blocks/0")


def test_that_a_subclassed_model_is_refused_in_a_sentence(tmp_path):
    index = walk_model(models.small_cnn())
    with pytest.raises(ModelError, match="SmallCNN is a subclassed model"):
        edit_structure(index, AddLayers(head=Head(units=2)), tmp_path / "a.keras", tmp_path / "b.keras")
    assert not list(tmp_path.iterdir())


def test_that_what_does_not_fit_the_rank_is_refused(tmp_path):
    index = walk_model(models.bare_normalization())
    with pytest.raises(ModelError, match="nothing to pool"):
        replaced(index, tmp_path, "bn", pooling="average")
    assert fitting_poolings((None, 8)) == ("none",)
    assert fitting_poolings((None, None, None, 8)) == ("average", "max", "none")


def test_that_layers_go_on_top_of_all_that_is_there(tmp_path):
    index = walk_model(models.seeded(models.bare_normalization))
    edit = AddLayers(head=Head(units=2, pooling="none", hidden_units=3), seed=SEED)
    changed = edit_structure(index, edit, tmp_path / "before.keras", tmp_path / "after.keras")
    assert [layer.name for layer in changed.index.model.layers][-3:] == ["head", "head_hidden", "head_output"]
    assert len(changed.kept) == len(list(LayerTree(index.root).walk_layers()))
    assert_kept(index, changed)


def test_that_new_names_are_never_those_of_layers_that_were_there(tmp_path):
    index = walk_model(models.bare_normalization())
    first = replaced(index, tmp_path)
    again = edit_structure(
        first.index,
        ReplaceHead(path="bn", head=Head(units=2, pooling="none")),
        tmp_path / "after.keras",
        tmp_path / "again.keras",
    )
    assert again.index.model.layers[-1].name == "head_output_2"
    assert "head_output" not in again.kept


def test_that_a_seed_gives_the_same_head_and_no_seed_another(tmp_path):
    index = walk_model(models.bare_normalization())
    values = []
    for at, seed in enumerate((1, 1, 2, None)):
        edit = ReplaceHead(path="bn", head=Head(units=2, pooling="none"), seed=seed)
        changed = edit_structure(index, edit, tmp_path / "before.keras", tmp_path / f"{at}.keras")
        values.append(digests(changed.index)["head_output:kernel"])
    assert values[0] == values[1]
    assert len(set(values)) == 3


def test_that_a_compiled_model_says_that_its_loss_is_left_out(tmp_path):
    model = models.bare_normalization()
    model.compile("adam", "categorical_crossentropy")
    changed = replaced(walk_model(model), tmp_path)
    assert not changed.index.model.compiled
    assert any("left out" in note for note in changed.notes)
    assert model.compiled


@pytest.mark.parametrize(
    ("units", "activation", "told"), [(4, "softmax", "softmax"), (1, "sigmoid", "sigmoid"), (2, "linear", "linear")]
)
def test_that_training_sees_the_activation_of_the_new_head(units, activation, told, tmp_path):
    changed = replaced(walk_model(models.bare_normalization()), tmp_path, units=units, activation=activation)
    facts = model_facts(changed.index)
    assert facts.last_activation == told
    assert facts.output_shapes == ((None, units),)
