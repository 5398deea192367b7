from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
from keras import optimizers

from editor.errors import PatchError
from editor.files.keras_archive import read_freeze_map
from editor.files.patch import patch_file
from tests import models
from tests.files import patching
from tests.files.patching import opened, patched, plainly_loaded, set_state


def mixed_block() -> keras.Model:
    """A nested Sequential with layers of one shape and a BatchNormalization, beside an attention."""
    block = keras.Sequential(
        [
            keras.Input((4, 6)),
            keras.layers.Dense(6, name="a"),
            keras.layers.BatchNormalization(name="bn"),
            keras.layers.Dense(6, name="b"),
            keras.layers.Dense(6, name="c"),
        ],
        name="block",
    )
    inputs = keras.Input((4, 6))
    values = keras.layers.MultiHeadAttention(2, 3, name="mha")(block(inputs), inputs)
    values = keras.layers.TimeDistributed(keras.layers.Dense(6, name="inner"), name="each")(values)
    values = keras.layers.Bidirectional(keras.layers.LSTM(3), name="both")(values)
    return keras.Model(inputs, keras.layers.Dense(2, name="head")(values), name="mixed_block")


STATES = {
    "leaf": (models.digits_cnn, ["conv"]),
    "bias": (models.digits_cnn, ["conv:bias"]),
    "thawed child under a frozen parent": (mixed_block, ["block", "+block/b"]),
    "child frozen": (mixed_block, ["block/a", "both"]),
    "statistics": (mixed_block, ["block/bn"]),
    "in an attention": (mixed_block, ["mha/query_dense", "each"]),
    "attention": (mixed_block, ["mha", "block/c:kernel"]),
    "root": (mixed_block, [""]),
    "whole base": (models.frozen_vgg16, ["+base", "base/block3_conv1"]),
    "siamese": (models.siamese, ["tower/dense"]),
    "wrapper": (models.spectral, ["head"]),
}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return tmp_path / "source.h5"


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "target.h5"


@pytest.mark.parametrize(("builder", "steps"), STATES.values(), ids=STATES)
def test_that_weights_stay_with_their_layers_whatever_is_frozen(builder, steps, source, target):
    """Fact F17: an `.h5` whose flags alone are changed reloads with weights swapped."""
    models.seeded(builder).save(source)
    index, tree = opened(source)
    set_state(tree, *steps)
    result = patched(tree, source, target)
    model = plainly_loaded(target)
    assert patching.values_of(model, tree) == patching.values_of(index.model, tree)
    assert (models.outputs_of(model) == models.outputs_of(index.model)).all()
    assert set(result.forgotten) == patching.frozen_in(tree) & patching.trains_in(model, tree)
    assert read_freeze_map(target) == tree.freeze_map()
    assert patching.datasets_of(target) == patching.datasets_of(source)


def test_that_the_order_of_names_is_what_saves_the_weights(source, target):
    models.seeded(mixed_block).save(source)
    _, tree = opened(source)
    set_state(tree, "block/b")
    patched(tree, source, target)
    plainly_loaded(target)
    with h5py.File(source) as was, h5py.File(target, "r+") as now:
        names = was["model_weights/block"].attrs["weight_names"]
        assert list(now["model_weights/block"].attrs["weight_names"]) != list(names)
        now["model_weights/block"].attrs["weight_names"] = names
    with pytest.raises(ValueError, match="Shape mismatch"):
        plainly_loaded(target)


def test_that_a_file_can_be_patched_in_its_place_again_and_again(source, monkeypatch):
    monkeypatch.setattr("editor.files.patch_h5.MOST_WASTED", 80_000)
    models.seeded(mixed_block).save(source)
    size = source.stat().st_size
    index, tree = opened(source)
    for steps in (["block/a"], ["block", "+block/c"], ["+", "mha"], ["", "+both"]) * 2:
        set_state(tree, *steps)
        patch_file(patching.plan_of(tree, source, is_as_read=False))
        assert patching.values_of(plainly_loaded(source), tree) == patching.values_of(index.model, tree)
    assert source.stat().st_size < size + 60_000  # it would have doubled twice


def test_that_names_too_many_for_one_attribute_are_cut_as_keras_cuts_them(source, target):
    layers = [keras.layers.Dense(2, name=f"{number:02}_{'long' * 200}") for number in range(40)]
    model = keras.Sequential([keras.Input((2,)), keras.Sequential(layers, name="block")])
    model.save(source)
    with h5py.File(source) as file:
        assert "weight_names1" in file["model_weights/block"].attrs
    index, tree = opened(source)
    set_state(tree, *(layer.path for layer in tree.root.children[0].children[::3]))
    patched(tree, source, target)
    assert patching.values_of(plainly_loaded(target), tree) == patching.values_of(index.model, tree)


