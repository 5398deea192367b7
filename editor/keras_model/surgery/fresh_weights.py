"""Fresh values for the weights of layers, as a new model would have them.

A layer of the same configuration is made and built for the same shapes, and its values are taken: so each weight has
what its own initializer gives, the insides of composite and custom layers and all statistics too.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np

from editor.errors import ModelError
from editor.keras_model.compile_settings import compile_as, compile_text
from editor.keras_model.data_flow import is_graph
from editor.keras_model.error_text import first_sentence
from editor.keras_model.optimizer_state import optimizer_state, put_state
from editor.keras_model.values import Array
from editor.keras_model.walk import ModelIndex, own_variables

_ADAPTED = (keras.layers.Normalization,)
"""Their statistics were taken from data and are not trained; fresh ones would only spoil what follows."""


def reinitialise(
    index: ModelIndex,
    layers: Sequence[keras.Layer],
    *,
    seed: int | None = None,
    custom_objects: dict[str, Any] | None = None,
) -> tuple[str, ...]:
    """Gives the weights of layers, and of all in them, fresh values; all or none.

    The optimizer goes on, with fresh slots for these weights.

    Args:
        index: The live model.
        layers: Of the model.
        seed: The same one gives the same values; None draws one.
        custom_objects: Classes that the configurations may name.

    Returns:
        What a person should know, a sentence each.

    Raises:
        ModelError: A layer cannot be made anew.
    """
    chosen = fresh_values(layers, seed=seed, custom_objects=custom_objects)
    kept = sorted({layer.name for layer in _all_below(layers) if isinstance(layer, _ADAPTED) and layer.weights})
    notes = (f"{', '.join(kept)} keeps what it was adapted to.",) if kept else ()
    if not chosen:
        raise ModelError(
            "There are no weights to re-initialise here.",
            hint="Select layers that have weights.",
        )
    state, text = optimizer_state(index), compile_text(index.model)
    for variable, value in chosen:
        variable.assign(value)
    if state is None or text is None:
        return notes
    fresh = {id(variable) for variable, _ in chosen}
    others = [weight_id for weight_id, variable in enumerate(index.variables) if id(variable) not in fresh]
    trained = [index.variables[weight_id] for weight_id in state.weight_ids if weight_id >= 0]
    compile_as(index.model, text, trained, custom_objects)
    if getattr(index.model, "optimizer", None):
        put_state(index, state.only(others))
    return (*notes, "The optimizer starts fresh for these weights.")


def fresh_values(
    layers: Iterable[keras.Layer], *, seed: int | None = None, custom_objects: dict[str, Any] | None = None
) -> list[tuple[keras.Variable, Array]]:
    """Each weight of the layers, once, with the value that a new one would have; nothing is assigned.

    Raises:
        ModelError: A layer cannot be made anew.
    """
    found: dict[int, tuple[keras.Variable, Array]] = {}
    seen: set[int] = set()
    with _seeded(seed), keras.saving.custom_object_scope(custom_objects or {}):
        for layer in layers:
            for variable, value in _fresh(layer, seen):
                found.setdefault(id(variable), (variable, value))
    return list(found.values())


@contextmanager
def _seeded(seed: int | None) -> Iterator[None]:
    """Keras draws the seeds of initializers from Python's own generator, a custom one may ask NumPy's."""
    python, numpy = random.getstate(), np.random.get_state()
    drawn = random.SystemRandom().randrange(2**32) if seed is None else seed
    random.seed(drawn)
    np.random.seed(drawn)
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)


def _fresh(layer: keras.Layer, seen: set[int]) -> Iterator[tuple[keras.Variable, Array]]:
    if id(layer) in seen or isinstance(layer, _ADAPTED) or not layer.weights:
        return
    seen.add(id(layer))
    if not is_graph(layer) and not isinstance(layer, keras.Model):
        yield from _made_anew(layer)
        return
    if own_variables(layer):
        raise _cannot(layer, "a model with weights of its own cannot be made anew")
    for inner in layer._layers:
        yield from _fresh(inner, seen)


def _made_anew(layer: keras.Layer) -> Iterator[tuple[keras.Variable, Array]]:
    try:
        # Kept as long as its values are read: an iterator over a layer that is gone has none.
        fresh = type(layer).from_config(layer.get_config())
        fresh.build_from_config(layer.get_build_config() or {})
    # A class of the user's own raises what it likes.
    except Exception as error:
        raise _cannot(layer, first_sentence(error)) from error
    if [tuple(each.shape) for each in layer.weights] != [tuple(each.shape) for each in fresh.weights]:
        raise _cannot(layer, "a new one has other weights")
    kept = {id(each) for inner in layer._flatten_layers() if isinstance(inner, _ADAPTED) for each in inner.weights}
    for variable, other in zip(layer.weights, fresh.weights, strict=True):
        if id(variable) not in kept:
            yield variable, np.array(keras.ops.convert_to_numpy(other))


def _cannot(layer: keras.Layer, why: str) -> ModelError:
    return ModelError(
        f"{layer.name!r}, a {type(layer).__name__}, cannot be re-initialised: {why}",
        hint="Nothing was changed. A custom layer needs a get_config() and a build(); LoRA is merged by saving.",
    )


def _all_below(layers: Iterable[keras.Layer]) -> Iterator[keras.Layer]:
    for layer in layers:
        yield from layer._flatten_layers()
