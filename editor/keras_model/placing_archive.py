"""Puts the weights in a `.keras` archive into a model whose classes are others today (fact F22)."""

from __future__ import annotations

import zipfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import h5py
import keras
import numpy as np

# Keras offers no public way to load weights into a given model from the archive of another.
from keras.src.saving.saving_lib import _ASSETS_DIRNAME, DiskIOStore, H5IOStore, _load_state, _raise_loading_failure

from editor.errors import ModelError
from editor.files.repair.stored_weights import StoredLayer, converted
from editor.files.zip_members import open_weights
from editor.keras_model.places import Place, above, layer_places
from editor.keras_model.tables import finish_bins
from editor.keras_model.walk import store_keys

_OLD_LAYERS = "_layer_checkpoint_dependencies"
"""What Keras 2.12 and 2.13 called `layers`."""


def place_archive_weights(model: keras.Model, path: Path, stored: Mapping[Place, StoredLayer]) -> None:
    """Assigns every weight in a `.keras` archive to the variable that it belongs to.

    Raises:
        ModelError: A weight is missing, left over or of another shape.
    """
    places = layer_places(model)
    live = store_keys(model)
    classes = {key: known.class_name for key, place in places.items() if (known := stored.get(place)) is not None}
    in_file = store_keys(model, classes)
    keys = {live[key]: in_file[key] for key in live}
    steps = {live[key]: known.steps for key in live if (known := above(stored, places.get(key, ()))) is not None}
    with open_weights(path) as weights:
        store = _Store(weights, keys, steps, layers_written_once(model, path, in_file))
        _load(model, store, path)
    finish_bins(model)
    store.check_all_taken()


def load_archive_weights(model: keras.Model, path: Path) -> None:
    """Gives a model the weights and assets in its `.keras` archive, as Keras itself does on loading.

    Raises:
        ModelError: The weights do not fit.
    """
    with open_weights(path) as weights:
        _load(model, _Store(weights, {}, {}, layers_written_once(model, path)), path)


def layers_written_once(model: keras.Model, path: Path, keys: Mapping[int, str] | None = None) -> dict[str, str]:
    """Layers that are one in the file and two in the model, as a configuration makes two of what two models share.

    Keras writes the weights of such a layer at the place that it comes to first, and misses them at the other one.

    Args:
        model: Built from the configuration.
        path: Its `.keras` archive.
        keys: Where the file would have each layer, by `id`, if not by today's names of classes.

    Returns:
        Key at which the file has it, by the key at which it has not; of the outermost ones.
    """
    layers = [layer for layer in model._flatten_layers() if layer.weights]
    names = Counter(layer.name for layer in layers)
    if names.total() == len(names):
        return {}
    keys = store_keys(model) if keys is None else keys
    by_key = {keys[id(layer)]: layer for layer in layers if id(layer) in keys and names[layer.name] > 1}
    with open_weights(path) as weights:
        groups = _groups_of_weights(weights)
    written = {key for key in by_key if any(group == key or group.startswith(f"{key}/") for group in groups)}
    found: dict[str, str] = {}
    for key in sorted(by_key.keys() - written, key=len):
        twins = [other for other in written if _is_alike(by_key[key], by_key[other])]
        if len(twins) == 1 and not any(key.startswith(f"{outer}/") for outer in found):
            found[key] = twins[0]
    return found


def _is_alike(layer: keras.Layer, other: keras.Layer) -> bool:
    shapes = [weight.shape for weight in layer.weights]
    return (layer.name, type(layer), shapes) == (other.name, type(other), [weight.shape for weight in other.weights])


def _load(model: keras.Model, store: _Store, path: Path) -> None:
    failed: set[int] = set()
    errors: dict[int, Any] = {}
    with zipfile.ZipFile(path) as archive:
        has_assets = any(name.startswith(f"{_ASSETS_DIRNAME}/") for name in archive.namelist())
        assets = DiskIOStore(_ASSETS_DIRNAME, archive=archive, mode="r") if has_assets else None
        try:
            _load_state(
                model,
                weights_store=store,
                assets_store=assets,
                inner_path="",
                visited_saveables=set(),
                failed_saveables=failed,
                error_msgs=errors,
            )
        finally:
            if assets:
                assets.close()
    if failed:
        try:
            _raise_loading_failure(errors)
        except ValueError as error:
            raise ModelError(
                "The weights in the file do not fit the model in it.",
                hint="Ask whoever made the file for another one.",
                details=str(error),
            ) from error


class _Store(H5IOStore):  # type: ignore[misc]
    """Keras's store of weights, in which each layer finds what is under its old key, in today's layout.

    Args:
        weights: The weights in the archive.
        keys: Key of a layer in the file, by that in the model, where it is another.
        steps: How its weights are laid out anew, by its key in the model.
        moved: Likewise keys, of layers with all that is below them.
    """

    def __init__(
        self,
        weights: h5py.File,
        keys: Mapping[str, str],
        steps: Mapping[str, tuple[str, ...]],
        moved: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.h5_file = weights
        self._keys = keys
        self._moved = moved
        self._steps = steps
        self._left = {
            name.removesuffix("/vars")
            for name in _groups_of_weights(weights)
            if not name.startswith(("optimizer/", "compile_metrics", "metrics/"))
        }

    def get(self, path: str) -> dict[str, Any]:
        key = self._in_file(path)
        group = self.h5_file.get(f"{key}/vars" if key else "vars")
        if not isinstance(group, h5py.Group):
            return {}
        self._left.discard(key)
        values = {name: _value(group[name]) for name in group}
        if steps := self._steps.get(path):
            arrays = converted(steps, [values[str(at)] for at in range(len(values))])
            return {str(at): array for at, array in enumerate(arrays)}
        return values

    def has_path(self, path: str) -> bool:
        return self._in_file(path) in self.h5_file

    def check_all_taken(self) -> None:
        """Raises ModelError for weights that no layer asked for."""
        if self._left:
            raise ModelError(
                f"The file holds weights under {min(self._left)!r} for which the model in it has no layer.",
                hint="The file is damaged or of parts of two models; ask whoever made it for another one.",
            )

    def _in_file(self, path: str) -> str:
        key = self._keys.get(path, path)
        for outer, place in self._moved.items():
            if key == outer or key.startswith(f"{outer}/"):
                key = place + key.removeprefix(outer)
        if _OLD_LAYERS in self.h5_file:
            return "/".join(_OLD_LAYERS if part == "layers" else part for part in key.split("/"))
        return key


def _groups_of_weights(weights: h5py.File) -> list[str]:
    found: list[str] = []
    weights.visititems(
        lambda name, each: (
            found.append(name)
            if isinstance(each, h5py.Group) and (name == "vars" or name.endswith("/vars")) and len(each)
            else None
        )
    )
    return ["" if name == "vars" else name for name in found]


def _value(dataset: h5py.Dataset) -> Any:
    if dataset.attrs.get("dtype") == "bfloat16":
        # As Keras reads it back; comes with Keras.
        import ml_dtypes

        return np.array(dataset, dtype=ml_dtypes.bfloat16)
    return np.array(dataset)