# -- what is refused ------------------------------------------------------------------------------------------


class Pair(keras.layers.Layer):
    """Two layers of one shape."""

    def __init__(self, **settings):
        super().__init__(**settings)
        self.first, self.second = (keras.layers.Dense(8, name=name) for name in ("first", "second"))
        self.scale = self.add_weight(shape=(), name="scale")

    def build(self, input_shape):
        self.first.build(input_shape)
        self.second.build(input_shape)
        self.built = True

    def call(self, inputs):
        return self.second(self.first(inputs)) * self.scale

    def get_config(self):
        return super().get_config()


def custom_block() -> keras.Model:
    inputs = keras.Input((6, 8))
    bn = keras.layers.BatchNormalization(name="bn")
    inner = keras.Sequential([keras.Input((6, 8)), bn, Pair(name="pair")], name="inner")
    return keras.Model(inputs, keras.layers.Dense(1, name="head")(inner(inputs)))


@pytest.fixture(autouse=True)
def _pair_is_known():
    with keras.saving.custom_object_scope({"Pair": Pair}):
        yield


def test_that_the_order_in_a_class_of_ones_own_is_not_guessed(source, target):
    models.seeded(custom_block).save(source)
    _, tree = opened(source)
    set_state(tree, "inner/bn")
    with pytest.raises(PatchError, match="class is 'Pair'") as caught:
        patched(tree, source, target)
    assert ".keras" in caught.value.hint
    assert not target.exists()


def test_that_other_layers_of_such_a_model_can_be_frozen(source, target):
    models.seeded(custom_block).save(source)
    index, tree = opened(source)
    set_state(tree, "head", "inner/pair/first")
    result = patched(tree, source, target)
    assert set(result.forgotten) == {"inner/pair/first:kernel", "inner/pair/first:bias"}
    assert patching.values_of(plainly_loaded(target), tree) == patching.values_of(index.model, tree)


def test_that_a_file_with_weights_in_another_order_is_refused(source, target):
    models.seeded(models.digits_cnn).save(source)
    _, tree = opened(source)
    with h5py.File(source, "r+") as file:
        group = file["model_weights/conv"]
        group.attrs["weight_names"] = group.attrs["weight_names"][::-1]
    set_state(tree, "digit")
    with pytest.raises(PatchError, match="order of their own"):
        patched(tree, source, target)


# -- the optimizer --------------------------------------------------------------------------------------------


def trained(path: Path, optimizer) -> None:
    model = models.seeded(models.bare_normalization)
    model.get_layer("middle").trainable = False
    model.compile(optimizer, keras.losses.MeanSquaredError(), run_eagerly=True)
    model.fit(models.sample_inputs(model, 4), np.eye(4, 3, dtype="float32"), verbose=0)
    model.save(path)


def slots_in(path: Path) -> dict[str, np.ndarray]:
    with h5py.File(path) as file:
        group = file["optimizer_weights"]
        names = [name.decode() if isinstance(name, bytes) else name for name in group.attrs["weight_names"]]
        assert len(set(names)) == len(names)
        return {name.rpartition("/")[2]: group[name][()] for name in names}


def test_that_the_optimizer_goes_with_its_weights(source, target):
    trained(source, optimizers.Adam(0.01))
    _, tree = opened(source)
    set_state(tree, "dense", "+middle")
    (note,) = patched(tree, source, target).notes
    assert "starts anew" in note
    was, now = slots_in(source), slots_in(target)
    kept = was.keys() & now.keys()
    assert all((was[name] == now[name]).all() for name in kept)
    assert {name.rpartition("_normalization_")[2] for name in now.keys() - kept} == {
        f"middle_{weight}_{slot}" for weight in ("kernel", "bias") for slot in ("momentum", "velocity")
    }
    assert not any(now[name].any() for name in now.keys() - kept)
    order = [name.rpartition("_normalization_")[2] for name in now]
    assert order[2:6] == [
        f"middle_{weight}" for weight in ("kernel_momentum", "kernel_velocity", "bias_momentum", "bias_velocity")
    ]
    assert patching.values_of(plainly_loaded(target), tree) == patching.values_of(plainly_loaded(source), tree)


