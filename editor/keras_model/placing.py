"""Puts the weights in an `.h5` model into a live one, layer by layer, by their names where these tell (fact F17).

Keras goes by order alone: that of the layers, and within a layer trainable-first by the flags of the reloaded model.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import h5py
import keras
import numpy as np
import numpy.typing as npt

from editor.errors import ModelError
from editor.files.repair.stored_weights import StoredLayer, converted, num_stored
from editor.files.stored_weights import read_names
from editor.keras_model.places import Place, above, at_place, held_layers, layer_places
from editor.keras_model.tables import counts_words, finish, give_state, holds_state, lacks_bins
from editor.keras_model.walk import own_variables

Array = npt.NDArray[Any]
Key = tuple[str, ...]

_NAMES = "weight_names"
_TOP_LEVEL = "top_level_model_weights"
_DEPTHS = (2, 3, 4)
_TELLING = frozenset(
    {
        "kernel", "recurrent_kernel", "bias", "gamma", "beta", "moving_mean", "moving_variance", "embeddings",
        "pointwise_kernel", "alpha",
    }
)  # fmt: skip


@dataclass(frozen=True)
class _Owner:
    """A layer with weights of its own, and how they stand in the file."""

    layer: keras.Layer
    place: Place
    names: tuple[str, ...]
    steps: tuple[str, ...]
    variables: tuple[keras.Variable, ...]

    @property
    def num_stored(self) -> int:
        return num_stored(self.steps, len(self.variables))


@dataclass(frozen=True)
class _Slot:
    """One weight of the file, as it is expected there.

    Attributes:
        number: Its number among the weights of its owner.
        shape: None where the file has it in another shape than the live layer.
    """

    owner: _Owner
    number: int
    name: str
    shape: tuple[int, ...] | None


def place_weights(model: keras.Model, weights: h5py.Group, stored: Mapping[Place, StoredLayer]) -> tuple[str, ...]:
    """Assigns every weight in a file to the variable that it belongs to.

    Args:
        model: A built model.
        weights: The group with a group for each layer.
        stored: What of the layers differs in the file.

    Returns:
        Names of the layers whose weights stand in an order by which Keras would have swapped them.

    Raises:
        ModelError: A weight is missing, left over, of another shape, or cannot be told from others.
    """
    places = layer_places(model)
    names = _without_state(model, weights, stored)
    swapped = []
    for layer, name in _matched(model, names, stored):
        if _place(layer, weights[name], names[name], places, stored):
            swapped.append(str(layer.name))
    _place_own(model, weights, places, stored)
    return tuple(swapped)


def order_differs(model: keras.Model, weights: h5py.Group) -> tuple[str, ...]:
    """Names of the top-level layers whose weights Keras's order alone would swap, found without reading a value."""
    places = layer_places(model)
    by_name = {str(layer.name): layer for layer in model.layers}
    differing = []
    for name in read_names(weights, "layer_names"):
        names = read_names(weights[name], _NAMES)
        slots = list(_slots(by_name[name], places, {})) if name in by_name else []
        if len(names) == len(slots) and _by_name(slots, names) not in (None, list(range(len(slots)))):
            differing.append(name)
    return tuple(differing)


# -- layers -----------------------------------------------------------------------------------------------------


def _without_state(
    model: keras.Model, weights: h5py.Group, stored: Mapping[Place, StoredLayer]
) -> dict[str, list[str]]:
    """The names of the weights in each group but for those that Keras 3 keeps otherwise; these are given to the layers.

    They are weights that were made before the layer was called, so that no layer's name stands before theirs.
    """
    by_name = {_stored_name(layer, stored): layer for layer in model.layers}
    names = {}
    for group in read_names(weights, "layer_names"):
        names[group] = read_names(weights[group], _NAMES)
        inner = [each for each in _all_held(by_name[group]) if holds_state(each)] if group in by_name else []
        without_bins = [each for each in inner if lacks_bins(each)]
        summaries = [name for name in names[group] if _parts(name) == ("summary",)]
        if len(summaries) == len(without_bins):
            for layer, name in zip(without_bins, summaries, strict=True):
                give_state(layer, [_value(weights[group][name])])
            names[group] = [name for name in names[group] if name not in summaries]
        if any(counts_words(each) for each in inner):
            names[group] = [name for name in names[group] if _parts(name) != ("Variable",)]
    return names


def _all_held(layer: keras.Layer) -> Iterator[keras.Layer]:
    yield layer
    for inner in held_layers(layer):
        yield from _all_held(inner)


