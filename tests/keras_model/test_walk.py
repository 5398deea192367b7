from __future__ import annotations

import io
import re
from collections import Counter

import keras
import numpy as np
import pytest
from keras import layers

from editor.keras_model.walk import walk_model
from editor.layers.accounts import State
from editor.layers.nodes import LayerNode
from editor.layers.tree import LayerTree
from tests import models
from tests.keras_model.weights_file import weight_groups
from tests.round_trip import hard_models


@pytest.fixture(scope="module", params=models.BUILDERS, ids=lambda builder: builder.__name__)
def model(request):
    return models.seeded(request.param)


def walked(model):
    index = walk_model(model)
    return index, LayerTree(index.root)


def paths_of(model):
    _, tree = walked(model)
    return {node.path for node in tree.walk() if node is not tree.root}


# -- weights and counts ---------------------------------------------------------------------------------------


def test_that_every_weight_is_found_exactly_once(model):
    index, tree = walked(model)
    assert Counter(map(id, index.variables)) == Counter(map(id, model.weights))
    assert [node.record.weight_id for node in tree.walk_weights()] == list(
        dict.fromkeys(node.record.weight_id for node in tree.walk_weights())
    )
    assert {node.record.weight_id for node in tree.walk_weights()} == set(range(len(model.weights)))


def test_that_no_path_stands_for_two_nodes(model):
    _, tree = walked(model)
    assert [path for path, count in Counter(node.path for node in tree.walk()).items() if count > 1] == []


def test_that_counts_equal_those_of_keras(model):
    index, tree = walked(model)
    account = tree.account(tree.root)
    assert account.total.parameters == model.count_params()
    assert account.trainable.parameters == sum(int(np.prod(w.shape)) for w in model.trainable_weights)
    assert (account.frozen + account.statistics).parameters == sum(
        int(np.prod(w.shape)) for w in model.non_trainable_weights
    )
    for layer in tree.walk_layers():
        live = index.layers[layer.record.layer_id]
        assert tree.account(layer).total.parameters == live.count_params(), layer.path


def test_that_counts_equal_the_numbers_of_the_summary(model):
    _, tree = walked(model)
    account = tree.account(tree.root)
    lines = io.StringIO()
    model.summary(print_fn=lambda text, **_: lines.write(text + "\n"))
    found = dict(re.findall(r"(Total|Trainable|Non-trainable) params: ([\d,]+)", lines.getvalue()))
    assert {name: int(number.replace(",", "")) for name, number in found.items()} == {
        "Total": account.total.parameters,
        "Trainable": account.trainable.parameters,
        "Non-trainable": (account.frozen + account.statistics).parameters,
    }


def test_that_shapes_and_dtypes_are_those_of_the_variables(model):
    index, tree = walked(model)
    for node in tree.walk_weights():
        variable = index.variables[node.record.weight_id]
        assert node.record.shape == tuple(variable.shape)
        assert node.record.dtype == variable.dtype
        assert node.record.num_bytes == variable.numpy().nbytes


def test_that_a_walk_changes_nothing(model):
    before = [(w.path, w.trainable, w.numpy().tobytes()) for w in model.variables]
    first, second = walk_model(model), walk_model(model)
    assert first.root == second.root
    assert [(w.path, w.trainable, w.numpy().tobytes()) for w in model.variables] == before


# -- store keys -----------------------------------------------------------------------------------------------


def test_that_store_keys_are_the_groups_of_the_saved_file(model, tmp_path):
    path = tmp_path / "model.keras"
    model.save(path)
    index, tree = walked(model)
    groups = weight_groups(path)
    owners = {layer.record.store: layer for layer in tree.walk_layers() if layer.weights}
    assert owners.keys() == groups.keys()
    for store, layer in owners.items():
        values = [index.variables[weight.weight_id].numpy() for weight in layer.record.weights]
        assert [value.tobytes() for value in values] == [value.tobytes() for value in groups[store]], store


# -- paths: the rows of the design's table --------------------------------------------------------------------


def test_that_children_of_functional_and_sequential_models_are_called_by_layer_name():
    paths = paths_of(models.deep_nest())
    assert {"outer/middle/wrap/core/start:kernel", "outer/middle/wrap/dense", "outer/dense:bias", "logits"} <= paths


def test_that_children_of_layers_and_subclassed_models_are_called_by_attribute():
    assert {"conv1", "conv2", "dense:bias", "pool"} <= paths_of(models.small_cnn())
    inside = paths_of(models.composites())
    assert {
        "mha/query_dense:kernel",
        "mha/_dropout_layer",
        "both/forward_layer/cell:recurrent_kernel",
        "each/layer:kernel",
        "stacked/cell",
        "composite/_hidden:bias",
    } <= inside


def test_that_items_of_lists_are_called_by_number():
    paths = paths_of(models.composites())
    assert {"composite/blocks/0:kernel", "composite/blocks/1:gamma", "stacked/cell/cells/1:bias"} <= paths
    assert {"stack/0", "stack/1"} <= paths_of(models.after_layers())


