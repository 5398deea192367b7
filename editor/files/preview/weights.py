"""The preview of a file of weights: layers as its groups tell them. Their classes stand in no such file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py

from editor.files.facts import FileFacts, Preview
from editor.files.keras_archive import reading
from editor.files.options import OpenOptions
from editor.files.preview.hdf5_variables import STATISTICS
from editor.files.stored_weights import (
    LAYERS,
    OLD_LAYERS,
    ROOT_WEIGHTS,
    StoredLayer,
    StoredWeight,
    stored_weights,
)
from editor.files.weight_names import natural_order, split_name
from editor.layers.paths import escape
from editor.layers.records import LayerRecord, WeightRecord

NO_ARCHITECTURE = "This file holds weights only; it opens as a model together with an architecture."


def preview_weights(path: Path, facts: FileFacts, options: OpenOptions) -> Preview:
    """The layers and weights of a file that has no architecture.

    Raises:
        FileError: The file is damaged, or keeps values elsewhere.
    """
    with reading(path), h5py.File(path, "r") as file:
        stored = stored_weights(file)
    root = _tree_by_name(stored.layers) if stored.is_by_name else _tree_by_key(stored.layers)
    name = next((layer.name for layer in stored.layers if not layer.key), "")
    return Preview(facts=facts, root=_Records().record(root), model_name=name, notes=(NO_ARCHITECTURE,))


@dataclass
class _Draft:
    """A layer before the numbers are given.

    Attributes:
        name: Below its parent.
        store: The group of Keras 3; empty in the older way.
        layer_name: What Keras calls it; empty where that is not told.
    """

    name: str = ""
    store: str = ""
    layer_name: str = ""
    is_name_known: bool = True
    weights: list[tuple[str, bool, StoredWeight]] = field(default_factory=list)
    children: dict[str, _Draft] = field(default_factory=dict)


# -- Keras 3 ----------------------------------------------------------------------------------------------------


def _tree_by_key(layers: Sequence[StoredLayer]) -> _Draft:
    by_key = {layer.key: layer for layer in layers}
    keys = {part for key in by_key for part in _layers_on_the_way(key)} | by_key.keys() | {""}
    drafts = {"": _Draft()}
    for key in sorted(keys, key=natural_order):
        if key:
            above = next(part for part in _prefixes(key) if part in drafts)
            drafts[key] = _child_by_key(drafts[above], key, key[len(above) :].strip("/"))
        if key in by_key:
            drafts[key].layer_name = by_key[key].name
            drafts[key].weights = [(weight.name, False, weight) for weight in by_key[key].weights]
    return drafts[""]


def _child_by_key(parent: _Draft, key: str, part: str) -> _Draft:
    container, _, rest = part.partition("/")
    name = rest if container in (LAYERS, OLD_LAYERS) and rest and rest not in parent.children else part
    # One attribute is a name; in a container Keras writes the class with a counter instead.
    draft = parent.children[name] = _Draft(name, key, is_name_known=not rest)
    return draft


def _prefixes(key: str) -> Iterator[str]:
    """What stands above a key, the nearest first."""
    while key:
        key = key.rpartition("/")[0]
        yield key


def _layers_on_the_way(key: str) -> Iterator[str]:
    """The layers above a key of which no variables were written: what holds `layers`, and what stands in it."""
    parts = key.split("/")
    for at, part in enumerate(parts):
        if part in (LAYERS, OLD_LAYERS) and at + 1 < len(parts):
            yield "/".join(parts[:at])
            yield "/".join(parts[: at + 2])


# -- the older way -----------------------------------------------------------------------------------------------


def _tree_by_name(layers: Sequence[StoredLayer]) -> _Draft:
    root = _Draft()
    for layer in layers:
        if layer.key == ROOT_WEIGHTS:
            root.weights = [(split_name(layer, weight).variable, True, weight) for weight in layer.weights]
            continue
        name = escape(layer.name)
        top = root.children.setdefault(name, _Draft(name, layer_name=layer.name))
        _put_weights(top, layer)
    return root


def _put_weights(top: _Draft, layer: StoredLayer) -> None:
    """Puts weights under the layers in their names."""
    for weight in layer.weights:
        name = split_name(layer, weight)
        owner = top
        if name.scope:
            inner = "/".join(escape(part) for part in name.scope)
            owner = top.children.setdefault(inner, _Draft(inner, layer_name=name.scope[-1], is_name_known=False))
        owner.weights.append((name.variable, True, weight))


# -- records ------------------------------------------------------------------------------------------------------


class _Records:
    """Turns drafts into records, numbered as they come: a layer before what is in it, weights after those inside."""

    def __init__(self) -> None:
        self._num_layers = 0
        self._num_weights = 0

    def record(self, draft: _Draft) -> LayerRecord:
        layer_id = self._num_layers
        self._num_layers += 1
        weights = self._weights(draft)
        config: dict[str, Any] = {"name": draft.layer_name} if draft.layer_name else {}
        return LayerRecord(
            layer_id=layer_id,
            name=draft.name,
            class_name="",
            store=draft.store,
            weights=weights,
            children=tuple(self.record(child) for child in draft.children.values()),
            config=config,
            is_name_known=draft.is_name_known,
        )

    def _weights(self, draft: _Draft) -> tuple[WeightRecord, ...]:
        records: list[WeightRecord] = []
        taken: dict[str, int] = {}
        for name, is_known, weight in draft.weights:
            taken[name] = taken.get(name, 0) + 1
            is_statistics = is_known and bool(STATISTICS.match(name))
            records.append(
                WeightRecord(
                    weight_id=self._num_weights,
                    name=name if taken[name] == 1 else f"{name}#{taken[name]}",
                    shape=weight.shape,
                    dtype=weight.dtype,
                    num_bytes=weight.num_bytes,
                    is_statistics=is_statistics,
                    is_trainable=not is_statistics,
                    is_name_known=is_known,
                )
            )
            self._num_weights += 1
        return tuple(records)