def test_that_an_optimizer_that_is_not_known_is_dropped_and_its_settings_kept(source, target):
    trained(source, optimizers.Muon(0.01))
    _, tree = opened(source)
    set_state(tree, "dense")
    (note,) = patched(tree, source, target).notes
    assert "Muon" in note
    assert not [name for name in patching.datasets_of(target) if name.startswith("optimizer_weights")]
    model = plainly_loaded(target, compiled=True)
    assert isinstance(model.optimizer, optimizers.Muon)
    model.fit(models.sample_inputs(model, 4), np.eye(4, 3, dtype="float32"), verbose=0)


# -- old files ------------------------------------------------------------------------------------------------


def test_that_old_files_keep_their_weights(models: Path, target):
    num_patched = 0
    for source in sorted(models.rglob("*.h*5")):
        try:
            index, tree = opened(source)
        except Exception:  # noqa: BLE001
            continue  # plain Keras 3 does not open it
        inner = [layer.path for layer in tree.walk_layers() if layer.weights]
        set_state(tree, "", *(f"+{path}" for path in inner[::2]))
        patched(tree, source, target)
        assert patching.values_of(_quietly_loaded(target), tree) == patching.values_of(index.model, tree)
        num_patched += 1
        target.unlink()
    assert num_patched >= 3


def _quietly_loaded(path: Path) -> keras.Model:
    return opened(path)[0].model


def test_that_the_configuration_says_nothing_else(source, target):
    models.seeded(mixed_block).save(source)
    _, tree = opened(source)
    set_state(tree, "block")
    patched(tree, source, target)
    with h5py.File(source) as was, h5py.File(target) as now:
        before, after = (json.loads(file.attrs["model_config"]) for file in (was, now))
        assert type(was.attrs["model_config"]) is type(now.attrs["model_config"])
    assert json.dumps(after).replace("false", "true") == json.dumps(before).replace("false", "true")


# -- a clean process ------------------------------------------------------------------------------------------

_RELOAD = """
import json, sys, warnings
import keras, numpy as np
warnings.simplefilter("error")
warnings.filterwarnings("ignore", "__array__ implementation")
for path, inputs in zip(sys.argv[1::2], sys.argv[2::2]):
    model = keras.saving.load_model(path, compile=path.endswith(".keras"))
    x = np.load(inputs)
    values = [np.asarray(weight).tobytes().hex() for weight in model.weights]
    trains = [at for at, variable in enumerate(model.variables) if variable.trainable]
    steps = int(model.optimizer.iterations) if model.compiled else None
    if model.compiled:
        model.fit(x, np.zeros((len(x), 3)), verbose=0)
        assert int(model.optimizer.iterations) == steps + 1
    print(json.dumps({"values": values, "trains": trains, "steps": steps}))
"""


def test_that_a_clean_process_finds_it_all_right(tmp_path):
    cases = {
        "block.h5": (mixed_block, ["block", "+block/b", "mha/query_dense"]),
        "siamese.h5": (models.siamese, ["tower/dense", "same:bias"]),
        "block.keras": (mixed_block, ["block", "+block/b", "mha", "head:bias"]),
        "trained.keras": (models.bare_normalization, ["dense", "+middle", "bn:gamma"]),
    }
    arguments, expected = [], []
    for name, (builder, steps) in cases.items():
        path, inputs = tmp_path / name, tmp_path / f"{name}.npy"
        if name == "trained.keras":
            trained(path, optimizers.Adam(0.01))
        else:
            models.seeded(builder).save(path)
        index, tree = opened(path)
        set_state(tree, *steps)
        forgotten = patched(tree, path).forgotten
        np.save(inputs, models.sample_inputs(index.model))
        trains = {weight.position for weight in tree.root.weights_below if tree.is_trainable(weight)}
        trains |= {node.record.position for node in tree.walk_weights() if node.path in forgotten}
        steps_done = 1 if name == "trained.keras" else None
        values = [np.asarray(weight).tobytes().hex() for weight in index.model.weights]
        expected.append((values, sorted(trains), steps_done))
        arguments += [str(path), str(inputs)]
    done = subprocess.run(
        [sys.executable, "-I", "-c", _RELOAD, *arguments],
        cwd=tmp_path,
        env={**os.environ, "TF_ENABLE_ONEDNN_OPTS": "0"},
        capture_output=True,
        text=True,
        check=True,
    )
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(each["values"], each["trains"], each["steps"]) for each in found] == expected
