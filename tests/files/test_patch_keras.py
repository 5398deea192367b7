from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import optimizers

from editor.errors import FileError, PatchError
from editor.files.keras_archive import read_freeze_map
from editor.files.patch import patch_file
from editor.keras_model.saving import write_model
from tests import models
from tests.files import patching
from tests.files.patching import opened, patched, plainly_loaded, set_state

STATES = {
    "leaf": (models.digits_cnn, ["conv"]),
    "bias": (models.digits_cnn, ["conv:bias", "digit:kernel"]),
    "root": (models.siamese, [""]),
    "container": (models.frozen_vgg16, ["+base", "base/block1_conv1"]),
    "thawed child": (models.deep_nest, ["outer", "+outer/middle/wrap/dense"]),
    "composites": (
        models.composites,
        ["mha", "both/forward_layer", "each", "composite/_hidden", "stacked/cell/cells/0"],
    ),
    "subclassed": (models.small_cnn, ["+conv1", "conv2"]),
    "behind layers": (models.after_layers, ["zoom", "_private"]),
    "statistics": (models.bare_normalization, ["bare", "bn"]),
    "tied and still": (models.spectral, ["head"]),
}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return tmp_path / "source.keras"


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "target.keras"


@pytest.mark.parametrize(("builder", "steps"), STATES.values(), ids=STATES)
def test_that_a_patched_file_is_what_a_full_save_writes(builder, steps, source, target, tmp_path):
    models.seeded(builder).save(source)
    index, tree = opened(source)
    before = patching.values_of(index.model, tree)
    set_state(tree, *steps)
    result = patched(tree, source, target)
    write_model(index, tree.freeze_map(), full := tmp_path / "full.keras")
    assert patching.config_of(target) == patching.config_of(full)
    assert read_freeze_map(target) == tree.freeze_map()
    was, now = patching.members_of(source), patching.members_of(target)
    assert {name for name in now if now[name] != was.get(name)} <= {"config.json", "frostline/freeze_map.json"}
    model = plainly_loaded(target)
    assert set(result.forgotten) == patching.frozen_in(tree) & patching.trains_in(model, tree)
    assert patching.values_of(model, tree) == before
    assert result.notes == ()


def test_that_a_file_can_be_patched_in_its_place_again_and_again(source):
    models.seeded(models.composites).save(source)
    index, tree = opened(source)
    before = patching.values_of(index.model, tree)
    for steps in (["mha"], ["+mha/query_dense", "head"], ["", "+both"]):
        set_state(tree, *steps)
        patch_file(patching.plan_of(tree, source, is_as_read=False))
        assert read_freeze_map(source) == tree.freeze_map()
    assert patching.values_of(plainly_loaded(source), tree) == before
    assert [path.name for path in source.parent.iterdir()] == [source.name]


