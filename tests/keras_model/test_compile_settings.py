from __future__ import annotations

import json
import warnings
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

from editor.files.code_needs import code_needs
from editor.keras_model.compile_settings import compile_as, compile_text, restore_from_file, uncompile
from editor.keras_model.loading import load_model
from editor.keras_model.optimizer_state import optimizer_state
from editor.keras_model.walk import walk_model
from tests import models
from tests.cases.small_cnn import SmallCNN

ROOT = Path(__file__).parents[2]
FRESH = "the optimizer starts fresh"

# Keras logs that the format is old, and its legacy reload that metrics are not built yet.
pytestmark = pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")


def far_off(y_true, y_pred):
    return keras.ops.mean(keras.ops.square(y_true - y_pred)) * 3


def trained(builder=models.digits_cnn, optimizer=None, loss="sparse_categorical_crossentropy", **settings):
    model = models.seeded(builder)
    model.compile(optimizer or keras.optimizers.Adam(0.02, beta_1=0.8), loss, **settings)
    num_outputs = models.outputs_of(model).shape[-1]
    labels = np.arange(8) % num_outputs
    one_hot = isinstance(loss, str) and loss.startswith("sparse")
    model.fit(models.sample_inputs(model, 8), labels if one_hot else np.eye(num_outputs)[labels], verbose=0)
    return walk_model(model)


def reopened(path, custom_objects=None):
    index = walk_model(load_model(path, custom_objects or {}))
    return index, restore_from_file(index, path, custom_objects or {})


def values(index):
    state = optimizer_state(index)
    return {role: value.tobytes() for role, value in state.values.items()}


@pytest.mark.parametrize("name", ["kept.keras", "kept.h5"])
def test_that_settings_and_slots_come_back_from_a_file_of_plain_keras(name, tmp_path):
    index = trained(metrics=["accuracy"], loss_weights=[0.5])
    index.model.save(tmp_path / name)
    again, notes = reopened(tmp_path / name)
    assert notes == ()
    assert values(again) == values(index)
    assert again.model.loss == "sparse_categorical_crossentropy"
    assert optimizer_state(again).config["config"]["beta_1"] == 0.8
    x, y = models.sample_inputs(index.model, 8), np.arange(8)
    assert again.model.evaluate(x, y, verbose=0, return_dict=True).keys() == {"loss", "accuracy"}
    for model in (index.model, again.model):
        model.train_on_batch(x, y)
    assert [v.numpy().tobytes() for v in again.model.weights] == [v.numpy().tobytes() for v in index.model.weights]


def test_that_frozen_layers_leave_the_slots_in_order(tmp_path):
    model = models.seeded(models.deep_nest)
    model.get_layer("outer").layers[0].trainable = False
    model.compile("nadam", "mean_squared_error")
    model.fit(models.sample_inputs(model, 8), np.zeros((8, 3)), verbose=0)
    model.save(tmp_path / "frozen.keras")
    again, notes = reopened(tmp_path / "frozen.keras")
    assert notes == ()
    assert values(again) == values(walk_model(model))


def test_that_the_name_mse_in_an_h5_is_no_obstacle(tmp_path):
    """Keras's own compiled reload fails over it (fact F21)."""
    index = trained(loss="mse")
    index.model.save(tmp_path / "named.h5")
    with pytest.raises(Exception, match="mse"):
        keras.saving.load_model(tmp_path / "named.h5")
    again, notes = reopened(tmp_path / "named.h5")
    assert (again.model.loss, notes) == ("mse", ())
    assert values(again) == values(index)


def test_that_plain_keras_cannot_train_on_with_the_optimizer_of_an_h5_and_frostline_can(tmp_path):
    index = trained(loss=keras.losses.MeanSquaredError())
    index.model.save(tmp_path / "trained.h5")
    plain = keras.saving.load_model(tmp_path / "trained.h5")
    x, y = models.sample_inputs(plain, 8), np.zeros((8, 10))
    with pytest.raises(ValueError, match="Unknown variable"):
        plain.fit(x, y, verbose=0)
    again, _ = reopened(tmp_path / "trained.h5")
    again.model.fit(x, y, verbose=0)
    assert optimizer_state(again).num_steps == 2


