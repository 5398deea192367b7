"""Facts F15 to F19: what comes back from a file. F13 is in `tests/keras_model/test_saved_optimizer.py`."""

import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

from editor.files.keras_archive import read_freeze_map
from editor.files.options import OpenOptions
from editor.files.trained_weights_file import read_trained_weights
from editor.files.zip_members import MAP_MEMBER
from editor.keras_model.flags import apply_tree, tree_with_map
from editor.keras_model.loading import load_model
from editor.keras_model.saving import save_model
from editor.keras_model.trained_weights import apply_trained_weights, export_trained_weights
from editor.keras_model.values import weight_values
from editor.keras_model.walk import walk_model
from tests.cases.pair import Pair
from tests.cases.small_cnn import SmallCNN
from tests.facts.plain import flags, freeze, opened, saved, stack

CUSTOM = {"SmallCNN": SmallCNN}
CODE = Path(__file__).parents[1] / "cases" / "pair.py"


def nested():
    inner = keras.Sequential([keras.Input((4,)), layers.Dense(4, name="a"), layers.Dense(4, name="b")], name="inner")
    return stack(inner, layers.Dense(2, name="head"))


def reloaded(model, path):
    model.save(path)
    return keras.saving.load_model(path, CUSTOM, compile=False)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
def test_that_fact_15_graphs_keep_the_flags_of_their_leaves(suffix, tmp_path):
    model = nested()
    model.get_layer("inner").get_layer("a").trainable = False
    again = reloaded(model, tmp_path / f"plain{suffix}")
    assert not again.get_layer("inner").get_layer("a").trainable
    assert again.get_layer("inner").get_layer("b").trainable
    model.get_layer("inner").trainable = False
    assert reloaded(model, tmp_path / f"whole{suffix}").get_layer("inner").trainable, "plain: comes back True"

    index, tree = opened(nested())
    freeze(tree, "inner")
    _, again_tree = saved(index, tree, tmp_path / "ours.keras")
    assert flags(again_tree) == flags(tree)


def attentive():
    text = keras.Input((6, 8))
    values = layers.MultiHeadAttention(2, 4, name="mha")(text, text)
    return keras.Model(text, layers.Dense(3, name="head")(values))


def test_that_fact_16_flags_inside_composites_and_subclassed_models_are_lost(tmp_path):
    model = attentive()
    model.get_layer("mha").query_dense.trainable = False
    assert reloaded(model, tmp_path / "part.keras").get_layer("mha").query_dense.trainable, "plain Keras: lost"
    model.get_layer("mha").trainable = False
    again = reloaded(model, tmp_path / "whole.keras")
    assert not again.get_layer("mha").trainable
    assert len(again.trainable_variables) == 10, "plain Keras: the flag is there, and the variables train"
    own = SmallCNN()
    own.build((None, 8, 8, 3))
    own.conv1.trainable = False
    assert reloaded(own, tmp_path / "own.keras").conv1.trainable, "plain Keras: lost"

    for path in ("mha", "mha/query_dense", "mha/query_dense:bias"):
        index, tree = opened(attentive())
        freeze(tree, path)
        again, again_tree = saved(index, tree, tmp_path / "ours.keras")
        assert flags(again_tree) == flags(tree)
    index, tree = opened(own)
    _, again_tree = saved(index, tree, tmp_path / "own_ours.keras", custom_objects=CUSTOM)
    assert flags(again_tree) == flags(tree)
    assert flags(again_tree)["conv1:kernel"] == "frozen"


def paired():
    return stack(Pair(name="pair"), layers.Dense(2, name="head"))


def thawed_child():
    """A nested Sequential, frozen by its own flag, of which one layer trains."""
    model = nested()
    inner = model.get_layer("inner")
    inner.trainable = False
    inner.get_layer("b").trainable = True
    return model


def frozen_child():
    model = paired()
    model.get_layer("pair").first.trainable = False
    return model


def error_after(model, path, reload):
    x = np.random.default_rng(0).normal(size=(8, *model.input_shape[1:])).astype("float32")
    expected = model.predict(x, verbose=0)
    reload(path)
    again = keras.saving.load_model(path, {"Pair": Pair}, compile=False)
    return float(abs(again.predict(x, verbose=0) - expected).max())


@pytest.mark.parametrize("builder", [thawed_child, frozen_child])
@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
def test_that_fact_17_weights_change_places_in_an_h5(builder, tmp_path):
    model = builder()
    assert error_after(model, tmp_path / "plain.h5", model.save) > 0.01, "plain Keras: swapped without a word"

    index, tree = opened(builder())
    freeze(tree, "head:bias")

    def save(path):
        save_model(index, tree.freeze_map(), path, custom_objects={"Pair": Pair}, options=OpenOptions.of_code(CODE))

    assert error_after(index.model, tmp_path / "ours.h5", save) < 1e-6
    again = walk_model(load_model(tmp_path / "ours.h5", {"Pair": Pair}))
    assert flags(tree_with_map(again, read_freeze_map(tmp_path / "ours.h5"))) == flags(tree)


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
def test_that_fact_17_an_h5_of_attention_cannot_be_reopened(tmp_path):
    model = attentive()
    model.get_layer("mha").query_dense.trainable = False
    model.save(tmp_path / "plain.h5")
    with pytest.raises(ValueError, match="shape"):
        keras.saving.load_model(tmp_path / "plain.h5", compile=False)

    index, tree = opened(attentive())
    freeze(tree, "mha/query_dense")
    assert (
        error_after(index.model, tmp_path / "ours.h5", lambda path: save_model(index, tree.freeze_map(), path)) < 1e-6
    )


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
def test_that_fact_18_weights_change_places_in_a_model_of_another_state(tmp_path):
    writer, reader = nested(), nested()
    writer.save_weights(tmp_path / "old.weights.h5")
    writer.save(tmp_path / "old.h5")
    reader.get_layer("inner").get_layer("a").trainable = False
    reader.load_weights(tmp_path / "old.h5")
    pairs = zip(writer.get_layer("inner").weights, reader.get_layer("inner").weights, strict=True)
    assert not all(np.array_equal(old, new) for old, new in pairs), "plain Keras: swapped without a word"

    # The one way in which Frostline brings weights into an open model.
    trained, tree = opened(writer)
    path = tmp_path / "trained.h5"
    export_trained_weights(trained, tree.freeze_map(), path, opened=())
    index, other = opened(nested())
    freeze(other, "inner/a")
    apply_tree(index, other)
    apply_trained_weights(index, read_trained_weights(path))
    for old, new in zip(weight_values(trained), weight_values(index), strict=True):
        np.testing.assert_array_equal(old, new)


def test_that_fact_19_a_member_of_ours_is_ignored_by_keras_and_dropped_when_it_saves(tmp_path):
    index, tree = opened(attentive())
    freeze(tree, "mha")
    path = tmp_path / "ours.keras"
    saved(index, tree, path)
    with zipfile.ZipFile(path) as archive:
        assert MAP_MEMBER in archive.namelist()
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}
    keras.saving.load_model(path).save(tmp_path / "again.keras")
    assert read_freeze_map(path) is not None
    assert read_freeze_map(tmp_path / "again.keras") is None
