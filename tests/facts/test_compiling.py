"""Facts F10 to F14: what a flag does not do once a model is compiled."""

import keras
import numpy as np
import pytest
from keras import layers

from editor.keras_model.optimizer_state import optimizer_state
from tests.facts.plain import data_of, fit, fit_again, freeze, moved, opened, run, stack

ALL = {"a:kernel", "a:bias", "b:kernel", "b:bias"}
ONLY_B = {"b:kernel", "b:bias"}


def two():
    return stack(layers.Dense(4, name="a"), layers.Dense(4, name="b"))


def test_that_fact_10_flags_set_after_compile_are_ignored(tmp_path):
    model = two()
    fit(model)
    model.get_layer("a").trainable = False
    assert moved(model, lambda: fit_again(model)) == ALL, "plain Keras: still trains everything, silently"

    index, tree = opened(two())
    run(index, tree, tmp_path)
    freeze(tree, "a")
    assert moved(index.model, lambda: run(index, tree, tmp_path)) == ONLY_B
    freeze(tree, "a", trainable=True)
    assert moved(index.model, lambda: run(index, tree, tmp_path)) == ALL


def test_that_fact_11_an_optimizer_does_not_know_what_is_thawed_later(tmp_path):
    model = two()
    model.get_layer("a").trainable = False
    optimizer = keras.optimizers.Adam()
    fit(model, optimizer)
    model.get_layer("a").trainable = True
    with pytest.raises(Exception, match="Unknown variable"):
        fit(model, optimizer)

    index, tree = opened(two())
    freeze(tree, "a")
    run(index, tree, tmp_path, optimizer="adam")
    freeze(tree, "a", trainable=True)
    assert moved(index.model, lambda: run(index, tree, tmp_path, optimizer="adam")) == ALL


def test_that_fact_12_slots_go_over_to_a_new_optimizer(tmp_path):
    model = two()
    keras.utils.set_random_seed(0)
    fit(model, keras.optimizers.Adam())
    old = model.optimizer
    new = keras.optimizers.Adam()
    new.build(model.trainable_variables)
    for mine, its in zip(new.variables, old.variables, strict=True):
        mine.assign(its)
    model.compile(optimizer=new, loss="mse")
    fit_again(model)
    assert int(model.optimizer.iterations) == 4, "plain Keras: by hand it works"

    index, tree = opened(two())
    run(index, tree, tmp_path, optimizer="adam")
    kept = optimizer_state(index).slots(tree.find("b:kernel").record.weight_id)["_momentums"]
    freeze(tree, "a")
    plan = []
    run(index, tree, tmp_path, optimizer="adam", at_start=lambda: plan.append(optimizer_state(index)))
    assert plan[0].num_steps == 2
    np.testing.assert_array_equal(plan[0].slots(tree.find("b:kernel").record.weight_id)["_momentums"], kept)
    assert optimizer_state(index).num_steps == 4


def test_that_fact_14_a_rate_for_each_weight_needs_no_loop_of_its_own():
    """No feature of Frostline rests on this yet; the key that it would need is the one that the fact names."""

    class Scaled(keras.optimizers.SGD):
        def update_step(self, gradient, variable, learning_rate):
            assert not hasattr(variable, "path")
            super().update_step(gradient, variable, learning_rate * rates[id(variable)])

    model = two()
    rates = {id(weight.value): float(layer.name == "b") for layer in model.layers for weight in layer.weights}
    assert moved(model, lambda: fit(model, Scaled(0.1))) == ONLY_B
    assert np.isfinite(model.evaluate(*data_of(model), verbose=0))
