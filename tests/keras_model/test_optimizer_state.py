from __future__ import annotations

import keras
import numpy as np
import pytest

from editor.keras_model.flags import apply_tree
from editor.keras_model.optimizer_state import innermost, optimizer_state, put_state
from editor.keras_model.walk import walk_model
from editor.layers.tree import LayerTree
from tests import models

OPTIMIZERS = {
    "adam": lambda: keras.optimizers.Adam(amsgrad=True),
    "adamw": keras.optimizers.AdamW,
    "sgd": keras.optimizers.SGD,
    "momentum": lambda: keras.optimizers.SGD(momentum=0.9, nesterov=True),
    "rmsprop": lambda: keras.optimizers.RMSprop(momentum=0.5, centered=True),
    "adagrad": keras.optimizers.Adagrad,
    "adadelta": keras.optimizers.Adadelta,
    "adamax": keras.optimizers.Adamax,
    "adafactor": keras.optimizers.Adafactor,
    "ftrl": keras.optimizers.Ftrl,
    "lamb": keras.optimizers.Lamb,
    "lion": keras.optimizers.Lion,
    "muon": keras.optimizers.Muon,
    "nadam": keras.optimizers.Nadam,
    "schedule-free": keras.optimizers.ScheduleFreeAdamW,
    "averaged": lambda: keras.optimizers.Adam(use_ema=True),
    "accumulating": lambda: keras.optimizers.Adam(gradient_accumulation_steps=2),
    "scheduled": lambda: keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.01, 100)),
    "loss-scaled": lambda: keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam()),
}
EVERY_OPTIMIZER = pytest.mark.parametrize("name", OPTIMIZERS)


def opened(optimizer, *frozen):
    """A compiled model with an optimizer that is built for what is not frozen."""
    index = walk_model(models.seeded(models.digits_cnn))
    tree = LayerTree(index.root)
    compile_for(index, tree, optimizer, *frozen)
    return index, tree


def compile_for(index, tree, optimizer, *frozen):
    tree.apply(tree.plan([tree.root], trainable=True))
    tree.apply(tree.plan([tree.find(path) for path in frozen], trainable=False))
    apply_tree(index, tree)
    index.model.compile(optimizer, "sparse_categorical_crossentropy", run_eagerly=True)  # a trace takes longer
    index.model.optimizer.build(index.model.trainable_variables)


def train(index, num_batches=3):
    x = models.sample_inputs(index.model, 8)
    for _ in range(num_batches):
        index.model.train_on_batch(x, np.arange(8))


def ids(tree, *paths):
    return {weight.weight_id for path in paths for weight in tree.find(path).weights_below}


@EVERY_OPTIMIZER
def test_that_every_variable_of_an_optimizer_of_keras_has_a_role(name):
    index, tree = opened(OPTIMIZERS[name](), "digit:bias")
    train(index)
    state = optimizer_state(index)
    assert not [role for role in state.values if role.is_unknown]
    assert len(state.values) == len(index.model.optimizer.variables)
    assert set(state.weight_ids) == ids(tree, "conv", "digit:kernel")
    assert {role.weight_id for role in state.values} <= {None, *state.weight_ids}
    assert state.num_steps == 3


def test_that_slots_are_those_that_keras_itself_takes_for_the_weight():
    index, _ = opened(keras.optimizers.Adam())
    train(index)
    state, optimizer = optimizer_state(index), index.model.optimizer
    for weight_id, weight in enumerate(index.variables):
        at = optimizer._get_variable_index(weight)
        assert state.slots(weight_id).keys() == {"_momentums", "_velocities"}
        np.testing.assert_array_equal(state.slots(weight_id)["_momentums"], optimizer._momentums[at].numpy())
        np.testing.assert_array_equal(state.slots(weight_id)["_velocities"], optimizer._velocities[at].numpy())


