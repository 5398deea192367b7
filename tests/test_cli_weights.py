"""The commands on a file of weights, together with an architecture."""

from __future__ import annotations

import json
from pathlib import Path

import keras
import numpy as np
import pytest

from editor import cli
from editor.files.keras_archive import read_freeze_map
from editor.keras_model.loading import load_model
from tests import models
from tests.models import outputs_of, seeded


@pytest.fixture
def weights(tmp_path: Path) -> tuple[Path, Path, keras.Model]:
    model = seeded(models.bare_normalization)
    path, architecture = tmp_path / "model.weights.h5", tmp_path / "model.json"
    model.save_weights(path)
    architecture.write_text(model.to_json())
    return path, architecture, model


def run(*arguments: object) -> int:
    return cli.main([str(argument) for argument in arguments])


def test_that_inspect_tells_what_was_matched(weights, capfd):
    path, architecture, model = weights
    assert run("inspect", path, "--architecture", architecture, "--json") == 0
    found = json.loads(capfd.readouterr().out)
    assert found["format"] == "weights"
    assert found["totals"]["parameters"] == model.count_params()
    assert [layer["path"] for layer in found["layers"]] == [layer.name for layer in model.layers]
    assert found["notes"] == ["Weights were matched: 12 weights of 5 layers by name."]


def test_that_an_architecture_alone_opens_with_random_weights(weights, tmp_path, capfd):
    _, architecture, model = weights
    target = tmp_path / "random.keras"
    assert run("inspect", architecture) == 0
    assert f"{model.count_params():,} parameters" in capfd.readouterr().out
    assert run("freeze", architecture, "-o", target, "--freeze", "**") == 0
    assert not load_model(target).trainable_variables


@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_that_freeze_writes_a_whole_model(ending, weights, tmp_path, capfd):
    path, architecture, model = weights
    target = tmp_path / f"whole{ending}"
    assert run("freeze", path, "--architecture", architecture, "-o", target, "--freeze", "dense") == 0
    assert "matched" in capfd.readouterr().out
    loaded = load_model(target)
    np.testing.assert_array_equal(outputs_of(loaded), outputs_of(model))
    assert not loaded.get_layer("dense").trainable
    freeze_map = read_freeze_map(target)
    assert freeze_map is not None
    assert freeze_map.layers["dense"].weights["kernel"] == "frozen"


def test_that_the_weights_are_never_written_over(weights, tmp_path, capfd):
    path, architecture, _ = weights
    old = path.rename(tmp_path / "weights.h5")
    before = old.read_bytes()
    assert run("freeze", old, "--architecture", architecture, "-o", old, "--freeze", "dense") == 1
    assert "whole model would take their place" in capfd.readouterr().err
    assert old.read_bytes() == before


def test_that_weights_without_an_architecture_are_refused_with_a_way_out(weights, tmp_path, capfd):
    path, _, _ = weights
    assert run("freeze", path, "-o", tmp_path / "out.keras", "--freeze", "dense") == 1
    assert "Give the architecture too" in capfd.readouterr().err


def test_that_an_architecture_for_a_whole_model_is_wrong_usage(weights, tmp_path, capfd):
    _, architecture, model = weights
    model.save(tmp_path / "model.keras")
    assert run("inspect", tmp_path / "model.keras", "--architecture", architecture) == 2
    assert "architecture of its own" in capfd.readouterr().err
    assert run("inspect", weights[0], "--architecture", weights[0]) == 1
    assert "no architecture in it" in capfd.readouterr().err


def test_that_the_map_beside_weights_holds(weights, tmp_path, capfd):
    path, architecture, _ = weights
    whole = tmp_path / "whole.keras"
    assert run("freeze", path, "--architecture", architecture, "-o", whole, "--freeze", "dense") == 0
    freeze_map = read_freeze_map(whole)
    assert freeze_map is not None
    (tmp_path / "model.freeze.json").write_bytes(freeze_map.to_json())
    capfd.readouterr()
    assert run("inspect", path, "--architecture", architecture, "--json") == 0
    dense = next(each for each in json.loads(capfd.readouterr().out)["layers"] if each["path"] == "dense")
    assert dense["state"] == "frozen"