def test_that_a_loss_without_its_code_is_told_and_the_optimizer_kept(tmp_path):
    for name in ("strange.keras", "strange.h5"):
        index = trained(loss=far_off)
        index.model.save(tmp_path / name)
        again, (note,) = reopened(tmp_path / name)
        assert "loss 'far_off'" in note
        assert again.model.loss is None
        assert values(again) == values(index)
        again, notes = reopened(tmp_path / name, {"far_off": far_off})
        assert (again.model.loss, notes) == (far_off, ())


@pytest.mark.filterwarnings("ignore:The object being serialized includes a `lambda`")
@pytest.mark.parametrize("ending", ["keras", "h5"])
def test_that_a_lambda_in_the_compile_settings_is_not_run(ending, tmp_path):
    def far_off(y_true, y_pred):
        return keras.ops.mean(y_pred)

    far_off.__name__ = "<lambda>"  # As Keras knows one; an `.h5` has only the name.
    index = trained(loss=far_off, metrics=["accuracy", far_off])
    index.model.save(tmp_path / f"lambda.{ending}")
    again, notes = reopened(tmp_path / f"lambda.{ending}")
    assert "loss (a lambda), whose code is not run" in notes[0]
    assert "'accuracy', (a lambda), whose code is not run" in notes[0]
    assert again.model.loss is None


def test_that_the_optimizer_of_a_subclassed_model_comes_back(tmp_path):
    index = trained(models.small_cnn)
    index.model.save(tmp_path / "subclassed.keras")
    # Plain Keras forgets that `conv1` is frozen, and skips the slots of the others (facts F13 and F16).
    again, (note,) = reopened(tmp_path / "subclassed.keras", {"SmallCNN": SmallCNN})
    assert note == "The optimizer in the file has 10 variables instead of 14; the optimizer starts fresh."
    assert optimizer_state(again).num_steps == 0


def test_that_an_optimizer_that_has_made_no_step_is_no_loss(tmp_path):
    model = models.seeded(models.digits_cnn)
    model.compile("adam", "mse")
    model.save(tmp_path / "new.keras")
    again, notes = reopened(tmp_path / "new.keras")
    assert notes == ()
    assert optimizer_state(again).num_steps == 0


def test_that_slots_of_other_shapes_are_not_taken(tmp_path):
    index = trained()
    index.model.get_layer("conv").trainable = False
    index.model.optimizer = None
    index.model.compile("adam", "sparse_categorical_crossentropy")
    index.model.fit(models.sample_inputs(index.model, 8), np.arange(8), verbose=0)
    index.model.get_layer("conv").trainable = True
    index.model.get_layer("digit").trainable = False
    index.model.save(tmp_path / "stale.keras")
    again, (note,) = reopened(tmp_path / "stale.keras")
    assert "of other weights" in note
    assert optimizer_state(again).num_steps == 0


def test_that_stale_slots_in_an_h5_are_known_by_their_names(tmp_path):
    """In a `.keras` nothing tells it (fact F13); an `.h5` has names."""
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4, name="one"), keras.layers.Dense(4, name="two")])
    model.get_layer("two").trainable = False
    model.compile("adam", keras.losses.MeanSquaredError())
    model.fit(np.ones((4, 4)), np.zeros((4, 4)), verbose=0)
    model.get_layer("one").trainable, model.get_layer("two").trainable = False, True
    model.save(tmp_path / "stale.h5")
    again, (note,) = reopened(tmp_path / "stale.h5")
    assert "of other weights" in note
    assert optimizer_state(again).num_steps == 0


