"""What plain Keras, without any of our code, makes of a file."""

from __future__ import annotations

import warnings
from pathlib import Path

import keras
import numpy as np

from editor.runs.revisions import read_revision
from tests import models
from tests.cases.small_cnn import SmallCNN


def load(path: Path) -> keras.Model:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about arguments that old files bring
        return keras.saving.load_model(path, {"SmallCNN": SmallCNN}, compile=False)


def outputs(path: Path) -> np.ndarray:
    return models.outputs_of(load(path), num_samples=4)


def weights(path: Path) -> list[bytes]:
    """The bytes of every weight of a model file."""
    return [np.asarray(weight).tobytes() for weight in load(path).get_weights()]


def weights_of_revision(revision: Path, model: Path) -> list[bytes]:
    """The bytes of every weight in a revision file of a model; of `model.variables` those that it calls weights."""
    live = load(model)
    by_id = dict(zip(map(id, live.variables), read_revision(revision).variables, strict=True))
    return [by_id[id(weight)].tobytes() for weight in live.weights]


def is_frozen(path: Path, layer: str) -> bool:
    """Whether the layer with that name, and all below it, is frozen for plain Keras."""
    return not load(path).get_layer(layer).trainable_variables
