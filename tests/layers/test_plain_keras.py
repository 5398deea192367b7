from __future__ import annotations

import keras
import pytest

from editor.files.layer_configs import layer_configs
from editor.keras_model.flags import apply_tree
from editor.keras_model.walk import walk_model
from editor.layers.plain_keras import (
    forgotten_by_plain_keras,
    in_order_of_keras,
    reload_after_saving,
    serialized_layers,
)
from editor.layers.tree import LayerTree
from tests import models
from tests.files import patching

STATES = {
    "as built": [],
    "leaf": ["leaf"],
    "containers": ["first"],
    "root": [""],
    "single weights": ["bias"],
    "inside": ["deep"],
    "thawed child": ["", "+leaf"],
}
# Keras cannot read a layer back that stands in two submodels.
READABLE = tuple(builder for builder in models.SMALL_BUILDERS if builder is not models.shared_twice)


def set_kind(tree: LayerTree, kind: str) -> None:
    """Freezes (`+`: thaws) a kind of nodes: the root, every third leaf, every second child of the root, and so on."""
    layers = [layer for layer in tree.walk_layers() if layer.weights_below]
    weights = [weight for layer in layers for weight in layer.weights]
    nodes = {
        "": [tree.root],
        "leaf": [layer for layer in layers if layer.weights][::3],
        "first": [child for child in tree.root.children if child.weights_below][::2],
        "bias": [weight for weight in weights if "bias" in weight.name or "beta" in weight.name],
        "deep": sorted(layers, key=lambda layer: -layer.depth)[:2],
    }[kind.lstrip("+")]
    tree.apply(tree.plan(nodes, trainable=kind.startswith("+")))


@pytest.mark.parametrize("builder", READABLE, ids=lambda builder: builder.__name__)
def test_that_what_plain_keras_restores_is_foretold(builder, tmp_path):
    model = builder()
    index = walk_model(model)
    for number, steps in enumerate(STATES.values()):
        tree = LayerTree(index.root)
        for kind in steps:
            set_kind(tree, kind)
        apply_tree(index, tree)
        model.save(path := tmp_path / f"{number}.keras")
        reloaded = patching.plainly_loaded(path)
        positions = {id(variable): at for at, variable in enumerate(reloaded.variables)}
        expected = [positions[id(variable)] for variable in reloaded.trainable_variables]
        assert [weight.position for weight in in_order_of_keras(tree, reload_after_saving(tree))] == expected
        forgotten = {node.path for node in forgotten_by_plain_keras(tree)}
        assert forgotten == patching.frozen_in(tree) & patching.trains_in(reloaded, tree)


@pytest.mark.parametrize("builder", models.SMALL_BUILDERS, ids=lambda builder: builder.__name__)
def test_that_the_layers_in_a_configuration_are_those_of_the_tree(builder, tmp_path):
    model = builder()
    model.save(path := tmp_path / "model.keras")
    tree = LayerTree(walk_model(model).root)
    assert layer_configs(tree, patching.config_of(path)).keys() - serialized_layers(tree) <= inputs_of(tree)


def inputs_of(tree):
    return {layer.record.layer_id for layer in tree.walk_layers() if layer.record.class_name == "InputLayer"}


class Silent(keras.layers.Layer):
    """Writes its name and no flag."""

    def build(self, input_shape):
        self.scale = self.add_weight(shape=(), name="scale")
        self.built = True

    def call(self, inputs):
        return inputs * self.scale

    def get_config(self):
        return {"name": self.name}


def test_that_a_class_that_writes_no_flag_is_known_to_forget_it(tmp_path):
    model = keras.Sequential([keras.Input((3,)), Silent(name="silent"), keras.layers.Dense(1, name="head")])
    index = walk_model(model)
    tree = LayerTree(index.root)
    patching.set_state(tree, "")
    apply_tree(index, tree)
    model.save(path := tmp_path / "model.keras")
    with keras.saving.custom_object_scope({"Silent": Silent}):
        reloaded = patching.plainly_loaded(path)
    forgotten = {node.path for node in forgotten_by_plain_keras(tree)}
    assert forgotten == patching.trains_in(reloaded, tree) == {"silent:scale"}


def test_that_a_cell_of_ones_own_class_in_a_recurrent_layer_has_its_own_flag(tmp_path):
    """LSTM gives its flag to the cell it makes; RNN has one that is written with a flag of its own (fact F16)."""
    steps = keras.Input((3, 2))
    values = keras.layers.LSTM(2, return_sequences=True, name="lstm")(steps)
    values = keras.layers.ConvLSTM1D(2, 1, return_sequences=True, name="conv")(keras.layers.Reshape((3, 2, 1))(values))
    values = keras.layers.Reshape((3, 4))(values)
    model = keras.Model(steps, keras.layers.RNN(keras.layers.GRUCell(2), name="rnn")(values))
    index = walk_model(model)
    tree = LayerTree(index.root)
    patching.set_state(tree, "")
    apply_tree(index, tree)
    model.save(path := tmp_path / "model.keras")
    reloaded = patching.plainly_loaded(path)
    forgotten = {node.path for node in forgotten_by_plain_keras(tree)}
    assert forgotten == patching.trains_in(reloaded, tree)
    assert forgotten == {f"conv/cell:{name}" for name in ("kernel", "recurrent_kernel", "bias")}


def test_that_a_lora_base_stays_frozen_whatever_its_layers_flag(tmp_path):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, name="low"), keras.layers.Dense(1, name="top")])
    model.get_layer("low").enable_lora(2)
    model.save(path := tmp_path / "model.keras")
    reloaded = patching.plainly_loaded(path)
    index = walk_model(reloaded)
    tree = LayerTree(index.root)
    expected = [at for at, variable in enumerate(reloaded.variables) if variable.trainable]
    assert [weight.position for weight in in_order_of_keras(tree, reload_after_saving(tree))] == expected
