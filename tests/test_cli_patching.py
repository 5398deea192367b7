"""The command `freeze` where the output has the input's format: the flags alone are written."""

from __future__ import annotations

import zipfile

import keras
import numpy as np
import pytest

from editor import cli
from editor.files.keras_archive import read_freeze_map
from tests import models
from tests.files import patching


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
