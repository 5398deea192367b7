"""The preview of a file of weights: layers as its groups tell them. Their classes stand in no such file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py

from editor.files.architecture_file import read_architecture_of
from editor.files.code_needs import code_needs
from editor.files.facts import NO_ARCHITECTURE, Preview
from editor.files.hdf5_outline import GroupOutline
from editor.files.keras_archive import reading, usable_freeze_map
from editor.files.look import Look
from editor.files.options import OpenOptions
from editor.files.preview.draft_records import records
from editor.files.preview.drafts import Draft, walk
from editor.files.preview.found_weights import fill
from editor.files.preview.hdf5_variables import STATISTICS, fill_variables
from editor.files.preview.shapes import infer_shapes
from editor.files.preview.skeleton import draft_of
from editor.files.preview.weight_groups import WeightGroups
from editor.files.probe import probe_file
from editor.files.stored_weights import (
    LAYERS,
    OLD_LAYERS,
    ROOT_WEIGHTS,
    StoredLayer,
    StoredWeight,
    StoredWeights,
    stored_weights,
)
from editor.files.weight_names import natural_order, split_name
from editor.layers.paths import escape
from editor.layers.records import LayerRecord, WeightRecord

OTHER_NAMES = "The layers of the architecture have other names than those in the file; shown are those in the file."


def preview_weights(path: Path, look: Look, options: OpenOptions) -> Preview:
    """The layers and weights of a file that has no architecture, in the architecture that was given if they fit it.

    Raises:
        FileError: A file is damaged, or the architecture is none.
    """
    config = _architecture(options)
    freeze_map, notes = usable_freeze_map(path)
    with reading(path), h5py.File(path, "r") as file:
        stored = stored_weights(file)
        draft = _filled(config, stored, look.weights) if config and look.weights else None
    if draft is not None:
        return Preview(
            facts=look.facts,
            root=records(draft),
            model_name=draft.layer_name,
            freeze_map=freeze_map,
            input_shapes=draft.input_shapes,
            needs=code_needs(config or {}),
            notes=notes,
        )
    return Preview(
        facts=look.facts,
        root=_Records().record(_tree_by_name(stored.layers) if stored.is_by_name else _tree_by_key(stored.layers)),
        model_name=next((layer.name for layer in stored.layers if not layer.key), ""),
        freeze_map=freeze_map,
        needs=code_needs(config) if config else (),
        notes=(*notes, OTHER_NAMES if config else NO_ARCHITECTURE),
    )


# -- in an architecture ---------------------------------------------------------------------------------------------


def _architecture(options: OpenOptions) -> dict[str, Any] | None:
    if not options.architecture:
        return None
    path = Path(options.architecture)
    probe_file(path)
    return read_architecture_of(path).config


def _filled(config: dict[str, Any], stored: StoredWeights, weights: GroupOutline) -> Draft | None:
    """The architecture with the weights of the file; None where the names of the two do not fit."""
    root = draft_of(config)
    with_weights = {layer.key for layer in stored.layers if layer.weights and layer.key != ROOT_WEIGHTS}
    if stored.is_by_name:
        expected = {part.draft.layer_name for part in root.parts if any(each.own for each in walk(part.draft))}
        known = {part.draft.layer_name for part in root.parts}
    else:
        expected = {draft.store for draft in walk(root) if draft.own}
        known = {draft.store for draft in walk(root)}
    if not root.is_keras or not (with_weights <= known or expected <= with_weights):
        return None
    if stored.is_by_name:
        fill_variables(root, stored.layers)
    else:
        fill(root, WeightGroups(weights))
    infer_shapes(root)
    return root


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
                    is_kind_known=is_known,
                )
            )
            self._num_weights += 1
        return tuple(records)
