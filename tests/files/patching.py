"""Patches real model files, and looks at the outcome as plain Keras sees it."""

from __future__ import annotations

import json
import warnings
import zipfile
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np

from editor.files.patch import patch_file
from editor.keras_model.loading import load_model
from editor.keras_model.walk import ModelIndex, walk_model
from editor.layers.patch_plan import PatchPlan, PatchResult, patch_plan
from editor.layers.tree import LayerTree
from tests.cases.small_cnn import SmallCNN

CUSTOM = {"SmallCNN": SmallCNN}


def opened(path: Path) -> tuple[ModelIndex, LayerTree]:
    """A file's model and tree, as the engine opens it."""
    index = walk_model(load_model(path, CUSTOM))
    return index, LayerTree(index.root)


def set_state(tree: LayerTree, *steps: str) -> None:
    """Freezes paths one after the other, and thaws those with a `+` before them; an empty path is the root."""
    for step in steps:
        node = tree.find(step.lstrip("+"))
        assert node is not None, (step, [each.path for each in tree.walk()])
        tree.apply(tree.plan([node], trainable=step.startswith("+")))


def plan_of(tree: LayerTree, source: Path, target: Path | None = None, *, is_as_read: bool = True) -> PatchPlan:
    found = source.stat()
    return patch_plan(
        tree, source, target or source, num_bytes=found.st_size, mtime_ns=found.st_mtime_ns, is_as_read=is_as_read
    )


def patched(tree: LayerTree, source: Path, target: Path | None = None) -> PatchResult:
    return patch_file(plan_of(tree, source, target))


def plainly_loaded(path: Path, *, compiled: bool = False) -> keras.Model:
    """What plain Keras makes of a file, which must not complain."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return keras.saving.load_model(path, CUSTOM, compile=compiled)


def trains_in(model: keras.Model, tree: LayerTree) -> set[str]:
    """Paths of the weights that train for plain Keras, by the tree: automatic names are others at each loading."""
    trains = set(map(id, model.trainable_variables))
    return {node.path for node in tree.walk_weights() if id(model.variables[node.record.position]) in trains}


def frozen_in(tree: LayerTree) -> set[str]:
    """Paths of the weights that are frozen in a tree."""
    return {
        node.path for node in tree.walk_weights() if not (node.record.is_statistics or tree.is_trainable(node.record))
    }


def values_of(model: keras.Model, tree: LayerTree) -> dict[str, bytes]:
    """The bytes of each weight by its path in the tree."""
    return {node.path: np.asarray(model.variables[node.record.position]).tobytes() for node in tree.walk_weights()}


def config_of(path: Path) -> Any:
    """The configuration in a `.keras`, without what differs each time that Keras writes the same model."""
    with zipfile.ZipFile(path) as archive:
        return _settled(json.loads(archive.read("config.json")))


def _settled(value: Any) -> Any:
    if isinstance(value, dict):
        # The number of an object in one writing, and the compile settings of a model that is not compiled.
        return {
            key: _settled(item)
            for key, item in value.items()
            if key != "shared_object_id" and (key != "compile_config" or item)
        }
    return [_settled(item) for item in value] if isinstance(value, list) else value


def members_of(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def datasets_of(path: Path) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    with h5py.File(path) as file:
        file.visititems(lambda name, item: found.update({name: item[()].tobytes()} if hasattr(item, "dtype") else {}))
    return found