@EVERY_OPTIMIZER
def test_that_a_state_goes_over_to_a_new_optimizer_bit_for_bit(name):
    index, tree = opened(OPTIMIZERS[name]())
    train(index)
    before = optimizer_state(index)
    compile_for(index, tree, OPTIMIZERS[name]())
    carried = put_state(index, before)
    after = optimizer_state(index)
    assert (carried.fresh, carried.is_partly_unknown) == ((), False)
    assert {role: value.tobytes() for role, value in after.values.items()} == {
        role: value.tobytes() for role, value in before.values.items()
    }


@EVERY_OPTIMIZER
def test_that_training_goes_on_as_if_the_optimizer_had_not_changed(name):
    ends = []
    for is_changed in (False, True):
        index, tree = opened(OPTIMIZERS[name]())
        train(index)
        if is_changed:
            state = optimizer_state(index)
            compile_for(index, tree, OPTIMIZERS[name]())
            put_state(index, state)
        train(index)
        ends.append([weight.numpy().tobytes() for weight in index.model.weights])
    assert ends[0] == ends[1]


def test_that_what_stays_trainable_keeps_its_slots_and_what_is_thawed_starts_fresh():
    index, tree = opened(keras.optimizers.Adagrad(), "conv:bias", "digit:kernel")
    train(index)
    before = optimizer_state(index)
    compile_for(index, tree, keras.optimizers.Adagrad(), "conv:kernel", "digit:kernel")
    carried = put_state(index, before)
    after = optimizer_state(index)
    (kept,), (fresh,) = ids(tree, "digit:bias"), ids(tree, "conv:bias")
    assert (carried.kept, carried.fresh) == ((kept,), (fresh,))
    np.testing.assert_array_equal(after.slots(kept)["_accumulators"], before.slots(kept)["_accumulators"])
    assert (after.slots(fresh)["_accumulators"] == 0.1).all()  # as Adagrad begins
    assert after.slots(*ids(tree, "conv:kernel")) == {}
    assert after.num_steps == 3


def test_that_the_learning_rate_can_be_left_as_it_is():
    index, tree = opened(keras.optimizers.Adam(0.5))
    train(index)
    state = optimizer_state(index)
    compile_for(index, tree, keras.optimizers.Adam(0.25))
    put_state(index, state, with_learning_rate=False)
    assert index.model.optimizer.learning_rate.numpy() == 0.25
    assert index.model.optimizer.iterations.numpy() == 3
    put_state(index, state)
    assert index.model.optimizer.learning_rate.numpy() == 0.5


def test_that_the_average_of_a_thawed_weight_begins_at_the_weight():
    """Keras starts it at zero, and in a step after the first would overwrite the weight with almost nothing."""
    settings = {"use_ema": True, "ema_momentum": 0.9, "ema_overwrite_frequency": 1}
    index, tree = opened(keras.optimizers.SGD(1e-6, **settings), "digit")
    train(index)
    state = optimizer_state(index)
    compile_for(index, tree, keras.optimizers.SGD(1e-6, **settings))
    put_state(index, state)
    before = index.model.get_layer("digit").kernel.numpy()
    train(index, 1)
    np.testing.assert_allclose(index.model.get_layer("digit").kernel.numpy(), before, rtol=1e-3)


class Odd(keras.optimizers.SGD):
    """Keeps a slot for each weight in a way that no list tells."""

    def build(self, variables):
        super().build(variables)
        self._by_name = {variable.path: self.add_variable_from_reference(variable, "odd") for variable in variables}


def test_that_a_variable_of_unknown_use_is_kept_only_while_the_weights_are_the_same():
    index, tree = opened(Odd(), "conv")
    state = optimizer_state(index)
    assert [role.name for role in state.values if role.is_unknown] == ["#0", "#1"]
    compile_for(index, tree, Odd(), "conv")
    assert not put_state(index, state).is_partly_unknown
    compile_for(index, tree, Odd())
    assert put_state(index, state).is_partly_unknown


def test_that_a_model_without_an_optimizer_has_no_state():
    index = walk_model(models.seeded(models.digits_cnn))
    assert optimizer_state(index) is None


def test_that_the_wrapper_for_mixed_precision_is_looked_through():
    inner = keras.optimizers.Adam()
    assert innermost(keras.optimizers.LossScaleOptimizer(inner)) is inner
    assert innermost(inner) is inner
