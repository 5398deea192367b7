"""Facts F15, F16 and F19: which flags come back from a file."""

import zipfile

import keras
import pytest
from keras import layers

from editor.files.keras_archive import read_freeze_map
from editor.files.zip_members import MAP_MEMBER
from tests.cases.small_cnn import SmallCNN
from tests.facts.plain import flags, freeze, opened, saved, stack

CUSTOM = {"SmallCNN": SmallCNN}


def nested():
    inner = keras.Sequential([keras.Input((4,)), layers.Dense(4, name="a"), layers.Dense(4, name="b")], name="inner")
    return stack(inner, layers.Dense(2, name="head"))


def reloaded(model, path):
    model.save(path)
    return keras.saving.load_model(path, CUSTOM, compile=False)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
def test_f15_graphs_keep_the_flags_of_their_leaves(suffix, tmp_path):
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


def test_f16_flags_inside_composites_and_subclassed_models_are_lost(tmp_path):
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


def test_f19_a_member_of_ours_is_ignored_by_keras_and_dropped_when_it_saves(tmp_path):
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
