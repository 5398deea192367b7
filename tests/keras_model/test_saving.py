from __future__ import annotations

import zipfile

import keras
import numpy as np
import pytest

from editor.errors import FileError, ModelError
from editor.files.keras_archive import read_freeze_map
from editor.files.zip_members import MAP_MEMBER
from editor.keras_model.flags import tree_with_map
from editor.keras_model.loading import load_model
from editor.keras_model.saving import save_model, write_model
from editor.keras_model.values import weight_values
from editor.keras_model.walk import walk_model
from editor.layers.tree import LayerTree
from tests import models
from tests.cases.small_cnn import SmallCNN

CUSTOM = {"SmallCNN": SmallCNN}
# Keras cannot read a model back that has one layer in two submodels.
SAVABLE = pytest.mark.parametrize(
    "builder", [it for it in models.BUILDERS if it is not models.shared_twice], ids=lambda builder: builder.__name__
)


def opened(builder):
    index = walk_model(models.seeded(builder))
    return index, LayerTree(index.root)


def freeze(tree, *paths):
    tree.apply(tree.plan([tree.find(path) for path in paths], trainable=False))


def states(tree):
    """The state of each weight and each statistics bit, in the order of the tree."""
    weights = [tree.state(node) for node in tree.walk_weights()]
    return weights, [tree.statistics_mode(layer) for layer in tree.walk_layers()]


def reopened(path):
    index = walk_model(load_model(path, CUSTOM))
    return index, tree_with_map(index, read_freeze_map(path))


# -- what was saved is there again ----------------------------------------------------------------------------


@SAVABLE
def test_that_a_reopened_model_has_equal_flags_weights_and_outputs(builder, tmp_path):
    path = tmp_path / "saved.keras"
    index, tree = opened(builder)
    for at, weight in enumerate(tree.walk_weights()):
        if at % 2:
            tree.apply(tree.plan([weight], trainable=False))
    save_model(index, tree.freeze_map(), path, custom_objects=CUSTOM)
    again, again_tree = reopened(path)
    assert states(again_tree) == states(tree)
    assert [v.tobytes() for v in weight_values(again)] == [v.tobytes() for v in weight_values(index)]
    np.testing.assert_array_equal(models.outputs_of(again.model), models.outputs_of(index.model))


@SAVABLE
def test_that_saving_leaves_the_live_flags_alone(builder, tmp_path):
    index, tree = opened(builder)
    before = LayerTree(walk_model(index.model).root).freeze_map()
    tree.apply(tree.plan([tree.root], trainable=False))
    save_model(index, tree.freeze_map(), tmp_path / "saved.keras", custom_objects=CUSTOM)
    assert LayerTree(walk_model(index.model).root).freeze_map() == before


def test_that_a_model_saved_twice_keeps_its_flags(tmp_path):
    index, tree = opened(models.after_layers)
    freeze(tree, "zoom/" + next(c.name for c in tree.find("zoom").children), "_private:bias")
    first, second = tmp_path / "first.keras", tmp_path / "second.keras"
    save_model(index, tree.freeze_map(), first)
    again, again_tree = reopened(first)
    save_model(again, again_tree.freeze_map(), second)
    assert states(reopened(second)[1]) == states(tree)


def test_that_the_map_in_the_file_is_a_stored_member_that_keras_ignores(tmp_path):
    path = tmp_path / "saved.keras"
    index, tree = opened(models.digits_cnn)
    freeze(tree, "conv")
    save_model(index, tree.freeze_map(), path)
    with zipfile.ZipFile(path) as archive:
        assert archive.getinfo(MAP_MEMBER).compress_type == zipfile.ZIP_STORED
    assert not keras.saving.load_model(path).get_layer("conv").trainable


# -- what plain Keras forgets ---------------------------------------------------------------------------------


def trains_in_plain_keras(path):
    """Paths of the weights that train in the model as `keras.saving.load_model` gives it."""
    model = keras.saving.load_model(path, custom_objects=CUSTOM)
    index = walk_model(model)
    trains = set(map(id, model.trainable_variables))
    tree = LayerTree(index.root)
    return {node.path for node in tree.walk_weights() if id(index.variables[node.record.weight_id]) in trains}


@pytest.mark.parametrize(
    ("builder", "frozen", "forgotten"),
    [
        (models.digits_cnn, ["conv"], []),
        (models.digits_cnn, ["conv:bias"], ["conv:bias"]),
        (models.deep_nest, ["outer/middle"], []),
        (models.composites, ["mha/query_dense"], ["mha/query_dense:kernel", "mha/query_dense:bias"]),
        (models.composites, ["both/forward_layer", "head"], []),
        (models.composites, ["composite/_hidden:bias"], ["composite/_hidden:bias"]),
        (models.small_cnn, [], ["conv1:kernel", "conv1:bias"]),
        (models.bare_normalization, ["bn"], []),
    ],
    ids=["layer", "weight", "nested", "sublayer", "wrapper", "composite", "subclassed", "normalization"],
)
def test_that_the_weights_that_plain_keras_forgets_are_named_exactly(builder, frozen, forgotten, tmp_path):
    path = tmp_path / "saved.keras"
    index, tree = opened(builder)
    freeze(tree, *frozen)
    told = save_model(index, tree.freeze_map(), path, custom_objects=CUSTOM).forgotten
    expected_frozen = {
        node.path
        for node in tree.walk_weights()
        if not node.record.is_statistics and not tree.is_trainable(node.record)
    }
    assert set(told) == expected_frozen & trains_in_plain_keras(path)
    assert set(told) == set(forgotten)


