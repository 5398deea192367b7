"""Which weights get no gradient, found without computing anything."""

import keras
import numpy as np
import pytest
from keras import layers

from editor.keras_model.gradients import unreached_weights
from editor.keras_model.walk import walk_model
from editor.layers.tree import LayerTree
from tests import models


def unreached(model):
    """Paths of the weights, or None."""
    index = walk_model(model)
    found = unreached_weights(index)
    by_id = {node.record.weight_id: node.path for node in LayerTree(index.root).walk_weights()}
    return None if found is None else {by_id[weight_id] for weight_id in found}


class Stop(layers.Layer):
    def call(self, values):
        return keras.ops.stop_gradient(values)


def with_a_stop():
    """`cut` stands before a stop, `side` beside it."""
    inputs = keras.Input((6,))
    values = Stop(name="stop")(layers.Dense(4, name="cut")(inputs))
    values = layers.Dropout(0.5, name="dropout")(values)
    values = layers.BatchNormalization(name="bn")(layers.Add()([values, layers.Dense(4, name="side")(inputs)]))
    return keras.Model(inputs, layers.Dense(3, activation="softmax", name="head")(values))


@pytest.mark.parametrize("builder", models.SMALL_BUILDERS)
def test_that_in_ordinary_models_every_weight_is_reached(builder):
    assert unreached(builder()) == set()


def test_that_what_stands_before_a_stop_is_not_reached():
    assert unreached(with_a_stop()) == {"cut:kernel", "cut:bias"}


def test_that_fit_moves_all_but_what_is_not_reached():
    model = with_a_stop()
    index = walk_model(model)
    found = set(unreached_weights(index))
    before = [variable.numpy() for variable in index.variables]
    model.compile("adam", "sparse_categorical_crossentropy")
    with pytest.warns(UserWarning, match="Gradients do not exist"):
        model.fit(models.sample_inputs(model, 8), np.arange(8) % 3, verbose=0)
    trained = LayerTree(index.root).root.weights_below
    still = {key for key, was in enumerate(before) if np.array_equal(was, index.variables[key].numpy())}
    assert still == found
    assert found < {weight.weight_id for weight in trained}


def test_that_flags_do_not_matter():
    model = with_a_stop()
    model.trainable = False
    assert unreached(model) == {"cut:kernel", "cut:bias"}


@pytest.mark.parametrize("builder", [with_a_stop, models.composites, models.spectral])
def test_that_a_trace_leaves_the_model_as_it_was(builder):
    model = models.seeded(builder)
    index = walk_model(model)
    before = [variable.numpy() for variable in model.variables]
    flags = [variable.trainable for variable in model.variables]
    output = models.outputs_of(model)
    unreached_weights(index)
    assert [variable.trainable for variable in model.variables] == flags
    assert all(np.array_equal(was, now.numpy()) for was, now in zip(before, model.variables, strict=True))
    np.testing.assert_array_equal(models.outputs_of(model), output)
    assert model.losses == []


class Lossy(layers.Layer):
    """A weight that only a loss of the layer itself reaches, and one that only its regularizer does."""

    def build(self, _shape):
        self.taught = self.add_weight(shape=(), name="taught")
        self.decayed = self.add_weight(shape=(), name="decayed", regularizer="l2")

    def call(self, values):
        self.add_loss(keras.ops.square(self.taught))
        return values


def test_that_losses_of_layers_count_and_regularizers_do_not():
    model = keras.Sequential([keras.Input((3,)), Lossy(name="lossy"), layers.Dense(2, name="head")])
    assert unreached(model) == {"lossy:decayed"}


def test_that_outputs_without_gradients_reach_nothing():
    inputs = keras.Input((3,))
    model = keras.Model(inputs, keras.ops.argmax(layers.Dense(2, name="head")(inputs)))
    assert unreached(model) == {"head:kernel", "head:bias"}


def test_that_embeddings_are_reached():
    inputs = keras.Input((None,), dtype="int32", name="text")
    values = layers.GRU(3, name="gru")(layers.Embedding(7, 4, name="words")(inputs))
    assert unreached(keras.Model({"text": inputs}, {"out": layers.Dense(2)(values)})) == set()


class Stubborn(keras.Model):
    """Asks for a number where a trace has none."""

    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(2)

    def build(self, shape):
        self.dense.build(shape)

    def call(self, values):
        return self.dense(values) if float(keras.ops.max(values)) > 0 else values


class OwnStep(keras.Model):
    def train_step(self, data):
        return super().train_step(data)


def test_that_what_cannot_be_traced_is_not_known():
    model = Stubborn()
    model.build((None, 3))
    assert unreached(model) is None


def test_that_a_train_step_of_the_models_own_makes_it_unknown():
    inputs = keras.Input((3,))
    assert unreached(OwnStep(inputs, layers.Dense(2)(inputs))) is None
