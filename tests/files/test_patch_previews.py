"""Flags changed in files of custom classes that are never loaded: right, or refused, never a swapped weight or slot."""

from __future__ import annotations

from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
from keras import layers

from editor.errors import PatchError
from editor.files.keras_archive import read_freeze_map
from editor.files.patch import patch_file
from editor.files.preview import read_preview
from editor.layers.tree import LayerTree
from tests.files.patching import plan_of, set_state


class Scale(layers.Layer):
    """One layer of its own: a kernel and a bias."""

    def build(self, shape):
        self.kernel = self.add_weight(shape=(shape[-1], shape[-1]), name="kernel")
        self.bias = self.add_weight(shape=(shape[-1],), name="bias")

    def call(self, inputs):
        return inputs @ self.kernel + self.bias


class Hands(layers.Layer):
    """Hands its own flag on to what it holds, whose statistics come first."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.a_norm = layers.BatchNormalization(trainable=self.trainable)
        self.b_dense = layers.Dense(4, trainable=self.trainable)

    def build(self, shape):
        self.a_norm.build(shape)
        self.b_dense.build(shape)

    def call(self, inputs):
        return self.b_dense(self.a_norm(inputs))


CUSTOM = {"Scale": Scale, "Hands": Hands}


def flat() -> keras.Model:
    inputs = keras.Input((4,))
    values = layers.Dense(4, name="first")(inputs)
    values = Hands(name="hands")(Scale(name="scale")(values))
    return keras.Model(inputs, layers.Dense(4, name="last")(values))


def nested() -> keras.Model:
    """Layers of one shape in a model of their own, so that nothing but their order tells their weights apart."""
    inputs = keras.Input((4,))
    values = Scale(name="scale")(layers.Dense(4, name="first")(inputs))
    values = Hands(name="hands")(values)
    inner = keras.Model(inputs, layers.Dense(4, name="last")(values), name="inner")
    outer = keras.Input((4,))
    return keras.Model(outer, layers.Dense(4, name="head")(inner(outer)))


def written(build, path: Path, *, trained: bool = False) -> keras.Model:
    keras.utils.set_random_seed(1)
    model = build()
    for number, weight in enumerate(model.weights):
        weight.assign(np.random.default_rng(number).normal(size=weight.shape) ** 2 + 0.1)
    if trained:
        model.compile("adam", keras.losses.MeanSquaredError(), run_eagerly=True)
        model.fit(*np.random.default_rng(5).normal(size=(2, 3, 4)), verbose=0)
    model.save(path)
    return model


def preview_tree(path: Path) -> LayerTree:
    preview = read_preview(path)
    tree = LayerTree(preview.root)
    if preview.freeze_map:
        tree.apply(tree.plan_map(preview.freeze_map)[0])
    return tree


def patched(path: Path, *steps: str):
    """Patches a file from its preview alone; its code is not there in the real case."""
    tree = preview_tree(path)
    set_state(tree, *steps)
    return patch_file(plan_of(tree, path))


def loaded(path: Path, *, compiled: bool = False) -> keras.Model:
    return keras.saving.load_model(path, CUSTOM, compile=compiled)


def assert_same_outputs(model: keras.Model, path: Path) -> None:
    x = np.random.default_rng(7).normal(size=(3, 4)).astype("float32")
    np.testing.assert_array_equal(model.predict(x, verbose=0), loaded(path).predict(x, verbose=0))


STEPS = {
    "a known layer": ["first"],
    "a custom layer": ["scale"],
    "a custom composite": ["hands"],
    "in a custom composite": ["hands/b_dense"],
    "the last": ["last", "scale"],
}


@pytest.mark.parametrize("steps", STEPS.values(), ids=STEPS)
def test_that_an_archive_is_frozen_and_its_optimizer_left_out_and_said(tmp_path, steps):
    path = tmp_path / "model.keras"
    model = written(flat, path, trained=True)
    result = patched(path, *steps)
    has_flag_changed = steps != ["hands/b_dense"]
    assert bool(result.notes) == has_flag_changed
    if has_flag_changed:
        assert "known to Keras only" in result.notes[0]
    assert loaded(path, compiled=True).compiled != has_flag_changed
    assert_same_outputs(model, path)
    frozen = {
        layer for layer, flags in read_freeze_map(path).layers.items() if "trainable" not in flags.weights.values()
    }
    assert frozen >= set(steps) - {"hands"}
    assert preview_tree(path).freeze_map() == read_freeze_map(path)


def test_that_an_archive_with_the_same_flags_keeps_its_optimizer(tmp_path):
    path = tmp_path / "model.keras"
    model = written(flat, path, trained=True)
    assert patched(path).notes == ()
    kept = loaded(path, compiled=True).optimizer
    for mine, its in zip(model.optimizer.variables, kept.variables, strict=True):
        np.testing.assert_array_equal(mine, its)


@pytest.mark.parametrize("steps", [["first"], ["scale"], ["last", "scale"]], ids=str)
def test_that_an_h5_file_is_frozen_where_the_order_is_sure(tmp_path, steps):
    path = tmp_path / "model.h5"
    model = written(flat, path, trained=True)
    result = patched(path, *steps)
    assert "known to Keras only" in result.notes[0]
    assert_same_outputs(model, path)
    reloaded = loaded(path)
    assert {name for name in steps if not reloaded.get_layer(name).trainable} == set(steps)
    with h5py.File(path) as file:
        assert "optimizer_weights" not in file


@pytest.mark.parametrize(
    ("build", "step"),
    [(flat, "hands"), (nested, "inner/first"), (nested, "inner/hands"), (nested, "inner")],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_that_an_h5_file_is_refused_where_keras_alone_knows_the_order(tmp_path, build, step):
    path = tmp_path / "model.h5"
    written(build, path)
    before = path.read_bytes()
    with pytest.raises(PatchError, match="Keras"):
        patched(path, step)
    assert path.read_bytes() == before


def test_that_what_stands_beside_an_unknown_order_is_frozen(tmp_path):
    path = tmp_path / "model.h5"
    model = written(nested, path)
    patched(path, "head")
    assert_same_outputs(model, path)
    assert not loaded(path).get_layer("head").trainable
