"""The places of live layers by their names, as a repaired configuration has them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeVar

import keras

from editor.keras_model.data_flow import is_graph

Place = tuple[str, ...]
T = TypeVar("T")

_HALVES = ("forward_", "backward_")


def layer_places(model: keras.Model) -> dict[int, Place]:
    """The names that lead to each layer from the root, by `id`; a shared layer is at its first place."""
    places: dict[int, Place] = {id(model): ()}
    _visit(model, (), places)
    return places


def _visit(layer: keras.Layer, place: Place, places: dict[int, Place]) -> None:
    for child in held_layers(layer):
        if id(child) not in places:
            places[id(child)] = (*place, str(child.name))
            _visit(child, places[id(child)], places)


def held_layers(layer: keras.Layer) -> Iterator[keras.Layer]:
    """The layers that a layer holds; those of a graph come in its order."""
    seen: set[int] = set()
    for child in (*(layer.layers if is_graph(layer) else ()), *layer._layers):
        if id(child) not in seen:
            seen.add(id(child))
            yield child


def at_place(found: Mapping[Place, T], place: Place) -> T | None:
    """What stands in a mapping for a place; both halves of a Bidirectional are made from one layer."""
    if place in found:
        return found[place]
    whole = tuple(_whole(name) for name in place)
    return next((value for key, value in found.items() if tuple(map(_whole, key)) == whole), None)


def above(found: Mapping[Place, T], place: Place) -> T | None:
    """What stands in a mapping for a place or for the nearest layer that holds it."""
    for length in range(len(place), 0, -1):
        if (value := at_place(found, place[:length])) is not None:
            return value
    return None


def _whole(name: str) -> str:
    for half in _HALVES:
        if name.startswith(half):
            return _whole(name.removeprefix(half))
    return name
