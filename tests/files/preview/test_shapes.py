"""Shapes that follow by rules are those that Keras computes, or are not told."""

from __future__ import annotations

import itertools
from typing import Any

import keras

from editor.files.preview.shape_rules import output_shape
from editor.files.preview.shapes import fill_by_rules, infer_shapes
from editor.files.preview.skeleton import draft_of
from editor.keras_model.walk import own_variables
from tests.files.preview.every_layer import EXAMPLES, NOT_HERE, built

RULED_OUTPUTS, RULED_WEIGHTS = 58, 35
"""Of the examples, at least so many have an output shape and all their weights by rules."""


def test_that_rules_say_what_keras_computes():
    num_outputs = num_weights = 0
    for title, (_, shapes) in EXAMPLES.items():
        layer = built(title)
        if title.split()[0] in NOT_HERE or not _is_plain(shapes):
            continue
        draft = draft_of(keras.saving.serialize_keras_object(layer))
        draft.input_shapes = (shapes,)
        infer_shapes(draft)
        if draft.output_shapes:
            num_outputs += 1
            assert draft.output_shapes == (tuple(layer.output.shape),), title
        fill_by_rules(draft)
        if draft.variables:
            num_weights += 1
            assert [variable.shape for variable in draft.variables] == [
                tuple(each.shape) for each in own_variables(layer)
            ]
            assert [variable.dtype for variable in draft.variables] == [
                str(each.dtype) for each in own_variables(layer)
            ]
    assert num_outputs >= RULED_OUTPUTS
    assert num_weights >= RULED_WEIGHTS


def _is_plain(shapes: Any) -> bool:
    return isinstance(shapes, tuple)


def test_that_a_transposed_convolution_spreads_as_in_keras():
    given = (None, 6, 7, 3)
    for padding, strides, window, added in itertools.product(
        ("same", "valid"), (1, 2, (3, 1)), (2, 3), (None, 0, (1, 0))
    ):
        settings = {"padding": padding, "strides": strides, "output_padding": added if strides == 2 else None}
        layer = keras.layers.Conv2DTranspose(4, window, **settings)
        found = output_shape("Conv2DTranspose", layer.get_config(), (given,))
        assert found == tuple(layer.compute_output_shape(given)), settings
    wide = keras.layers.Conv1DTranspose(4, 3, dilation_rate=2)
    found = output_shape("Conv1DTranspose", wide.get_config(), ((None, 6, 3),))
    assert found == tuple(wide.compute_output_shape((None, 6, 3)))


def test_that_free_sizes_stay_free():
    free = ((None, None, None, 3),)
    conv = {"filters": 4, "kernel_size": [3, 3], "strides": [2, 2], "padding": "same"}
    assert output_shape("Conv2D", conv, free) == (None, None, None, 4)
    assert output_shape("Flatten", {}, free) == (None, None)
    assert output_shape("GlobalAveragePooling2D", {}, free) == (None, 3)


def test_that_wrong_arguments_give_no_shape():
    for settings in ({}, {"units": "many"}, {"kernel_size": None, "filters": 3}, {"target_shape": 3}):
        for class_name in ("Conv2D", "Reshape", "TimeDistributed", "Concatenate", "Bidirectional", "ZeroPadding2D"):
            output_shape(class_name, settings, ((None, 4),))
    assert output_shape("Dense", {}, ((None, 4),)) is None
    assert output_shape("Conv2D", {"filters": 3, "kernel_size": [3, 3]}, ((None, 4),)) is None
