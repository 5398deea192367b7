"""The layers of a new head."""

from __future__ import annotations

import itertools
from collections.abc import Collection

import keras
from keras import layers

from editor.errors import ModelError
from editor.layers.records import Shape
from editor.layers.structure import Head

_POOLINGS = {
    "average": {3: layers.GlobalAveragePooling1D, 4: layers.GlobalAveragePooling2D, 5: layers.GlobalAveragePooling3D},
    "max": {3: layers.GlobalMaxPooling1D, 4: layers.GlobalMaxPooling2D, 5: layers.GlobalMaxPooling3D},
}


def make_head(head: Head, shape: Shape, taken: Collection[str]) -> list[keras.Layer]:
    """The layers of a head for a tensor.

    Args:
        head: What is asked for.
        shape: Of the tensor, the batch first.
        taken: Names that no layer may have.

    Raises:
        ModelError: The head does not fit the tensor.
    """
    if problems := head.problems(shape):
        raise ModelError(f"The new head does not fit: {next(iter(problems.values()))}")
    made: list[keras.Layer] = []
    if head.pooling == "flatten":
        made.append(layers.Flatten(name=_free("head_flatten", taken)))
    elif head.pooling != "none":
        made.append(_POOLINGS[head.pooling][len(shape)](name=_free("head_pool", taken)))
    if head.hidden_units:
        made.append(layers.Dense(head.hidden_units, activation="relu", name=_free("head_hidden", taken)))
    if head.dropout:
        made.append(layers.Dropout(head.dropout, name=_free("head_dropout", taken)))
    made.append(layers.Dense(head.units, activation=head.activation, dtype="float32", name=_free("head_output", taken)))
    return made


def _free(name: str, taken: Collection[str]) -> str:
    numbered = (f"{name}_{number}" for number in itertools.count(2))
    return next(each for each in itertools.chain([name], numbered) if each not in taken)