def _matched(
    model: keras.Model, names: Mapping[str, Sequence[str]], stored: Mapping[Place, StoredLayer]
) -> Iterator[tuple[keras.Layer, str]]:
    """The layers of the model with weights, each with the name of its group: by name, the rest in order."""
    groups = [name for name, own in names.items() if own]
    layers = [layer for layer in model.layers if layer.weights]
    by_name = {_stored_name(layer, stored): layer for layer in layers}
    named = {name: by_name[name] for name in groups if name in by_name}
    left_groups = [name for name in groups if name not in named]
    left_layers = [layer for layer in layers if layer not in named.values()]
    if len(left_groups) != len(left_layers):
        missing = [str(layer.name) for layer in left_layers] or left_groups
        raise ModelError(
            f"The file has weights for {len(groups)} layers, the model in it has {len(layers)} with weights "
            f"({missing[0]!r} has none beside it).",
            hint="The file is damaged or of parts of two models; ask whoever made it for another one.",
        )
    yield from ((layer, name) for name, layer in named.items())
    yield from zip(left_layers, left_groups, strict=True)


def _stored_name(layer: keras.Layer, stored: Mapping[Place, StoredLayer]) -> str:
    known = stored.get((str(layer.name),))
    return known.name if known else str(layer.name)


def _place(
    layer: keras.Layer,
    group: h5py.Group,
    names: Sequence[str],
    places: Mapping[int, Place],
    stored: Mapping[Place, StoredLayer],
) -> bool:
    """Assigns the weights of one top-level layer; tells whether Keras's order would have been another."""
    slots = list(_slots(layer, places, stored))
    if len(names) != len(slots):
        raise ModelError(
            f"The file has {len(names)} weights for the layer {layer.name!r}, which has {len(slots)}.",
            hint="The file is of another model than its configuration says; ask whoever made it.",
        )
    order = _by_name(slots, names)
    is_in_order = order in (None, list(range(len(slots))))
    if order is None:
        order = list(range(len(slots)))
        _check_names(layer, slots, names)
    chosen = [names[at] for at in order]
    _check_shapes(layer, slots, [group[name].shape for name in chosen])
    for owner, numbers in _by_owner(slots):
        _assign(owner, [_value(group[chosen[at]]) for at in numbers])
    return not is_in_order


def _place_own(
    model: keras.Model, weights: h5py.Group, places: Mapping[int, Place], stored: Mapping[Place, StoredLayer]
) -> None:
    """The weights of the model itself, which belong to none of its layers."""
    own = [owner for owner in _owners(model, places, stored) if owner.layer is model]
    names = read_names(weights[_TOP_LEVEL], _NAMES) if _TOP_LEVEL in weights else []
    expected = own[0].variables if own else ()
    if len(names) != len(expected):
        raise ModelError(
            f"The file has {len(names)} weights for the model itself, which has {len(expected)}.",
            hint="The file is of another model than its configuration says; ask whoever made it.",
        )
    for variable, name in zip(expected, names, strict=True):
        _put(variable, _value(weights[_TOP_LEVEL][name]), str(model.name))


# -- the weights of one layer -----------------------------------------------------------------------------------


def _owners(layer: keras.Layer, places: Mapping[int, Place], stored: Mapping[Place, StoredLayer]) -> Iterator[_Owner]:
    layers = _each_once(layer)
    # A wrapper may have the weights of the layer inside as well, which stands behind it and made them.
    makers = {id(variable): each for each in layers for variable in own_variables(each)}
    for each in layers:
        variables = tuple(variable for variable in own_variables(each) if makers[id(variable)] is each)
        if variables:
            place = places[id(each)]
            known = above(stored, place)
            yield _Owner(each, place, _names_in_file(place, stored), known.steps if known else (), variables)


def _each_once(layer: keras.Layer) -> list[keras.Layer]:
    """A layer and all below it, each before those that it holds."""
    found: dict[int, keras.Layer] = {}
    waiting = [layer]
    while waiting:
        current = waiting.pop(0)
        if id(current) not in found:
            found[id(current)] = current
            waiting[:0] = held_layers(current)
    return list(found.values())


def _names_in_file(place: Place, stored: Mapping[Place, StoredLayer]) -> tuple[str, ...]:
    found = []
    for length in range(1, len(place) + 1):
        known = at_place(stored, place[:length])
        found.append(known.name if known else place[length - 1])
    return tuple(found)