def test_that_a_whole_frozen_attention_is_told_by_its_variables(tmp_path):
    index, tree = opened(models.composites)
    freeze(tree, "mha")
    told = save_model(index, tree.freeze_map(), tmp_path / "saved.keras").forgotten
    assert len(told) == 8
    assert all(path.startswith("mha/") for path in told)


# -- a save that cannot be verified ---------------------------------------------------------------------------


class Forgetful(keras.layers.Layer):
    """Has an argument that its configuration leaves out."""

    def __init__(self, units=2, **settings):
        super().__init__(**settings)
        self.dense = keras.layers.Dense(units)

    def build(self, input_shape):
        self.dense.build(input_shape)
        self.built = True

    def call(self, inputs):
        return self.dense(inputs)

    def get_config(self):
        return {"name": self.name}


class Argued(keras.layers.Layer):
    """Has an argument that is needed and a configuration that does not give it."""

    def __init__(self, units):
        super().__init__()
        self.dense = keras.layers.Dense(units)

    def call(self, inputs):
        return self.dense(inputs)

    def get_config(self):
        return {"name": self.name}


class Noisy(keras.layers.Layer):
    """Starts with other weights than were saved: it does not let Keras load them."""

    def build(self, input_shape):
        self.shift = self.add_weight(shape=(2,), initializer="zeros", name="shift")
        self.built = True

    def call(self, inputs):
        return inputs + self.shift

    def load_own_variables(self, store):
        pass


class Unwritable(keras.layers.Layer):
    def call(self, inputs):
        return inputs

    def get_config(self):
        raise RuntimeError("no configuration today")


@pytest.mark.parametrize(
    "layer",
    [lambda: Forgetful(5), lambda: Argued(2), Noisy, Unwritable],
    ids=["changed-shape", "needed-argument", "lost-weights", "raising-config"],
)
def test_that_a_save_that_cannot_be_verified_leaves_the_old_file(layer, tmp_path):
    path = tmp_path / "saved.keras"
    path.write_bytes(b"what was there")
    index = walk_model(keras.Sequential([keras.Input((2,)), layer(), keras.layers.Dense(1)]))
    for variable in index.variables:
        variable.assign(np.full(variable.shape, 0.25, "float32"))
    tree = LayerTree(index.root)
    custom = {cls.__name__: cls for cls in (Forgetful, Argued, Noisy, Unwritable)}
    with pytest.raises(ModelError) as caught:
        save_model(index, tree.freeze_map(), path, custom_objects=custom)
    assert caught.value.hint
    assert path.read_bytes() == b"what was there"
    assert [file.name for file in tmp_path.iterdir()] == ["saved.keras"]


def test_that_a_layer_in_two_submodels_is_told_as_the_cause(tmp_path):
    index, tree = opened(models.shared_twice)
    path = tmp_path / "saved.keras"
    path.write_bytes(b"what was there")
    with pytest.raises(ModelError) as caught:
        save_model(index, tree.freeze_map(), path)
    assert "could not be read back" in caught.value.summary
    assert ".tmp" not in caught.value.summary
    assert "first/shared and second/shared" in caught.value.hint
    assert path.read_bytes() == b"what was there"


def test_that_a_save_without_the_classes_of_the_model_is_refused(tmp_path):
    index, tree = opened(models.small_cnn)
    with pytest.raises(ModelError, match="SmallCNN"):
        save_model(index, tree.freeze_map(), tmp_path / "saved.keras")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["model.weights.h5", "model", "model.keras.zip"])
def test_that_another_format_is_refused_with_a_name_that_works(name, tmp_path):
    index, tree = opened(models.siamese)
    with pytest.raises(FileError, match=r"\.keras"):
        save_model(index, tree.freeze_map(), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_that_a_missing_folder_is_refused(tmp_path):
    index, tree = opened(models.siamese)
    with pytest.raises(FileError, match="no folder"):
        save_model(index, tree.freeze_map(), tmp_path / "nowhere" / "saved.keras")


def test_that_writing_uses_no_name_but_its_own(tmp_path):
    index, tree = opened(models.digits_cnn)
    path = tmp_path / "beside.keras"
    write_model(index, tree.freeze_map(), path)
    assert [file.name for file in tmp_path.iterdir()] == ["beside.keras"]
