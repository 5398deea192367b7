"""The optimizer in a saved file, as plain Keras finds it: the three cases of fact F13, and fact F16."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from editor.errors import ModelError
from editor.files.keras_archive import read_freeze_map
from editor.keras_model.compile_settings import restore_from_file
from editor.keras_model.flags import apply_tree, tree_with_map
from editor.keras_model.loading import load_model
from editor.keras_model.optimizer_state import optimizer_state
from editor.keras_model.saving import save_model
from editor.keras_model.walk import walk_model
from editor.layers.tree import LayerTree
from tests import models
from tests.cases.small_cnn import SmallCNN

HERE = Path(__file__).parent
CUSTOM = {"SmallCNN": SmallCNN}


def twins():
    """Two layers of one shape, and one of another."""
    keras.utils.set_random_seed(3)
    layers = [keras.layers.Dense(4, name="one"), keras.layers.Dense(4, name="two"), keras.layers.Dense(3, name="head")]
    return keras.Sequential([keras.Input((4,)), *layers], name="twins")


def trained(builder, *frozen, optimizer=None):
    """A model that was trained with something frozen, and its tree."""
    index = walk_model(builder())
    tree = LayerTree(index.root)
    freeze(tree, *frozen)
    apply_tree(index, tree)
    num_outputs = models.outputs_of(index.model).shape[-1]
    index.model.compile(optimizer or keras.optimizers.Adam(0.01), keras.losses.SparseCategoricalCrossentropy())
    x = models.sample_inputs(index.model, 8)
    index.model.fit(x, np.arange(8) % num_outputs, verbose=0)
    return index, tree


def freeze(tree, *paths):
    tree.apply(tree.plan([tree.find(path) for path in paths], trainable=False))


def thaw(tree, *paths):
    tree.apply(tree.plan([tree.find(path) for path in paths], trainable=True))


def momentum(index, weight_id):
    return optimizer_state(index).slots(weight_id).get("_momentums")


def momentum_of(index, tree, path):
    return momentum(index, tree.find(path).record.weight_id)


def plainly_reloaded(path, code=""):
    """What a process without this project finds: the momentum of each trainable weight, in order, by Keras's path."""
    found = path.with_suffix(".npz")
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    subprocess.run(
        [sys.executable, "-I", str(HERE / "plain_reload.py"), str(path), str(found), code],
        cwd=path.parent,
        env={**environment, "TF_CPP_MIN_LOG_LEVEL": "3"},
        check=True,
        timeout=120,
    )
    with np.load(found) as arrays:
        return {name.partition(" ")[2] or name: arrays[name] for name in arrays}


def reopened(path, custom_objects=None):
    index = walk_model(load_model(path, custom_objects))
    notes = restore_from_file(index, path, custom_objects or {})
    return index, tree_with_map(index, read_freeze_map(path)), notes


# -- fact F13 -------------------------------------------------------------------------------------------------


def saved_by_plain_keras(index, tree, path):
    """As a person saves who changes flags after training."""
    apply_tree(index, tree)
    index.model.save(path)


def test_that_fact_13_another_number_of_weights_resets_the_optimizer_in_plain_keras_and_not_here(tmp_path):
    index, tree = trained(twins)
    freeze(tree, "one")
    saved_by_plain_keras(index, tree, tmp_path / "plain.keras")
    with pytest.warns(UserWarning, match="Skipping variable loading"):
        assert keras.saving.load_model(tmp_path / "plain.keras").optimizer.iterations.numpy() == 0
    verified = save_model(index, tree.freeze_map(), tmp_path / "ours.keras")
    assert (verified.forgotten, verified.notes) == ((), ())
    found = plainly_reloaded(tmp_path / "ours.keras")
    assert found.keys() == {"num_steps", "learning_rate", "two/kernel", "two/bias", "head/kernel", "head/bias"}
    assert found["num_steps"] == 1
    for name in ("two/kernel", "two/bias", "head/kernel", "head/bias"):
        np.testing.assert_array_equal(found[name], momentum_of(index, tree, name.replace("/", ":")))
        assert found[name].any()