def test_that_other_members_are_kept_also_compressed_ones(source, target):
    models.seeded(models.digits_cnn).save(source)
    with zipfile.ZipFile(source, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("assets/words.txt", "one two " * 1000)
    _, tree = opened(source)
    set_state(tree, "conv")
    patched(tree, source, target)
    assert patching.members_of(target)["assets/words.txt"] == b"one two " * 1000
    with zipfile.ZipFile(target) as archive:
        assert archive.testzip() is None
        assert archive.getinfo("assets/words.txt").compress_type == zipfile.ZIP_DEFLATED


# -- what is refused ------------------------------------------------------------------------------------------


def test_that_a_source_that_another_program_changed_is_refused(source, target):
    models.seeded(models.digits_cnn).save(source)
    _, tree = opened(source)
    plan = patching.plan_of(tree, source, target)
    os.utime(source, ns=(1, 1))
    with pytest.raises(PatchError, match="changed by another program"):
        patch_file(plan)
    assert not target.exists()


def test_that_a_damaged_source_replaces_nothing(source, target):
    models.seeded(models.digits_cnn).save(source)
    _, tree = opened(source)
    content = bytearray(source.read_bytes())
    with zipfile.ZipFile(source) as archive:
        content[archive.getinfo("model.weights.h5").header_offset + 5000] ^= 1
    source.write_bytes(content)
    target.write_bytes(b"what was there")
    with pytest.raises(FileError):
        patched(tree, source, target)
    assert target.read_bytes() == b"what was there"
    assert len(list(target.parent.iterdir())) == 2


def test_that_a_tied_weight_is_left_to_a_full_save(source, target):
    models.seeded(models.spectral).save(source)
    _, tree = opened(source)
    set_state(tree, "spectral")
    with pytest.raises(PatchError, match="belongs to two layers"):
        patched(tree, source, target)


# -- the optimizer --------------------------------------------------------------------------------------------

OPTIMIZERS = {
    "sgd": lambda: optimizers.SGD(0.01),
    "momentum": lambda: optimizers.SGD(0.01, momentum=0.9, use_ema=True, gradient_accumulation_steps=2),
    "adam": lambda: optimizers.Adam(0.01),
    "amsgrad": lambda: optimizers.Adam(optimizers.schedules.ExponentialDecay(0.01, 10, 0.9), amsgrad=True),
    "adamw": lambda: optimizers.AdamW(0.01),
    "nadam": lambda: optimizers.Nadam(0.01, gradient_accumulation_steps=2),
    "adamax": lambda: optimizers.Adamax(0.01),
    "rmsprop": lambda: optimizers.RMSprop(0.01, momentum=0.5, centered=True),
    "adagrad": lambda: optimizers.Adagrad(0.01, initial_accumulator_value=0.25),
    "adadelta": lambda: optimizers.Adadelta(0.01),
    "lion": lambda: optimizers.Lion(0.01),
    "ftrl": lambda: optimizers.Ftrl(0.01, initial_accumulator_value=0.5),
    "lamb": lambda: optimizers.Lamb(0.01),
}


def trained(builder, optimizer, path: Path, frozen: tuple[str, ...] = ()) -> None:
    """A file with the state of an optimizer after three steps, of a model in which some layers are frozen."""
    model = models.seeded(builder)
    model.trainable = True
    for name in frozen:
        model.get_layer(name).trainable = False
    model.compile(optimizer, keras.losses.MeanSquaredError(), run_eagerly=True)
    fit(model, 3)
    model.save(path)


def fit(model: keras.Model, num_steps: int = 1) -> None:
    x = models.sample_inputs(model, 4)
    y = np.linspace(0, 1, 4 * model.output_shape[-1], dtype="float32").reshape(4, -1)
    model.fit(x, y, epochs=num_steps, batch_size=4, verbose=0)


def slots_of(model: keras.Model) -> dict[str, dict[int, np.ndarray]]:
    """The slots of an optimizer, by its own lists of them, each by the position of its weight in `model.variables`."""
    optimizer = model.optimizer
    positions = [index for index, v in enumerate(model.variables) if v.trainable]
    found: dict[str, dict[int, np.ndarray]] = {"single": {}}
    seen: set[int] = set()
    for name, value in vars(optimizer).items():
        items = list(value) if isinstance(value, list | tuple) else []
        if name in ("_variables", "_trainable_variables") or len(items) != len(positions):
            continue
        if items and all(isinstance(item, keras.Variable) for item in items):
            found[name] = dict(zip(positions, map(keras.ops.convert_to_numpy, items), strict=True))
            seen.update(map(id, items))
    singles = [keras.ops.convert_to_numpy(v) for v in optimizer.variables if id(v) not in seen]
    return found | {"single": dict(enumerate(singles))}


FRESH = {"adagrad": {"_accumulators": 0.25}, "ftrl": {"_accumulators": 0.5}}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_that_slots_go_with_their_weights_and_new_ones_start_fresh(name, source, target):
    trained(models.bare_normalization, OPTIMIZERS[name](), source, ("middle",))
    before = slots_of(plainly_loaded(source, compiled=True))
    index, tree = opened(source)
    set_state(tree, "dense", "+middle", "bn:gamma")
    result = patched(tree, source, target)
    model = plainly_loaded(target, compiled=True)
    after = slots_of(model)
    assert after.keys() == before.keys()
    # `bn:gamma` alone is forgotten: plain Keras trains it, and so it has slots.
    assert result.forgotten == ("bn:gamma",)
    for kind, slots in after.items():
        for position, value in slots.items():
            if position in before[kind]:
                np.testing.assert_array_equal(value, before[kind][position], kind)
            else:
                start = FRESH.get(name, {}).get(kind, 0.0)
                wanted = model.variables[position] if kind.endswith("_average") else start
                np.testing.assert_array_equal(value, np.broadcast_to(wanted, value.shape), kind)
    fit(model)
    has_slots = len(before) > 1
    assert bool(result.notes) == has_slots
    names = patching.members_of(source).keys() | {"frostline/freeze_map.json"}
    assert patching.members_of(target).keys() == names
    assert patching.values_of(plainly_loaded(target), tree) == patching.values_of(index.model, tree)


def test_that_momentum_does_not_go_to_another_layer_of_the_same_shape(source, target):
    """Fact F13: a file whose flags alone are changed would reload without a word."""
    trained(models.deep_nest, optimizers.Adam(0.01), source)
    _, tree = opened(source)
    set_state(tree, "", "+outer/middle/wrap/core/dense", "+outer/dense")
    patched(tree, source)
    first = slots_of(plainly_loaded(source, compiled=True))
    set_state(tree, "outer/dense", "+outer/middle/dense")
    patch_file(patching.plan_of(tree, source, target, is_as_read=False))
    then = slots_of(plainly_loaded(target, compiled=True))
    shared = first["_momentums"].keys() & then["_momentums"].keys()
    assert len(first["_momentums"]) == len(then["_momentums"]) == 4
    assert len(shared) == 2
    for position, value in then["_momentums"].items():
        assert (value == first["_momentums"][position]).all() if position in shared else not value.any()


@pytest.mark.parametrize("make", [optimizers.Adafactor, optimizers.Muon], ids=["adafactor", "muon"])
def test_that_an_optimizer_whose_order_is_not_known_is_dropped_and_said(make, source, target):
    trained(models.bare_normalization, make(), source)
    _, tree = opened(source)
    set_state(tree, "dense")
    (note,) = patched(tree, source, target).notes
    assert make.__name__ in note
    model = plainly_loaded(target, compiled=True)
    assert not model.compiled
    model.compile("adam", keras.losses.MeanSquaredError())
    fit(model)


def test_that_slots_that_never_fitted_are_dropped_and_said(source, target):
    """Flags that were changed after the training, and saved by plain Keras."""
    trained(models.bare_normalization, optimizers.Adam(0.01), source, ("middle",))
    model = plainly_loaded(source, compiled=True)
    model.get_layer("middle").trainable = True
    model.save(source)
    _, tree = opened(source)
    set_state(tree, "dense")
    (note,) = patched(tree, source, target).notes
    assert "does not fit" in note
    assert not plainly_loaded(target, compiled=True).compiled


def test_that_slots_stay_where_only_statistics_change(source, target):
    trained(models.bare_normalization, optimizers.Adafactor(0.01), source)
    _, tree = opened(source)
    set_state(tree, "bare")
    assert patched(tree, source, target).notes == ()
    assert patching.members_of(target)["model.weights.h5"] == patching.members_of(source)["model.weights.h5"]


def test_that_state_of_a_model_in_the_model_is_moved_too(source, target):
    inner = models.seeded(models.bare_normalization)
    inner.compile(optimizers.Adam(0.01), keras.losses.MeanSquaredError())
    fit(inner, 2)
    outer = keras.Sequential([keras.Input((6,)), inner, keras.layers.Dense(1, name="top")])
    outer.compile(optimizers.SGD(0.01, momentum=0.9), keras.losses.MeanSquaredError())
    fit(outer, 2)
    outer.save(source)
    _, tree = opened(source)
    set_state(tree, "bare_normalization/dense")
    patched(tree, source, target)
    before, after = (plainly_loaded(path, compiled=True) for path in (source, target))
    (inner_before, inner_after) = (model.layers[0] for model in (before, after))
    was, now = slots_of(inner_before)["_momentums"], slots_of(inner_after)["_momentums"]
    assert len(was) == len(now) + 2
    assert all((now[position] == was[position]).all() for position in now)
    assert any(value.any() for value in now.values())
    fit(after)


def test_that_a_file_does_not_grow_with_each_change(source):
    trained(models.deep_nest, optimizers.Adam(), source)
    size = source.stat().st_size
    _, tree = opened(source)
    for number in range(6):
        set_state(tree, ("+outer" if number % 2 else "outer"))
        patch_file(patching.plan_of(tree, source, is_as_read=False))
    assert source.stat().st_size < size + 20_000


def test_that_the_configuration_says_nothing_else(source, target):
    trained(models.deep_nest, optimizers.Adam(), source)
    _, tree = opened(source)
    set_state(tree, "outer")
    patched(tree, source, target)
    was, now = (json.loads(patching.members_of(path)["config.json"]) for path in (source, target))
    differing: set[str] = set()
    _differences(was, now, "", differing)
    assert {path.rpartition("/")[2] for path in differing} == {"trainable"}


def _differences(was, now, path, found):
    if type(was) is not type(now) or not isinstance(was, dict | list):
        if was != now:
            found.add(path)
        return
    assert len(was) == len(now)
    for key, item in was.items() if isinstance(was, dict) else enumerate(was):
        _differences(item, now[key], f"{path}/{key}", found)
