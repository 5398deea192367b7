"""Facts F10 to F14: what a flag does not do once a model is compiled."""

import keras
import numpy as np
import pytest
from keras import layers

from tests.facts.plain import data_of, fit, fit_again, freeze, moved, opened, run, stack

ALL = {"a:kernel", "a:bias", "b:kernel", "b:bias"}
ONLY_B = {"b:kernel", "b:bias"}


def two():
    return stack(layers.Dense(4, name="a"), layers.Dense(4, name="b"))


def test_f10_flags_set_after_compile_are_ignored(tmp_path):
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


def test_f11_an_optimizer_does_not_know_what_is_thawed_later(tmp_path):
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


def test_f14_a_rate_for_each_weight_needs_no_loop_of_its_own():
    """No feature of Frostline rests on this yet; the key that it would need is the one that the fact names."""

    class Scaled(keras.optimizers.SGD):
        def update_step(self, gradient, variable, learning_rate):
            assert not hasattr(variable, "path")
            super().update_step(gradient, variable, learning_rate * rates[id(variable)])

    model = two()
    rates = {id(weight.value): float(layer.name == "b") for layer in model.layers for weight in layer.weights}
    assert moved(model, lambda: fit(model, Scaled(0.1))) == ONLY_B
    assert np.isfinite(model.evaluate(*data_of(model), verbose=0))