def test_that_fact_13_momentum_goes_to_another_layer_of_the_shape_in_plain_keras_and_not_here(tmp_path):
    index, tree = trained(twins, "two")
    freeze(tree, "one")
    thaw(tree, "two")
    saved_by_plain_keras(index, tree, tmp_path / "plain.keras")
    plain = plainly_reloaded(tmp_path / "plain.keras")  # without a word
    np.testing.assert_array_equal(plain["two/kernel"], momentum_of(index, tree, "one:kernel"))
    save_model(index, tree.freeze_map(), tmp_path / "ours.keras")
    found = plainly_reloaded(tmp_path / "ours.keras")
    assert not found["two/kernel"].any()
    np.testing.assert_array_equal(found["head/kernel"], momentum_of(index, tree, "head:kernel"))


def test_that_fact_13_other_shapes_keep_plain_keras_from_loading_and_not_here(tmp_path):
    index, tree = trained(twins, "head")
    freeze(tree, "one")
    thaw(tree, "head")
    saved_by_plain_keras(index, tree, tmp_path / "plain.keras")
    with pytest.raises(ValueError, match="shape"):
        keras.saving.load_model(tmp_path / "plain.keras")
    save_model(index, tree.freeze_map(), tmp_path / "ours.keras")
    found = plainly_reloaded(tmp_path / "ours.keras")
    assert not found["head/kernel"].any()
    np.testing.assert_array_equal(found["two/kernel"], momentum_of(index, tree, "two:kernel"))


# -- what plain Keras forgets ---------------------------------------------------------------------------------


def test_that_weights_that_plain_keras_forgets_to_freeze_get_fresh_slots(tmp_path):
    index, tree = trained(lambda: models.seeded(models.small_cnn))
    path = tmp_path / "subclassed.keras"
    verified = save_model(index, tree.freeze_map(), path, custom_objects=CUSTOM)
    assert (verified.forgotten, verified.notes) == (("conv1:kernel", "conv1:bias"), ())
    found = [value for name, value in plainly_reloaded(path, str(HERE.parent / "cases")).items() if "/" in name]
    names = ("conv1:kernel", "conv1:bias", "conv2:kernel", "conv2:bias", "dense:kernel", "dense:bias")
    for name, value in zip(names, found, strict=True):
        expected = momentum_of(index, tree, name)
        np.testing.assert_array_equal(value, np.zeros_like(value) if expected is None else expected)
    again, again_tree, notes = reopened(path, CUSTOM)
    assert notes == ()
    for name in names[2:]:
        np.testing.assert_array_equal(momentum_of(again, again_tree, name), momentum_of(index, tree, name))


def test_that_single_frozen_weights_and_sublayers_keep_each_others_slots_apart(tmp_path):
    index, tree = trained(lambda: models.seeded(models.composites), "mha/query_dense", "composite:scale#1")
    freeze(tree, "mha/key_dense:bias", "head:bias", "both/forward_layer")
    thaw(tree, "mha/query_dense")
    path = tmp_path / "composites.keras"
    assert save_model(index, tree.freeze_map(), path).notes == ()
    again, again_tree, notes = reopened(path)
    assert notes == ()
    for node in tree.walk_weights():
        if not tree.is_trainable(node.record):
            continue
        before, after = momentum_of(index, tree, node.path), momentum_of(again, again_tree, node.path)
        np.testing.assert_array_equal(after, np.zeros_like(after) if before is None else before)


