"""The optimizer's state from run to run, through a file, and through an undo (facts F10 to F12)."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest

from editor.errors import FileError
from editor.files.keras_archive import read_freeze_map
from editor.keras_model.compile_settings import compile_text, restore_from_file
from editor.keras_model.flags import tree_with_map
from editor.keras_model.loading import load_model
from editor.keras_model.optimizer_state import optimizer_state
from editor.keras_model.saving import save_model, weight_values
from editor.keras_model.walk import walk_model
from editor.layers.tree import LayerTree
from editor.runs.revisions import RevisionMeta, read_revision, write_revision
from editor.training.run import RunWatcher, run_training
from editor.training.settings import TrainSettings
from editor.training.snapshot import restore, write_snapshot
from tests import models


class Watcher(RunWatcher):
    def __init__(self):
        self.notes = ()

    def run_started(self, plan):
        self.notes = plan.notes


X = np.random.default_rng(2).normal(size=(8, 6)).astype("float32")
Y = np.arange(8) % 3
LOSS = "sparse_categorical_crossentropy"


@pytest.fixture
def data(tmp_path):
    np.savez(tmp_path / "data.npz", x=X, y=Y)
    return str(tmp_path / "data.npz")


def small_net():
    keras.utils.set_random_seed(5)
    layers = [keras.layers.Dense(5, name="one"), keras.layers.Dense(4, name="two")]
    return keras.Sequential(
        [keras.Input((6,)), *layers, keras.layers.Dense(3, activation="softmax", name="head")], name="small_net"
    )


def opened(model=None):
    index = walk_model(model or small_net())
    return index, LayerTree(index.root)


def set_flags(tree, *frozen):
    tree.apply(tree.plan([tree.root], trainable=True))
    tree.apply(tree.plan([tree.find(path) for path in frozen], trainable=False))


def train(index, tree, data, **settings):
    watcher = Watcher()
    # All samples in one batch, so that the order of shuffling does not matter.
    settings = TrainSettings(
        **{"data": data, "epochs": 3, "batch_size": 8, "validation_split": 0, "seed": 3, "loss": LOSS} | settings
    )
    run_training(index, settings, tree.freeze_map(), watcher=watcher)
    return watcher.notes


def everything(index):
    """All weights and the whole optimizer."""
    state = optimizer_state(index)
    return [value.tobytes() for value in weight_values(index)], {
        role: value.tobytes() for role, value in state.values.items()
    }


# -- compared with plain Keras, by hand -----------------------------------------------------------------------


def fit_by_hand(model, optimizer, frozen, learning_rate):
    """What a person writes in plain Keras who knows facts F10 to F12."""
    for layer in model.layers:
        layer.trainable = layer.name not in frozen
    new = type(optimizer).from_config(optimizer.get_config())
    new.learning_rate = learning_rate
    model.compile(new, LOSS)
    new.build(model.trainable_variables)
    if optimizer.built:
        new.iterations.assign(optimizer.iterations)
        for name in ("_momentums", "_velocities", "momentums", "_accumulators"):
            for weight in optimizer._trainable_variables if getattr(optimizer, name, None) else ():
                if weight.trainable:
                    slots = getattr(optimizer, name), getattr(new, name)
                    slots[1][new._get_variable_index(weight)].assign(slots[0][optimizer._get_variable_index(weight)])
    model.fit(X, Y, batch_size=8, epochs=3, shuffle=False, verbose=0)
    return new


@pytest.mark.parametrize("name", ["adam", "adamw", "rmsprop", "adagrad", "lion"])
def test_that_momentum_survives_a_change_of_flags_as_carried_by_hand(name, data):
    steps = [({"two"}, 0.01), ({"one"}, 0.01), ({"one", "two"}, 0.005), (set(), 0.02)]
    index, tree = opened()
    for frozen, learning_rate in steps:
        set_flags(tree, *frozen)
        train(index, tree, data, optimizer=name, learning_rate=learning_rate)
    model = small_net()
    optimizer = keras.optimizers.get(name)
    for frozen, learning_rate in steps:
        optimizer = fit_by_hand(model, optimizer, frozen, learning_rate)
    for ours, by_hand in zip(index.model.weights, model.weights, strict=True):
        np.testing.assert_allclose(ours.numpy(), by_hand.numpy(), rtol=2e-5, atol=1e-6)
    state = optimizer_state(index)
    assert state.num_steps == 12
    mine, theirs = index.model.optimizer.variables, model.optimizer.variables
    for ours, by_hand in zip(mine, theirs, strict=True):
        np.testing.assert_allclose(ours.numpy(), by_hand.numpy(), rtol=2e-5, atol=1e-6)


# -- from run to run ------------------------------------------------------------------------------------------


def test_that_a_second_run_goes_on_where_the_first_one_ended(data):
    index, tree = opened()
    set_flags(tree, "one")
    assert train(index, tree, data) == ()
    train(index, tree, data)
    whole, whole_tree = opened()
    set_flags(whole_tree, "one")
    train(whole, whole_tree, data, epochs=6)
    # Phases of one run, as one fit (fact F25); here each batch holds all samples, only in another order.
    for one, other in zip(weight_values(index), weight_values(whole), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)
    assert optimizer_state(index).num_steps == optimizer_state(whole).num_steps == 6


def test_that_a_run_says_what_became_of_the_optimizer(data):
    index, tree = opened()
    set_flags(tree, "one", "two")
    assert train(index, tree, data) == ()
    assert train(index, tree, data) == ("The optimizer goes on from step 3.",)
    set_flags(tree, "one")
    note = "The optimizer goes on from step 6; 2 weights that did not train before start fresh."
    assert train(index, tree, data) == (note,)
    assert train(index, tree, data, optimizer="sgd") == (
        "The optimizer starts fresh, as the model was trained with Adam before.",
    )
    assert optimizer_state(index).num_steps == 3


def test_that_a_new_learning_rate_holds_and_the_momentum_stays(data):
    index, tree = opened()
    train(index, tree, data, learning_rate=0.01)
    train(index, tree, data, learning_rate=0.5, epochs=1)
    assert index.model.optimizer.learning_rate.numpy() == 0.5
    assert optimizer_state(index).num_steps == 4


def test_that_the_models_own_settings_of_its_optimizer_are_kept(data):
    model = small_net()
    model.compile(keras.optimizers.SGD(0.5, momentum=0.7, nesterov=True, clipnorm=1.0), LOSS)
    model.fit(X, Y, verbose=0)
    index, tree = opened(model)
    train(index, tree, data, optimizer="sgd", learning_rate=0.25, epochs=1)
    config = index.model.optimizer.get_config()
    assert (config["momentum"], config["nesterov"], config["clipnorm"]) == (0.7, True, 1.0)
    assert config["learning_rate"] == 0.25
    assert optimizer_state(index).num_steps == 2


def test_that_a_schedule_of_the_models_own_gives_way_to_the_rate_that_is_asked_for(data):
    model = small_net()
    model.compile(keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.5, 10)), LOSS)
    model.fit(X, Y, verbose=0)
    index, tree = opened(model)
    train(index, tree, data, learning_rate=0.125)
    assert index.model.optimizer.learning_rate.numpy() == 0.125
    assert optimizer_state(index).num_steps == 4


def test_that_mixed_precision_keeps_its_optimizer(data):
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = small_net()
    finally:
        keras.config.set_dtype_policy("float32")
    index, tree = opened(model)
    set_flags(tree, "one")
    train(index, tree, data)
    assert isinstance(index.model.optimizer, keras.optimizers.LossScaleOptimizer)
    before = optimizer_state(index)
    set_flags(tree, "one", "two")
    (note,) = train(index, tree, data, epochs=1)
    assert note == "The optimizer goes on from step 3."
    assert optimizer_state(index).num_steps == 4
    assert {role.name for role in optimizer_state(index).values} == {role.name for role in before.values}


# -- through a file -------------------------------------------------------------------------------------------


def test_that_training_goes_on_after_a_save_and_a_reload_as_if_nothing_had_been(data, tmp_path):
    index, tree = opened()
    set_flags(tree, "one")
    train(index, tree, data)
    set_flags(tree, "two", "head:bias")
    path = tmp_path / "saved.keras"
    assert save_model(index, tree.freeze_map(), path).notes == ()
    again = walk_model(load_model(path))
    assert restore_from_file(again, path, {}) == ()
    again_tree = tree_with_map(again, read_freeze_map(path))
    train(index, tree, data)
    train(again, again_tree, data)
    assert everything(again) == everything(index)


# -- through a revision ---------------------------------------------------------------------------------------


def write(index, path):
    write_snapshot(index, path, RevisionMeta(revision=7))
    return read_revision(path)


def test_that_an_undone_run_leaves_weights_optimizer_and_settings_as_they_were(data, tmp_path):
    index, tree = opened()
    set_flags(tree, "one")
    train(index, tree, data, optimizer="nadam")
    before, settings = everything(index), compile_text(index.model)
    revision = write(index, tmp_path / "before.npz")
    set_flags(tree, "two")
    train(index, tree, data, optimizer="sgd", metrics=(), epochs=1)
    assert restore(index, revision) == 7
    assert everything(index) == before
    assert compile_text(index.model) == settings
    assert revision.meta.iterations == 3


def test_that_a_restored_optimizer_goes_on_as_the_one_that_was_kept(data, tmp_path):
    index, tree = opened()
    train(index, tree, data)
    revision = write(index, tmp_path / "before.npz")
    ends = []
    for frozen in ("one", "two", "one"):
        restore(index, revision)
        set_flags(tree, frozen)
        train(index, tree, data)
        ends.append(everything(index))
    assert ends[0] == ends[2] != ends[1]


def test_that_a_revision_of_before_the_first_run_takes_the_optimizer_away(data, tmp_path):
    index, tree = opened()
    revision = write(index, tmp_path / "before.npz")
    train(index, tree, data)
    restore(index, revision)
    assert optimizer_state(index) is None
    assert train(index, tree, data) == ()


def test_that_a_revision_without_roles_gives_the_weights_alone(data, tmp_path):
    """As revisions were written before they told which slot belongs to which weight."""
    index, tree = opened()
    train(index, tree, data)
    values = [variable.numpy() for variable in index.model.variables]
    slots = [variable.numpy() for variable in index.model.optimizer.variables]
    write_revision(tmp_path / "old.npz", values, slots, RevisionMeta(revision=2))
    assert restore(index, read_revision(tmp_path / "old.npz")) == 2
    assert optimizer_state(index) is None


def test_that_a_revision_of_another_model_changes_nothing(data, tmp_path):
    index, tree = opened()
    train(index, tree, data)
    before = everything(index)
    other = walk_model(models.seeded(models.digits_cnn))
    with pytest.raises(FileError, match="another model"):
        restore(index, write(other, Path(tmp_path / "other.npz")))
    assert everything(index) == before
