"""What is found before a run starts, on real models and real data."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

from editor.keras_model.walk import walk_model
from editor.layers.tree import LayerTree
from editor.training.compiling import model_facts
from editor.training.data import prepare
from editor.training.data_options import DataOptions
from editor.training.data_report import Bar, DataReport
from editor.training.preflight import memory as memory_module
from editor.training.preflight import outputs, samples
from editor.training.preflight.learned import learned_layers
from editor.training.preflight.look import look_ahead
from editor.training.preflight.memory import does_fit, estimate_memory
from editor.training.preflight.plan import Plan
from editor.training.settings import TrainSettings
from tests import models


@pytest.fixture
def data(tmp_path):
    """Writes arrays and gives the path."""

    def write(x, y, **more):
        np.savez(tmp_path / "data.npz", x=x, y=y, **more)
        return str(tmp_path / "data.npz")

    return write


def normalized():
    keras.utils.set_random_seed(3)
    return keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(5, name="dense"),
            layers.BatchNormalization(name="bn"),
            layers.Dropout(0.3, name="dropout"),
            layers.Dense(3, activation="softmax", name="head"),
        ]
    )


def some(num_samples=64):
    source = np.random.default_rng(0)
    return source.normal(size=(num_samples, 6)).astype("float32"), np.arange(num_samples) % 3


def look(model, name, **settings):
    index = walk_model(model)
    chosen = TrainSettings(data=name, **{"seed": 1, **settings})
    prepared = prepare(chosen, model_facts(index), 1)
    return look_ahead(index, LayerTree(index.root), chosen, prepared, learned_layers(index))


def codes(found):
    return [finding.code for finding in found]


def the(found, code):
    (finding,) = [finding for finding in found if finding.code == code]
    return finding


def test_that_a_sound_run_has_nothing_to_say_and_tells_what_trains(data):
    found, estimate = look(normalized(), data(*some(200)))
    assert codes(found) == []
    assert (estimate.num_layers, estimate.num_moving_statistics) == (3, 1)
    assert estimate.num_trainable == 6 * 5 + 5 + 10 + 5 * 3 + 3
    assert estimate.num_batches == 5
    assert (estimate.num_validation, estimate.num_test) == (40, 0)
    assert estimate.first_loss == pytest.approx(1.2, abs=1.0)
    assert "A batch of 8 went through" in estimate.tried


def test_that_trying_a_batch_changes_nothing(data):
    model = normalized()
    before = [keras.ops.convert_to_numpy(variable) for variable in model.variables]
    look(model, data(*some()))
    after = [keras.ops.convert_to_numpy(variable) for variable in model.variables]
    assert all(np.array_equal(first, second) for first, second in zip(before, after, strict=True))
    assert len(before) > len(model.weights)  # Dropout's seed is among them.


def test_that_the_loss_of_the_tried_batch_is_that_of_keras(data):
    model = keras.Sequential([keras.Input((6,)), layers.Dense(3, activation="softmax")])
    x, y = some(8)
    _found, estimate = look(model, data(x, y), validation_split=0)
    model.compile(loss="sparse_categorical_crossentropy")
    assert estimate.first_loss == pytest.approx(model.evaluate(x, y, verbose=0), rel=1e-5)


def test_that_a_weight_that_is_not_finite_is_named(data):
    model = normalized()
    model.get_layer("dense").bias.assign(np.array([0, 1, np.nan, 0, 0]))
    found, _estimate = look(model, data(*some()))
    assert the(found, "not-finite").title == "dense:bias is not finite"


def test_that_a_loss_that_is_not_finite_is_said(data):
    model = keras.Sequential([keras.Input((6,)), layers.Lambda(lambda x: x / 0.0), layers.Dense(1)])
    x, _y = some()
    found, _estimate = look(model, data(x, x[:, 0]))
    assert "The loss is not finite" in the(found, "not-finite").title


def test_that_a_layer_that_breaks_in_training_is_said_before(data):
    class Broken(layers.Layer):
        def call(self, inputs):
            return inputs if not keras.src.backend.common.global_state.get_global_attribute("broken") else 1 / 0

    model = keras.Sequential([keras.Input((6,)), Broken(name="mine"), layers.Dense(3, activation="softmax")])
    keras.src.backend.common.global_state.set_global_attribute("broken", True)
    try:
        found, _estimate = look(model, data(*some()))
    finally:
        keras.src.backend.common.global_state.set_global_attribute("broken", None)
    assert the(found, "trial-error").severity == "error"
    assert "division by zero" in the(found, "trial-error").text


def test_that_a_name_that_no_graph_takes_is_an_error_with_a_cure(data):
    model = keras.Sequential([keras.Input((6,)), layers.Dense(3, name="my dense", activation="softmax")])
    found, _estimate = look(model, data(*some()))
    finding = the(found, "layer-name")
    assert finding.severity == "error"
    assert finding.cure.rename == ("my dense", "my_dense")


def test_that_adams_usual_rate_is_high_for_what_has_learned(data):
    model = models.seeded(normalized)
    finding = the(look(model, data(*some()), learning_rate=1e-3)[0], "learning-rate")
    assert finding.cure.learning_rate == 1e-4
    assert "learning-rate" not in codes(look(model, data(*some()), learning_rate=1e-4)[0])
    assert "learning-rate" not in codes(look(normalized(), data(*some()), learning_rate=1e-3)[0])


def test_that_frozen_layers_that_were_never_trained_are_said_with_the_thaw(data):
    model = normalized()
    model.get_layer("dense").trainable = model.get_layer("bn").trainable = False
    finding = the(look(model, data(*some()))[0], "frozen-at-random")
    assert (finding.path, finding.cure.text) == ("dense", "Thaw It")
    index = walk_model(model)
    tree = LayerTree(index.root)
    tree.apply(finding.cure.change(tree))
    assert tree.is_trainable(tree.find("dense:kernel").record)
    trained = models.seeded(normalized)
    trained.get_layer("dense").trainable = False
    assert "frozen-at-random" not in codes(look(trained, data(*some()))[0])


def test_that_frozen_kernels_without_biases_are_known_by_how_they_are_drawn(data):
    def made(rate):
        keras.utils.set_random_seed(5)
        tail = [layers.Dense(64, use_bias=False, name="drawn"), layers.Dense(3, activation="softmax", name="head")]
        model = keras.Sequential([keras.Input((6,)), layers.Dense(40, name="first", use_bias=False), *tail])
        model.compile(keras.optimizers.SGD(rate), "sparse_categorical_crossentropy")
        model.fit(*some(), epochs=5, verbose=0)
        model.get_layer("drawn").trainable = False
        return look(model, data(*some()))[0]

    assert the(made(0.0), "frozen-at-random").path == "drawn"
    assert "frozen-at-random" not in codes(made(0.05))


@pytest.mark.parametrize(("optimizer", "rate", "cure"), [("adam", 0.1, 0.001), ("sgd", 0.001, 0.01)])
def test_that_a_rate_of_another_optimizer_is_said(data, optimizer, rate, cure):
    found, _estimate = look(normalized(), data(*some()), optimizer=optimizer, learning_rate=rate)
    assert the(found, "learning-rate").cure.learning_rate == cure


def test_that_a_batch_larger_than_the_data_is_said_with_one_that_fits(data):
    found, _estimate = look(normalized(), data(*some(40)), batch_size=64, validation_split=0)
    assert the(found, "batch-size").cure.settings == (("batch_size", 40),)


def test_that_small_batches_are_said_for_moving_statistics_only(data):
    model = normalized()
    found, _estimate = look(model, data(*some()), batch_size=2)
    finding = the(found, "small-batch")
    assert finding.paths == ("bn",)
    assert finding.cure.settings == (("batch_size", 32),)
    model.get_layer("bn").trainable = False
    assert "small-batch" not in codes(look(model, data(*some()), batch_size=2)[0])


def test_that_a_lone_last_sample_is_said(data):
    found, _estimate = look(normalized(), data(*some(33)), batch_size=16, validation_split=0)
    assert the(found, "last-batch").cure.settings == (("batch_size", 17),)


def plan_for(model, *, kind="images", task="multi-class", bars=(), value_range=None, **options):
    """What is held against each other, of data that only their report is known of."""
    index = walk_model(model)
    report = DataReport(
        kind=kind, text="", task=task, bars=(bars,), value_range=value_range, num_train=99, num_validation=33
    )
    settings = TrainSettings(data="", data_options=DataOptions(**options))
    losses = ("sparse_categorical_crossentropy",)
    return Plan(LayerTree(index.root), settings, model_facts(index), report, losses)


def test_that_uneven_classes_are_said_until_they_are_balanced():
    bars = tuple(Bar(name=name, num_train=num, num_validation=9) for name, num in (("cat", 100), ("dog", 12)))
    (finding,) = samples.classes(plan_for(normalized(), bars=bars))
    assert "cat has 100 samples, dog has 12" in finding.text
    assert finding.cure.settings == (("balance_classes", True),)
    assert not list(samples.classes(plan_for(normalized(), bars=bars, balance_classes=True)))


def test_that_classes_without_samples_are_named():
    bars = (
        Bar(name="cat", num_train=50, num_validation=9),
        Bar(name="dog", num_train=0),
        Bar(name="cow", num_train=50),
    )
    found = list(samples.classes(plan_for(normalized(), bars=bars)))
    assert the(found, "absent-class").text.startswith("dog:")
    assert the(found, "not-validated").text.startswith("dog, cow:")


def test_that_parts_that_say_little_are_said(data):
    assert "no-validation" in codes(look(normalized(), data(*some()), validation_split=0)[0])
    assert "few-validated" in codes(look(normalized(), data(*some()))[0])


def test_that_raw_pictures_are_said_where_no_layer_scales_them():
    tail = [layers.Flatten(), layers.Dense(3, activation="softmax")]
    plain = keras.Sequential([keras.Input((4, 4, 1)), *tail])
    scaled = keras.Sequential([keras.Input((4, 4, 1)), layers.Rescaling(1 / 255), *tail])
    (finding,) = samples.values(plan_for(plain, value_range=(0, 255)))
    assert finding.cure.settings == (("preprocessing", "zero-to-one"),)
    assert not list(samples.values(plan_for(plain, value_range=(0, 1))))
    assert not list(samples.values(plan_for(scaled, value_range=(0, 255))))
    (finding,) = samples.values(plan_for(scaled, value_range=(0, 1)))
    assert "scaled twice" in finding.title


def test_that_a_last_layer_that_does_not_fit_is_said():
    lone = keras.Sequential([keras.Input((6,)), layers.Dense(1, activation="softmax")])
    assert the(list(outputs.activation(plan_for(lone))), "lone-softmax").severity == "error"
    bounded = keras.Sequential([keras.Input((6,)), layers.Dense(1, activation="tanh")])
    found = list(outputs.activation(plan_for(bounded, task="regression")))
    assert "bounded-output" in codes(found)
    bars = (Bar(name="a", num_train=50), Bar(name="b", num_train=50))
    (finding,) = outputs.size(plan_for(normalized(), bars=bars))
    assert "3 outputs, the data have 2 classes" in finding.title


def test_that_settings_that_do_not_fit_are_errors_of_the_panel_too(data):
    x, y = some()
    found, estimate = look(normalized(), data(x[:, :4], y))
    assert found[0].severity == "error"
    assert "shape (4,)" in found[0].text
    assert estimate.tried == "No batch was tried."


def test_that_nothing_trainable_is_said_with_the_layer_to_thaw(data):
    model = normalized()
    model.trainable = False
    for layer in model.layers:
        layer.trainable = False
    found, _estimate = look(model, data(*some()))
    assert the(found, "nothing-trainable").cure.text == "Thaw head"


def test_that_activations_grow_with_the_batch_and_shrink_with_what_is_frozen():
    model = normalized()
    tree = LayerTree(walk_model(model).root)
    small, large = (estimate_memory(tree, "adam", size, 0) for size in (1, 10))
    assert large.activations == 10 * small.activations
    assert small.optimizer == 2 * small.gradients == 2 * 4 * 63
    model.get_layer("dense").trainable = model.get_layer("bn").trainable = False
    frozen = estimate_memory(LayerTree(walk_model(model).root), "adam", 1, 0)
    assert frozen.activations < small.activations


def test_that_a_batch_that_does_not_fit_is_said_with_one_that_does(monkeypatch):
    tree = LayerTree(walk_model(normalized()).root)
    monkeypatch.setattr(memory_module, "available_memory", lambda: 10_000)
    estimate = estimate_memory(tree, "sgd", 4096, 0)
    assert not does_fit(estimate)
    assert estimate.batch_size_that_fits
    assert does_fit(estimate_memory(tree, "sgd", estimate.batch_size_that_fits, 0))