# -- what else ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "optimizer",
    [
        lambda: keras.optimizers.SGD(momentum=0.9),
        lambda: keras.optimizers.AdamW(weight_decay=0.1),
        lambda: keras.optimizers.RMSprop(momentum=0.1),
        keras.optimizers.Nadam,
        lambda: keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam()),
        lambda: keras.optimizers.Adam(keras.optimizers.schedules.ExponentialDecay(0.1, 5, 0.9), use_ema=True),
    ],
    ids=["sgd", "adamw", "rmsprop", "nadam", "loss-scaled", "scheduled"],
)
def test_that_any_optimizer_reloads_without_a_warning_after_a_change_of_flags(optimizer, tmp_path):
    index, tree = trained(twins, "two", optimizer=optimizer())
    weights = {weight.weight_id: weight for weight in tree.root.weights_below}
    freeze(tree, "head:bias")
    thaw(tree, "two")
    assert save_model(index, tree.freeze_map(), tmp_path / "saved.keras").notes == ()
    reloaded = keras.saving.load_model(tmp_path / "saved.keras")  # a warning is an error here
    assert reloaded.compiled
    before, after = optimizer_state(index), optimizer_state(walk_model(reloaded))
    trains = {None, *(weight_id for weight_id in before.weight_ids if tree.is_trainable(weights[weight_id]))}
    kept = {role for role in after.values if role.weight_id in trains}
    assert {role.name for role in kept} == {role.name for role in before.values}
    for role in kept:
        np.testing.assert_array_equal(after.values[role], before.values[role])
    reloaded.fit(np.ones((4, 4)), np.zeros(4), verbose=0)


def test_that_the_model_being_trained_keeps_its_own_optimizer(tmp_path):
    index, tree = trained(twins)
    before, optimizer = optimizer_state(index), index.model.optimizer
    freeze(tree, "one", "head")
    save_model(index, tree.freeze_map(), tmp_path / "saved.keras")
    assert index.model.optimizer is optimizer
    assert {role: value.tobytes() for role, value in optimizer_state(index).values.items()} == {
        role: value.tobytes() for role, value in before.values.items()
    }


def test_that_a_file_whose_slots_are_right_is_written_once(tmp_path, monkeypatch):
    index, tree = trained(twins, "two")
    monkeypatch.setattr("editor.keras_model.saved_optimizer.replace_optimizer", lambda *_: pytest.fail("written again"))
    save_model(index, tree.freeze_map(), tmp_path / "saved.keras")


def test_that_an_optimizer_without_a_step_reloads_without_a_warning(tmp_path):
    index = walk_model(twins())
    index.model.compile("adam", "sparse_categorical_crossentropy")
    save_model(index, LayerTree(index.root).freeze_map(), tmp_path / "saved.keras")
    assert plainly_reloaded(tmp_path / "saved.keras")["num_steps"] == 0


class Odd(keras.optimizers.SGD):
    """Keeps a slot for each weight in a way that no list tells."""

    def build(self, variables):
        super().build(variables)
        self._by_name = {variable.path: self.add_variable_from_reference(variable, "odd") for variable in variables}


def test_that_an_optimizer_that_cannot_be_sorted_is_left_out_and_told(tmp_path):
    index, tree = trained(twins, optimizer=Odd())
    custom = {"Odd": Odd}
    assert save_model(index, tree.freeze_map(), tmp_path / "same.keras", custom_objects=custom).notes == ()
    freeze(tree, "one")
    (note,) = save_model(index, tree.freeze_map(), tmp_path / "other.keras", custom_objects=custom).notes
    assert note.startswith("The optimizer is left out of the file")
    assert not keras.saving.load_model(tmp_path / "other.keras").compiled


def test_that_an_optimizer_whose_code_is_missing_is_left_out_and_told(tmp_path):
    index, tree = trained(twins, optimizer=Odd())
    (note,) = save_model(index, tree.freeze_map(), tmp_path / "saved.keras").notes
    assert "optimizer 'Odd'" in note
    assert not keras.saving.load_model(tmp_path / "saved.keras").compiled


def test_that_slots_that_do_not_come_back_are_no_save(tmp_path, monkeypatch):
    index, tree = trained(twins)
    freeze(tree, "one")
    monkeypatch.setattr("editor.keras_model.saved_optimizer.replace_optimizer", lambda *_: None)
    with pytest.raises(ModelError, match="its optimizer differs"):
        save_model(index, tree.freeze_map(), tmp_path / "saved.keras")
    assert list(tmp_path.iterdir()) == []
