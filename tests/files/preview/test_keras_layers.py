"""The table of Keras's own layers says what Keras has."""

from __future__ import annotations

import inspect
from typing import Any

import keras
import pytest

from editor.files.preview.drafts import Draft
from editor.files.preview.keras_layers import (
    ALIASES,
    GRAPHS,
    KERAS_CLASSES,
    OPAQUE,
    default_training,
    num_seed_generators,
)
from editor.files.preview.skeleton import draft_of
from editor.keras_model.walk import _children, _variable_name, attribute_of, own_variables, store_keys
from tests.files.preview.every_layer import EXAMPLES, NOT_HERE, built, every_class

_CELLS = {"ConvLSTMCell"}
"""Classes that Keras uses and does not export."""


def test_that_the_table_and_the_examples_have_every_class() -> None:
    assert every_class() | GRAPHS | _CELLS == KERAS_CLASSES
    assert {title.split()[0] for title in EXAMPLES} | NOT_HERE == every_class()
    assert NOT_HERE == OPAQUE


def test_that_every_other_name_is_known() -> None:
    for name in dir(keras.layers):
        each = getattr(keras.layers, name)
        if inspect.isclass(each) and issubclass(each, keras.Layer) and name != each.__name__:
            assert ALIASES[name] == each.__name__


@pytest.mark.parametrize("title", EXAMPLES)
def test_that_a_layer_is_known_as_keras_makes_it(title: str) -> None:
    layer = built(title)
    draft = draft_of(keras.saving.serialize_keras_object(layer))
    _compare(draft, layer, store_keys(layer))


def _compare(draft: Draft, layer: keras.Layer, stores: dict[int, str]) -> None:
    assert draft.class_name == type(layer).__name__
    assert draft.store == stores[id(layer)]
    assert _own(draft) == [_weight(layer, variable) for variable in own_variables(layer)]
    assert num_seed_generators(draft.class_name, draft.settings) == len(layer._seed_generators)
    assert default_training(draft.class_name) is _default_training(layer)
    children = list(_children(layer))
    assert [(part.name, part.access) for part in draft.parts] == [(child.name, child.access) for child in children]
    if draft.class_name not in ("AugMix", "RandAugment"):
        made = [child for child in layer._layers if not isinstance(child, keras.layers.InputLayer)]
        drafts = [child for child in draft.made if child.class_name != "InputLayer"]
        assert [child.class_name for child in drafts] == [type(child).__name__ for child in made]
    for part, child in zip(draft.parts, children, strict=True):
        if part.draft.layer_name:
            assert part.draft.layer_name == child.layer.name
        _compare(part.draft, child.layer, stores)


def _own(draft: Draft) -> list[tuple[str, str, bool]]:
    assert draft.own is not None
    return [(weight.name, weight.held_by, weight.is_statistics) for weight in draft.own]


def _weight(layer: keras.Layer, variable: keras.Variable) -> tuple[str, str, bool]:
    held_by = attribute_of(layer, variable)
    can_train = {id(each) for inner in layer._flatten_layers() for each in inner._trainable_variables}
    return _variable_name(variable, held_by), held_by, id(variable) not in can_train


def _default_training(layer: keras.Layer) -> Any:
    parameter = layer._call_signature.parameters.get("training")
    return parameter.default if parameter else None