def _slots(layer: keras.Layer, places: Mapping[int, Place], stored: Mapping[Place, StoredLayer]) -> Iterator[_Slot]:
    """The weights of a top-level layer in Keras's order: those first that train by the flags of the model."""
    owners = {id(variable): owner for owner in _owners(layer, places, stored) for variable in owner.variables}
    done: set[int] = set()
    for variable in (*layer.trainable_weights, *layer.non_trainable_weights):
        owner = owners[id(variable)]
        if not owner.steps:
            at = next(at for at, own in enumerate(owner.variables) if own is variable)
            yield _Slot(owner, at, str(variable.name), tuple(variable.shape))
        elif id(owner) not in done:
            # They are made from all of them, so they stand together.
            done.add(id(owner))
            is_same = owner.num_stored == len(owner.variables)
            for at in range(owner.num_stored):
                yield _Slot(owner, at, str(owner.variables[at].name) if is_same else "", None)


def _by_name(slots: Sequence[_Slot], names: Sequence[str]) -> list[int] | None:
    """For each slot the number of its weight in the file; None where the names do not tell."""
    for has_cell in (True, False):
        for depth in _DEPTHS:
            expected = [_key((*_scope(slot.owner, has_cell=has_cell), slot.name), depth) for slot in slots]
            found = {_key(_parts(name), depth): at for at, name in enumerate(names)}
            if len(found) == len(names) == len(set(expected)) and found.keys() == set(expected):
                return [found[key] for key in expected]
    return None


def _scope(owner: _Owner, *, has_cell: bool) -> Key:
    """The names around a weight; before tf.keras, recurrent layers had no cell with a name."""
    return owner.names if has_cell or not owner.names[-1].endswith("_cell") else owner.names[:-1]


def _parts(name: str) -> Key:
    return tuple(name.partition(":")[0].split("/"))


def _key(parts: Key, depth: int) -> Key:
    *scope, name = (part for whole in parts for part in whole.split("/"))
    return (*scope, _today(name))[-depth:]


def _today(name: str) -> str:
    """A depthwise convolution calls its kernel so since Keras 3; a separable one has another kernel beside it."""
    return "kernel" if name == "depthwise_kernel" else name


def _check_names(layer: keras.Layer, slots: Sequence[_Slot], names: Sequence[str]) -> None:
    for slot, name in zip(slots, names, strict=True):
        told, expected = _today(_parts(name)[-1]), _today(slot.name)
        if {told, expected} <= _TELLING and told != expected:
            raise ModelError(
                f"The weights of {layer.name!r} stand in the file in an order that cannot be told: "
                f"{name!r} is in the place of a {slot.name!r}.",
                hint="Save the file again with the Keras that wrote it, as a .keras file if it can.",
            )


def _check_shapes(layer: keras.Layer, slots: Sequence[_Slot], shapes: Sequence[tuple[int, ...]]) -> None:
    for slot, shape in zip(slots, shapes, strict=True):
        if slot.shape is not None and slot.shape != shape:
            raise _misfit(f"{layer.name}/{slot.name}", shape, slot.shape)


def _by_owner(slots: Sequence[_Slot]) -> Iterator[tuple[_Owner, list[int]]]:
    """The numbers of the slots of each layer, in the order of its weights."""
    owners = {id(slot.owner): slot.owner for slot in slots}
    for key, owner in owners.items():
        own = sorted((slot.number, at) for at, slot in enumerate(slots) if id(slot.owner) == key)
        yield owner, [at for _number, at in own]


def _assign(owner: _Owner, arrays: list[Array]) -> None:
    name = "/".join(owner.place)
    try:
        values = converted(owner.steps, arrays)
        pairs = list(zip(owner.variables, values, strict=True))
    except (ValueError, IndexError) as error:
        raise ModelError(
            f"The weights of {name!r} in the file are not those of the layer that it says.",
            hint="Ask whoever made the file for another one.",
            details=str(error),
        ) from error
    for variable, value in pairs:
        _put(variable, value, name)
    finish(owner.layer)


def _put(variable: keras.Variable, value: Array, name: str) -> None:
    if tuple(variable.shape) != value.shape:
        raise _misfit(f"{name}/{variable.name}", value.shape, tuple(variable.shape))
    variable.assign(value)


def _misfit(name: str, found: tuple[int, ...], expected: tuple[int, ...]) -> ModelError:
    return ModelError(
        f"The weight {name!r} has the shape {found} in the file instead of {expected}.",
        hint="The file is of another model than its configuration says; ask whoever made it.",
    )


def _value(dataset: h5py.Dataset) -> Array:
    if dataset.attrs.get("dtype") == "bfloat16":
        # As Keras reads it back; comes with Keras.
        import ml_dtypes

        return np.array(dataset, dtype=ml_dtypes.bfloat16)
    return np.array(dataset)
