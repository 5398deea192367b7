"""Findings about real models, held against what Keras then does."""

import keras
import numpy as np
import pytest
from keras import layers

from editor.keras_model.flags import apply_tree
from editor.keras_model.gradients import unreached_weights
from editor.keras_model.walk import walk_model
from editor.layers.findings.finding import KnownFacts
from editor.layers.findings.problems import find_problems
from editor.layers.tree import LayerTree
from tests import models


class Opened:
    """A model with its tree."""

    def __init__(self, model):
        self.model = model
        self.index = walk_model(model)
        self.tree = LayerTree(self.index.root)

    def freeze(self, path):
        self.tree.apply(self.tree.plan([self.tree.find(path)], trainable=False))

    def problems(self):
        unreached = unreached_weights(self.index)
        found = find_problems(self.tree, KnownFacts(unreached=frozenset(unreached)))
        return {finding.code: finding for finding in found}

    def cure(self, code):
        self.tree.apply(self.problems()[code].cure.change(self.tree))

    def moved(self):
        """Paths of the weights that one step of training moves."""
        apply_tree(self.index, self.tree)
        before = [variable.numpy() for variable in self.index.variables]
        self.model.compile("sgd", "sparse_categorical_crossentropy")
        self.model.fit(models.sample_inputs(self.model, 8), np.arange(8) % 3, batch_size=8, verbose=0)
        changed = [not np.array_equal(was, now.numpy()) for was, now in zip(before, self.index.variables, strict=True)]
        return {node.path for node in self.tree.walk_weights() if changed[node.record.weight_id]}


def transfer(*, training=None, freeze_one_by_one=False):
    """A backbone with statistics and a dropout, and a head."""
    base = keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(5, name="dense"),
            layers.BatchNormalization(name="bn"),
            layers.Dropout(0.5, name="dropout"),
        ],
        name="base",
    )
    if freeze_one_by_one:
        for weight in base.trainable_weights:
            weight.trainable = False
    inputs = keras.Input((6,))
    values = base(inputs) if training is None else base(inputs, training=training)
    return Opened(keras.Model(inputs, layers.Dense(3, activation="softmax", name="head")(values)))


STATISTICS = {"base/bn:moving_mean", "base/bn:moving_variance"}


@pytest.mark.parametrize("builder", models.SMALL_BUILDERS)
def test_that_freshly_opened_models_raise_no_warning(builder):
    opened = Opened(builder())
    assert "warning" not in {finding.severity for finding in opened.problems().values()}


def test_that_an_ordinary_frozen_backbone_gets_notes_at_most():
    opened = transfer()
    assert opened.problems() == {}
    opened.freeze("base")
    assert {code: finding.severity for code, finding in opened.problems().items()} == {"random-in-frozen-block": "note"}
    assert opened.moved() == {"head:kernel", "head:bias"}


def test_that_statistics_said_to_move_do_so_and_stand_still_once_cured():
    opened = transfer(freeze_one_by_one=True)
    assert opened.problems()["statistics-move"].path == "base/bn"
    assert opened.moved() == {"head:kernel", "head:bias"} | STATISTICS
    opened.cure("statistics-move")
    assert opened.moved() == {"head:kernel", "head:bias"}


def test_that_keras_passes_over_training_false_and_the_cure_brings_what_was_meant():
    opened = transfer(training=False)
    found = opened.problems()["training-overridden"]
    assert (found.severity, found.path) == ("warning", "base")
    # Plain Keras misbehaves: the statistics move although the call says otherwise (keras-team/keras#20285).
    assert opened.moved() >= STATISTICS
    many = np.ones((1, 6), "float32")
    apart = [opened.model(many, training=True).numpy() for _ in range(8)]
    assert any(not np.array_equal(apart[0], other) for other in apart), "the dropout inside does not act"
    opened.cure("training-overridden")
    moved = opened.moved()
    assert "base/bn:gamma" in moved
    assert not moved & STATISTICS
    assert opened.problems()["training-overridden"].severity == "note"


def test_that_a_dropouts_own_default_is_no_finding():
    assert "training-overridden" not in transfer().problems()


def test_that_random_layers_of_all_kinds_are_found_in_real_models():
    opened = Opened(models.composites())
    opened.tree.apply(opened.tree.plan([opened.tree.root], trainable=False))
    opened.tree.apply(opened.tree.plan([opened.tree.find("head")], trainable=True))
    found = [finding.path for finding in find_problems(opened.tree) if finding.code == "random-in-frozen-block"]
    assert found == ["mha", "composite/_dropout"]


def test_that_lora_is_noted_and_a_thawed_base_is_cured():
    dense = layers.Dense(4, name="dense")
    model = keras.Sequential([keras.Input((6,)), dense, layers.Dense(3, activation="softmax", name="head")])
    dense.enable_lora(2)
    opened = Opened(model)
    assert {code: finding.severity for code, finding in opened.problems().items()} == {"lora": "note"}
    # Off and on again, as fact F8 has it.
    for trainable in (False, True):
        opened.tree.apply(opened.tree.plan([opened.tree.find("dense")], trainable=trainable))
    assert opened.problems()["lora-base-trains"].severity == "warning"
    opened.cure("lora-base-trains")
    assert set(opened.problems()) == {"lora"}
    assert "dense:kernel" not in opened.moved()


def test_that_a_thawed_layer_without_gradient_is_found():
    inputs = keras.Input((6,))
    values = keras.ops.stop_gradient(layers.Dense(4, name="cut")(inputs))
    opened = Opened(keras.Model(inputs, layers.Dense(3, activation="softmax", name="head")(values)))
    assert opened.problems()["no-gradient"].path == "cut"
    opened.freeze("head")
    assert set(opened.problems()) == {"nothing-learns"}
    opened.freeze("cut")
    found = opened.problems()["nothing-trainable"]
    assert found.cure.text == "Thaw head"
