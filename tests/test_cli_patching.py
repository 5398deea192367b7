"""The command `freeze` where the output has the input's format: the flags alone are written."""

from __future__ import annotations

import zipfile

import keras
import numpy as np
import pytest

from editor import cli
from editor.files.keras_archive import read_freeze_map
from tests import models
from tests.cases import pair
from tests.files import patching


class Unheard(keras.layers.Layer):
    """A class that no command knows."""

    def build(self, shape):
        self.kernel = self.add_weight(shape=(shape[-1],), name="kernel")

    def call(self, inputs):
        return inputs * self.kernel


def test_that_freeze_keeps_the_optimizer_of_the_file(tmp_path, capfd):
    source, target = tmp_path / "source.keras", tmp_path / "target.keras"
    model = models.seeded(models.bare_normalization)
    model.compile(keras.optimizers.Adam(0.01), keras.losses.MeanSquaredError(), run_eagerly=True)
    model.fit(models.sample_inputs(model, 4), np.eye(4, 3, dtype="float32"), verbose=0)
    model.save(source)
    assert cli.main(["freeze", str(source), "-o", str(target), "--freeze", "dense"]) == 0
    output = capfd.readouterr().out
    assert f"{target}: " in output
    reloaded = patching.plainly_loaded(target, compiled=True)
    assert len(reloaded.optimizer.variables) == len(model.optimizer.variables) - 4
    assert int(reloaded.optimizer.iterations) == 1
    with zipfile.ZipFile(target) as archive:
        assert archive.testzip() is None


def test_that_freeze_writes_h5_from_h5(tmp_path, capfd):
    source, target = tmp_path / "source.h5", tmp_path / "target.h5"
    models.seeded(models.siamese).save(source)
    assert cli.main(["freeze", str(source), "-o", str(target), "--freeze", "tower/dense"]) == 0
    index, tree = patching.opened(source)
    assert patching.values_of(patching.plainly_loaded(target), tree) == patching.values_of(index.model, tree)
    flags = read_freeze_map(target)
    assert flags is not None
    assert flags.layers["tower/dense"].weights == {"kernel": "frozen", "bias": "frozen"}
    assert "0 trainable" not in capfd.readouterr().out


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_that_what_a_patch_refuses_is_saved_in_full(tmp_path, capfd, suffix):
    source, target = tmp_path / f"source{suffix}", tmp_path / f"target{suffix}"
    models.seeded(models.spectral).save(source)
    assert cli.main(["freeze", str(source), "-o", str(target), "--freeze", "spectral"]) == 0
    assert f"{target}: " in capfd.readouterr().out
    assert read_freeze_map(target) is not None


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_that_freeze_goes_on_without_the_classes_of_a_model_and_says_so(tmp_path, capfd, suffix):
    source, target = tmp_path / f"source{suffix}", tmp_path / f"target{suffix}"
    inputs = keras.Input((4,))
    values = keras.layers.Dense(4, name="first")(Unheard(name="dna")(inputs))
    model = keras.Model(inputs, keras.layers.Dense(2, name="last")(values))
    model.save(source)
    assert cli.main(["freeze", str(source), "-o", str(target), "--freeze", "first", "--freeze", "dna"]) == 0
    output = capfd.readouterr().out
    assert f"source{suffix} is not loaded: " in output
    assert "Unheard" in output
    assert f"{target}: " in output
    reloaded = keras.saving.load_model(target, {"Unheard": Unheard}, compile=False)
    assert [layer.name for layer in reloaded.layers if not layer.trainable] == ["dna", "first"]
    for mine, its in zip(model.get_weights(), reloaded.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, its)


def test_that_freeze_to_another_format_needs_the_model(tmp_path, capfd):
    source = tmp_path / "source.keras"
    keras.Sequential([keras.Input((4,)), Unheard(name="dna")]).save(source)
    assert cli.main(["freeze", str(source), "-o", str(tmp_path / "target.h5"), "--freeze", "dna"]) == 1
    assert "Unheard" in capfd.readouterr().err
    assert not (tmp_path / "target.h5").exists()


def test_that_flags_inside_of_a_class_that_is_not_there_are_not_lost(tmp_path, capfd):
    """Their layers have other names in an `.h5` than in the map, and a preview cannot tell which is which."""
    source, frozen, target = (tmp_path / f"{name}.h5" for name in ("source", "frozen", "target"))
    inputs = keras.Input((4,))
    values = pair.Pair(name="composite")(inputs)
    keras.Model(inputs, keras.layers.Dense(2, name="head")(values)).save(source)
    code = ["--custom-code", pair.__file__]
    assert cli.main(["freeze", str(source), "-o", str(frozen), "--freeze", "composite", *code]) == 0
    assert cli.main(["inspect", str(frozen), "--preview"]) == 0
    output = capfd.readouterr().out
    assert "composite/first is not found in the preview" in output
    assert [line.split()[-3] for line in output.splitlines() if line.startswith("  ")] == ["unknown"] * 2
    assert cli.main(["freeze", str(frozen), "-o", str(target), "--freeze", "head"]) == 1
    output, errors = capfd.readouterr()
    assert "Not found in the preview, and left out: composite/" in output
    assert "layers that only the model's code can find: composite/" in errors
    assert not target.exists()
    assert cli.main(["freeze", str(frozen), "-o", str(target), "--freeze", "head", *code]) == 0
    assert {state for flags in read_freeze_map(target).layers.values() for state in flags.weights.values()} == {
        "frozen"
    }
