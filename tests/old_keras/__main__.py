"""Writes the files of the families and what `tf_keras` computes with them: `python -m tests.old_keras FOLDER`."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import h5py
import numpy as np
import tensorflow as tf
import tf_keras as keras

from tests.old_keras import edits
from tests.old_keras.families import FAMILIES

_EDITED = {
    "old_recurrent": ("recurrent", (edits.without_modules, edits.without_inputs)),
    "old_conv_lstm": ("conv_lstm", (edits.as_list,)),
    "old_convolutions": ("convolutions", (edits.with_policies, edits.without_modules)),
    "old_graph_nodes": ("graph_nodes", (edits.with_binary_nodes,)),
    "old_transfer": ("transfer", (edits.without_modules,)),
}
_REAL = ("dgaintel/domain_classifier_model.h5", "fer/emotion_model.hdf5", "mmsplice/Donor.h5")
_MODELS = Path(__file__).parents[1] / "data" / "models"


def main(folder: Path) -> None:
    """Saves each family as `.h5` and as `.keras`, and older forms of some as `.h5`, beside inputs and outputs."""
    for family in FAMILIES:
        keras.backend.clear_session()
        model = family()
        model.build((None, 6)) if not model.built else None
        _randomize(model)
        inputs = _inputs(model)
        # Keras 2 cannot write the three dots of a slice into a .keras file.
        suffixes = (".h5",) if family.__name__.startswith("operations_on") else (".h5", ".keras")
        for path in [folder / f"{family.__name__}{suffix}" for suffix in suffixes]:
            model.save(path)
            _keep_outputs(path, model, inputs)
    for name in _REAL:
        path = folder / Path(name).name
        path.write_bytes((_MODELS / name).read_bytes())
        model = keras.models.load_model(path, compile=False)
        _keep_outputs(path, model, _inputs(model))
    for name, (source, changes) in _EDITED.items():
        path = folder / f"{name}.h5"
        path.write_bytes((folder / f"{source}.h5").read_bytes())
        _edit(path, changes)
        model = keras.models.load_model(path, compile=False)
        _keep_outputs(path, model, _inputs(model))


def _randomize(model: keras.Model) -> None:
    random = np.random.default_rng(0)
    if model.name == "preprocessing":
        return
    model.set_weights([_random_like(random, weight) for weight in model.weights])


def _random_like(random: np.random.Generator, weight: keras.Variable) -> np.ndarray:
    values = random.normal(0, 0.5, weight.shape)
    return (np.abs(values) + 0.1 if "variance" in weight.name else values).astype(weight.dtype.as_numpy_dtype)


def _inputs(model: keras.Model) -> list[np.ndarray]:
    random = np.random.default_rng(1)
    shapes = [[2, *(size or 6 for size in value.shape[1:])] for value in model.inputs]
    has_words = isinstance(model.layers[0], keras.layers.Embedding)
    return [
        random.choice([b"a", b"b", b"z"], shape)
        if value.dtype == "string"
        else random.integers(0, 9, shape)
        if has_words or value.dtype == "int32"
        else random.normal(size=shape)
        for shape, value in zip(shapes, model.inputs, strict=True)
    ]


def _keep_outputs(path: Path, model: keras.Model, inputs: list[np.ndarray]) -> None:
    given = [tf.constant(value) for value in inputs]
    outputs = model(given if len(given) > 1 else given[0], training=False)
    outputs = outputs if isinstance(outputs, list) else [outputs]
    values = {f"input_{at:02}": value for at, value in enumerate(inputs)}
    values |= {f"output_{at:02}": np.array(value) for at, value in enumerate(outputs)}
    np.savez(path.with_name(f"{path.name}.npz"), **values)


def _edit(path: Path, changes: tuple) -> None:
    with h5py.File(path, "r+") as file:
        config = json.loads(file.attrs["model_config"])
        for change in changes:
            config = change(config)
        file.attrs["model_config"] = json.dumps(config)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
