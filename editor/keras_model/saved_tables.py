"""Puts the words that the tables of a SavedModel look up, and bins, into the configuration that it is built from.

Keras 2 takes words out of the configuration when it writes a SavedModel; how much each counts is a variable, and so is
what bins are computed from.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from editor.files.preview.saved_objects import alike, layer_places
from editor.files.saved_model.objects import SavedObjects
from editor.files.saved_model.tables import LOOKUPS, Words, read_words
from editor.keras_model.stored_places import Places
from editor.keras_model.tables import bins_of, is_count, is_summary
from editor.keras_model.values import Array
from editor.layers.paths import escape, join

Config = dict[str, Any]

_HOLDERS = frozenset({"TextVectorization", "StringLookup", "IntegerLookup"})
_IDF = "tf_idf"


class _Table(NamedTuple):
    """A table: the words in order, and how much each index counts where that is in the file."""

    words: Words
    idf_weights: list[float] | None


def with_tables(config: Config, objects: SavedObjects, folder: Path, weights: Places) -> Config:
    """A model's configuration with the words of its tables and with its bins, as far as the file holds them.

    Args:
        config: The whole model.
        objects: The objects of the file.
        folder: The SavedModel.
        weights: The weights in it.

    Raises:
        FileError: The graph, where the words stand, is damaged.
    """
    words = read_words(folder, objects)
    places = dict(layer_places(objects))
    tables = {
        alike(_holder(objects, places, path)): _Table(words[number], _idf_weights(weights, path))
        for path, number in places.items()
        if number in words
    }
    summaries = {alike(path): own[0].value for path, own in weights.items() if len(own) == 1}
    changed = copy.deepcopy(config)
    for path, entry in _layers(changed, ""):
        if entry["class_name"] in _HOLDERS and (table := tables.get(alike(path))):
            _fill(entry["class_name"], entry["config"], table)
        elif entry["class_name"] == "Sequential":
            _complete_input(entry["config"], path, weights)
        elif entry["class_name"] == "Discretization" and (summary := summaries.get(alike(path))) is not None:
            entry["config"] |= _bins(entry["config"], summary)
    return changed


def without_tables(weights: Places, objects: SavedObjects) -> Places:
    """The weights without those of tables and bins, which Keras 3 has in the configuration."""
    kinds = (*LOOKUPS, "Discretization")
    tables = {path for path, number in layer_places(objects) if _class_name(objects, number) in kinds}
    return {path: own for path, own in weights.items() if path not in tables}


def _bins(settings: Config, summary: Array) -> Config:
    """The bins of an adapted layer beside its arguments, as Keras 3 writes them; nothing where it never was."""
    num_bins = settings.get("num_bins")
    if settings.get("bin_boundaries") is not None or not is_count(num_bins) or not is_summary(summary):
        return {}
    return {"bin_boundaries": bins_of(summary, num_bins)}


def _holder(objects: SavedObjects, places: Mapping[str, int], path: str) -> str:
    """The layer that has a table in its configuration: a TextVectorization for the one inside of it."""
    above = path.rpartition("/")[0]
    return above if _class_name(objects, places[above]) == "TextVectorization" else path


def _class_name(objects: SavedObjects, number: int) -> Any:
    return objects.nodes[number].metadata.get("class_name")


def _idf_weights(weights: Places, path: str) -> list[float] | None:
    found = [each.value for each in weights.get(path, ()) if each.value.ndim == 1 and each.value.dtype.kind == "f"]
    return found[0].tolist() if found else None


def _layers(entry: Config, path: str) -> Iterator[tuple[str, Config]]:
    """Each serialized layer with its path, as in `layer_places`; a wrapped one below the attribute that holds it."""
    yield path, entry
    settings = entry.get("config")
    if not isinstance(settings, dict):
        return
    for inner in settings.get("layers") or ():
        if _is_layer(inner):
            yield from _layers(inner, join(path, escape(str(inner["config"].get("name", "")))))
    if _is_layer(settings.get("layer")):
        yield from _layers(settings["layer"], join(path, "layer"))


def _complete_input(settings: Config, path: str, weights: Places) -> None:
    """The sizes of an input by the Normalization that takes it: one that was adapted first has it written without."""
    entries = [entry for entry in settings.get("layers") or () if _is_layer(entry)]
    first = next((entry for entry in entries if entry["class_name"] != "InputLayer"), None)
    if first is None or first["class_name"] != "Normalization":
        return
    own = weights.get(join(path, escape(str(first["config"].get("name", "")))), ())
    axes = first["config"].get("axis")
    axes = axes if isinstance(axes, list) else [axes]
    for entry in entries[: entries.index(first) + 1]:
        shape = entry["config"].get("batch_input_shape")
        if own and isinstance(shape, list) and all(isinstance(axis, int) for axis in axes):
            _complete(shape, axes, own[0].value.shape)


def _complete(shape: list[Any], axes: list[int], sizes: tuple[int, ...]) -> None:
    """Sets the sizes of these axes of a shape that are not known."""
    if shape and len(axes) == len(sizes):
        for axis, size in zip(sorted(axis % len(shape) for axis in axes), sizes, strict=True):
            shape[axis] = size if shape[axis] is None else shape[axis]


def _is_layer(value: Any) -> bool:
    return isinstance(value, dict) and "class_name" in value and isinstance(value.get("config"), dict)


def _fill(class_name: str, settings: Config, table: _Table) -> None:
    if settings.get("output_mode") != _IDF:
        settings["vocabulary"] = table.words
        return
    if table.idf_weights is None:
        return
    # Indices of no word count something, too, and are given only beside what stands for them in the vocabulary.
    unknown: list[Any] = ["[UNK]"]
    if class_name != "TextVectorization":
        number = settings.get("num_oov_indices")
        unknown = [settings.get("oov_token")] * (number if is_count(number, len(table.idf_weights)) else 0)
    settings["vocabulary"] = [*unknown, *table.words]
    settings["idf_weights"] = table.idf_weights[: len(settings["vocabulary"])]