def test_that_items_of_dicts_are_called_by_key_and_a_slash_is_escaped():
    assert {"composite/heads/left", "composite/heads/right%2Fmost:kernel"} <= paths_of(models.composites())


def test_that_the_first_attribute_wins_and_an_alias_is_no_place():
    paths = paths_of(models.composites())
    assert "composite/blocks/2" in paths
    assert "composite/last_block" not in paths


def test_that_private_attributes_come_after_public_ones():
    _, tree = walked(models.composites())
    composite = tree.find("composite")
    assert isinstance(composite, LayerNode)
    names = [child.name for child in composite.children]
    assert names == ["blocks/0", "blocks/1", "blocks/2", "heads/left", "heads/right%2Fmost", "_dropout", "_hidden"]


def test_that_repeated_weight_names_are_numbered():
    paths = paths_of(models.composites())
    assert {"composite:scale#1", "composite:scale#2", "composite:num_calls"} <= paths
    assert "composite:scale" not in paths


def test_that_weights_without_a_name_are_called_by_attribute_and_so_the_same_at_every_loading():
    """Keras counts them up: `variable_3` in one process is `variable_9` in the next (fact F9)."""
    first, second = paths_of(hard_models.nameless_weights()), paths_of(hard_models.nameless_weights())
    assert first == second
    expected = {"gains:gain", "gains:_hidden", "gains:variable#1", "gains:variable#2"}
    assert {path for path in first if path.startswith("gains:")} == expected


def test_that_the_pseudo_attribute_layers_of_a_model_is_no_name():
    paths = paths_of(models.after_layers())
    assert not [path for path in paths if path.startswith("layers")]
    assert {"entry", "stack/0", "zoom", "_private:kernel"} <= paths


def test_that_a_shared_layer_has_a_record_at_each_place():
    _, tree = walked(models.shared_twice())
    shared = tree.find("second/shared")
    assert isinstance(shared, LayerNode)
    assert [place.path for place in tree.places(shared)] == ["first/shared", "second/shared"]


def test_that_one_tower_called_twice_is_one_layer():
    paths = paths_of(models.siamese())
    assert {"tower/dense:kernel", "tower/bn:moving_mean"} <= paths
    assert not [path for path in paths if path.startswith("tower_")]


def test_that_keys_which_look_the_same_stay_two_layers():
    class Keyed(layers.Layer):
        def __init__(self):
            super().__init__()
            self.parts = {1: layers.Dense(2), "1#2": layers.Dense(2), "1": layers.Dense(2)}

        def build(self, input_shape):
            for part in self.parts.values():
                part.build(input_shape)
            self.built = True

        def call(self, inputs):
            return self.parts["1"](self.parts["1#2"](self.parts[1](inputs)))

    index, tree = walked(keras.Sequential([keras.Input((2,)), Keyed()]))
    assert len({layer.path for layer in tree.walk_layers()}) == len(index.layers)
    assert len(tree.freeze_map().layers) == 3


# -- states ---------------------------------------------------------------------------------------------------


def test_that_the_corpus_cases_are_frozen_as_described():
    _, tree = walked(models.frozen_vgg16())
    base = tree.find("base")
    assert tree.state(base) is State.FROZEN
    assert tree.account(base).trainable.parameters == 0
    assert tree.account(base).total.parameters == 14_714_688
    _, tree = walked(models.small_cnn())
    states = {name: tree.state(tree.find(name)) for name in ("conv1", "conv2", "dense")}
    assert states == {"conv1": State.FROZEN, "conv2": State.TRAINABLE, "dense": State.TRAINABLE}


def test_that_a_container_whose_flag_is_off_shows_what_trains_below_it():
    model = models.deep_nest()
    outer = model.get_layer("outer")
    outer.trainable = False
    outer.get_layer("dense").trainable = True
    _, tree = walked(model)
    assert tree.state(tree.find("outer")) is State.MIXED
    assert tree.state(tree.find("outer/dense")) is State.TRAINABLE


def test_that_weights_which_never_train_are_statistics():
    _, tree = walked(models.bare_normalization())
    assert tree.state(tree.find("bare")) is State.STATISTICS
    assert tree.state(tree.find("bn")) is State.TRAINABLE
    assert tree.state(tree.find("bn:moving_mean")) is State.STATISTICS


def test_that_a_weight_that_a_wrapper_took_from_a_frozen_layer_can_train():
    inner = layers.Dense(4, name="inner")
    inner.trainable = False
    model = keras.Sequential([keras.Input((5,)), layers.SpectralNormalization(inner, name="spectral")])
    _, tree = walked(model)
    assert tree.state(tree.find("spectral:kernel")) is State.FROZEN
    assert tree.state(tree.find("spectral:vector_u")) is State.STATISTICS
