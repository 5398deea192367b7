"""Old and broken files load right: their outputs are those of `tf_keras`, where it is installed."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from editor.keras_model.opening import open_model

FAMILIES = (
    "recurrent", "hard_sigmoid", "convolutions", "conv_lstm", "nested", "transfer", "operations",
    "more_operations", "graph_nodes", "attention", "sequence_to_sequence", "masked", "normalized", "cells",
    "preprocessing",
)  # fmt: skip
FILES = (
    *[f"{name}{suffix}" for name in FAMILIES for suffix in (".h5", ".keras")],
    "operations_on_numbers.h5",
    "operations_on_shapes.h5",
)
EDITED = ("old_recurrent", "old_conv_lstm", "old_convolutions", "old_graph_nodes", "old_transfer")
ROOT = Path(__file__).parents[2]

needs_tf_keras = pytest.mark.skipif(importlib.util.find_spec("tf_keras") is None, reason="needs tf_keras")


@pytest.fixture(scope="module")
def old_files(tmp_path_factory):
    """Files of `tf_keras`, with what it computes; it must not be imported beside Keras 3."""
    folder = tmp_path_factory.mktemp("old_keras")
    command = [sys.executable, "-m", "tests.old_keras", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return folder


def largest_error(model, path):
    kept = np.load(f"{path}.npz")
    inputs = [kept[key] for key in sorted(kept) if key.startswith("input")]
    expected = [kept[key] for key in sorted(kept) if key.startswith("output")]
    # Plain Keras keeps a single input of an old file in a list.
    is_list = isinstance(getattr(model, "_inputs_struct", None), list)
    outputs = model(inputs if is_list else inputs[0], training=False)
    outputs = outputs if isinstance(outputs, list | tuple) else [outputs]
    return max(float(np.abs(np.array(a) - b).max()) for a, b in zip(outputs, expected, strict=True))


@needs_tf_keras
@pytest.mark.parametrize("file", FILES)
def test_that_a_file_of_keras_2_gives_the_outputs_of_tf_keras(old_files, file):
    loaded = open_model(old_files / file)
    assert largest_error(loaded.model, old_files / file) < 1e-5
    assert all(repair.is_proven for repair in loaded.repairs)


@needs_tf_keras
@pytest.mark.parametrize("name", EDITED)
def test_that_older_forms_give_the_outputs_of_tf_keras(old_files, name):
    loaded = open_model(old_files / f"{name}.h5")
    assert largest_error(loaded.model, old_files / f"{name}.h5") < 1e-5
    assert loaded.repairs


@needs_tf_keras
@pytest.mark.parametrize(
    ("name", "num_repairs"), [("domain_classifier_model.h5", 1), ("emotion_model.hdf5", 0), ("Donor.h5", 0)]
)
def test_that_real_files_of_keras_2_give_the_outputs_of_tf_keras(old_files, name, num_repairs):
    loaded = open_model(old_files / name)
    assert largest_error(loaded.model, old_files / name) < 1e-5
    assert len(loaded.repairs) == num_repairs


def test_that_operations_of_a_graph_give_the_outputs_of_tf_keras():
    folder = ROOT / "tests" / "data" / "operation_nodes"
    loaded = open_model(folder / "nodes.h5")
    kept = np.load(folder / "outputs.npz")
    found = loaded.model(kept["input"], training=False)
    np.testing.assert_allclose(np.asarray(found), kept["output"], rtol=1e-5, atol=1e-5)
    assert loaded.repairs
    assert all(repair.is_proven for repair in loaded.repairs)