@pytest.mark.parametrize("name", ["fer/emotion_model.hdf5", "splice/Donor.h5"])
def test_that_a_file_of_keras_2_keeps_its_settings_and_its_old_slots_are_told(name):
    path = next((ROOT / "tests" / "data" / "models").rglob(name.partition("/")[2]))
    again, (note,) = reopened(path)
    assert note == f"The optimizer's state is that of an older Keras, which kept it in another way; {FRESH}."
    assert again.model.loss in ("categorical_crossentropy", "binary_crossentropy")
    assert optimizer_state(again).config["class_name"] == "Adam"
    assert again.model.optimizer.learning_rate.numpy() < 0.0002


def test_that_objects_as_keras_2_wrote_them_come_back(tmp_path):
    path = tmp_path / "model.h5"
    trained(metrics=["accuracy"]).model.save(path)
    with h5py.File(path, "r+") as file:
        settings = json.loads(file.attrs["training_config"])
        optimizer = settings["optimizer_config"]
        settings["optimizer_config"] = {"class_name": "Custom>Adam", "config": optimizer["config"]}
        settings["loss"] = {
            "class_name": "SparseCategoricalCrossentropy",
            "config": {"reduction": "auto", "name": "a", "from_logits": False, "fn": "sparse_categorical_crossentropy"},
        }
        wrapped = {"name": "hits", "dtype": "float32", "fn": "sparse_categorical_accuracy"}
        settings["metrics"] = [[{"class_name": "MeanMetricWrapper", "config": wrapped}]]
        file.attrs["training_config"] = json.dumps(settings)
        architecture = json.loads(file.attrs["model_config"])
    assert code_needs(architecture, compiled=settings) == ()
    again, notes = reopened(path)
    assert notes == ()
    x, y = models.sample_inputs(again.model, 8), np.arange(8)
    result = again.model.evaluate(x, y, verbose=0, return_dict=True)
    hits = np.argmax(again.model(x), axis=-1) == y
    assert result["hits"] == pytest.approx(hits.mean())


def test_that_a_decay_of_keras_2_which_is_gone_is_told(tmp_path):
    index = trained(loss="mse")
    index.model.save(tmp_path / "old.h5")
    with h5py.File(tmp_path / "old.h5", "r+") as file:
        config = json.loads(file.attrs["training_config"])
        config["optimizer_config"] = {"class_name": "SGD", "config": {"lr": 0.1, "decay": 0.5}}
        file.attrs["training_config"] = json.dumps(config)
        del file["optimizer_weights"]
    again, (note,) = reopened(tmp_path / "old.h5")
    assert "decay" in note
    assert again.model.optimizer.learning_rate.numpy() == np.float32(0.1)


def test_that_an_uncompiled_file_has_nothing_to_restore(tmp_path):
    models.seeded(models.digits_cnn).save(tmp_path / "plain.keras")
    again, notes = reopened(tmp_path / "plain.keras")
    assert notes == ()
    assert not again.model.compiled


class OwnCompile(keras.Sequential):
    """Takes a second optimizer, and does not tell Keras."""

    def compile(self, optimizer, second=None, **settings):
        super().compile(optimizer, **settings)
        self.second = second


def test_that_a_compile_of_the_models_own_is_told(tmp_path):
    model = OwnCompile([keras.Input((4,)), keras.layers.Dense(4)])
    model.compile("adam", loss="mse")
    model.save(tmp_path / "own.keras")
    again, (note,) = reopened(tmp_path / "own.keras", {"OwnCompile": OwnCompile})
    assert "its own compile()" in note
    assert not again.model.compiled


def test_that_settings_go_through_text_and_back():
    index = trained(metrics=["accuracy"])
    text, before = compile_text(index.model), index.model.evaluate(models.sample_inputs(index.model), np.arange(2))
    uncompile(index.model)
    assert compile_text(index.model) is None
    assert compile_as(index.model, text, index.model.trainable_variables) == ()
    assert index.model.evaluate(models.sample_inputs(index.model), np.arange(2)) == before


def test_that_an_uncompiled_model_is_saved_as_one_that_never_was(tmp_path):
    index = trained(metrics=["accuracy"])
    uncompile(index.model)
    index.model.save(tmp_path / "plain.keras")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not keras.saving.load_model(tmp_path / "plain.keras").compiled
    assert optimizer_state(index) is None
