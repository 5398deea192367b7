"""What the tests of facts share: small models, plain training, and the same through Frostline."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np

from editor.files.keras_archive import read_freeze_map
from editor.keras_model.flags import tree_with_map
from editor.keras_model.loading import load_model
from editor.keras_model.saving import save_model, weight_values
from editor.keras_model.walk import ModelIndex, walk_model
from editor.layers.tree import LayerTree
from editor.training.run import RunWatcher, run_training
from editor.training.settings import TrainSettings

NUM_SAMPLES = 16


def opened(model: keras.Model) -> tuple[ModelIndex, LayerTree]:
    """A live model as Frostline sees it."""
    index = walk_model(model)
    return index, LayerTree(index.root)


def freeze(tree: LayerTree, *paths: str, trainable: bool = False) -> None:
    """One edit of the tree."""
    tree.apply(tree.plan([tree.find(path) for path in paths], trainable=trainable))


def data_of(model: keras.Model) -> tuple[np.ndarray, np.ndarray]:
    """Random samples and numbers to learn that fit a model of one input and one output."""
    source = np.random.default_rng(0)
    shape = (NUM_SAMPLES, *model.input_shape[1:])
    return source.normal(size=shape).astype("float32"), source.normal(size=(NUM_SAMPLES, *model.output_shape[1:]))


def fit(model: keras.Model, optimizer: object = "sgd") -> None:
    """Trains as plain Keras does, compiling anew."""
    model.compile(optimizer=optimizer, loss="mse")
    fit_again(model)


def fit_again(model: keras.Model) -> None:
    """Trains on without compiling."""
    model.fit(*data_of(model), batch_size=8, verbose=0)


def run(
    index: ModelIndex,
    tree: LayerTree,
    folder: Path,
    *,
    at_start: Callable[[], object] = lambda: None,
    **settings: object,
) -> object:
    """Trains through Frostline; `at_start` is called before the first batch."""
    x, y = data_of(index.model)
    path = folder / "data.npz"
    np.savez(path, x=x, y=y)
    chosen = {
        "data": str(path),
        "epochs": 1,
        "batch_size": 8,
        "validation_split": 0,
        "seed": 3,
        "loss": "mean_squared_error",
    }
    settings = TrainSettings(**(chosen | settings))
    return run_training(index, settings, tree.freeze_map(), watcher=_Watcher(at_start))


class _Watcher(RunWatcher):
    def __init__(self, at_start: Callable[[], object]) -> None:
        self._at_start = at_start

    def run_started(self, plan: object) -> None:
        self._at_start()


def moved(model: keras.Model, train: object) -> set[str]:
    """Names `layer:weight` of the weights that `train()` changes."""
    index = walk_model(model)
    before = weight_values(index)
    train()  # type: ignore[operator]
    tree = LayerTree(index.root)
    now = weight_values(index)
    return {
        node.path
        for node in tree.walk_weights()
        if before[node.record.weight_id].tobytes() != now[node.record.weight_id].tobytes()
    }


def saved(index: ModelIndex, tree: LayerTree, path: Path, **options: object) -> tuple[ModelIndex, LayerTree]:
    """Saves through Frostline and opens again as Frostline does."""
    save_model(index, tree.freeze_map(), path, **options)  # type: ignore[arg-type]
    again = walk_model(load_model(path, options.get("custom_objects")))  # type: ignore[arg-type]
    return again, tree_with_map(again, read_freeze_map(path))


def flags(tree: LayerTree) -> dict[str, str]:
    """The state of each weight by path, and of each layer's statistics."""
    found = {node.path: str(tree.state(node)) for node in tree.walk_weights()}
    return found | {node.path: str(tree.statistics_mode(node)) for node in tree.walk_layers()}


def stack(*layers: keras.Layer, size: int = 4) -> keras.Model:
    """A Sequential on vectors."""
    return keras.Sequential([keras.Input((size,)), *layers])
