"""The names that Keras of all versions gave to weights and layers in HDF5 files."""

from __future__ import annotations

import re
from dataclasses import dataclass

from editor.files.stored_weights import StoredLayer, StoredWeight

_NUMBER = re.compile(r"(\d+)")
_OUTPUT = re.compile(r":\d+$")
_COUNTER = re.compile(r"_\d+$")
_VARIABLE_OF_KERAS_1 = re.compile(
    r"^(?P<layer>.*?)_(?P<variable>W|b|U|gamma|beta|running_(?:mean|std)|[WUb]_[a-z]|kernel|bias|embeddings"
    r"|recurrent_kernel|depthwise_kernel|pointwise_kernel|moving_(?:mean|variance))(?:_\d+)?$"
)


@dataclass(frozen=True)
class WeightName:
    """A weight's name in its parts.

    Attributes:
        scope: The layers in which it stands, from the outside, below the group of its top-level layer; empty where the
            file names none but that.
        variable: Such as `kernel`; `W` in files of Keras 1.
    """

    scope: tuple[str, ...]
    variable: str


def split_name(layer: StoredLayer, weight: StoredWeight) -> WeightName:
    """Takes a name such as `dense_1/kernel:0` or `block1_conv1_W_1:0` apart."""
    name = _OUTPUT.sub("", weight.name)
    *scope, variable = name.split("/")
    if not scope:
        match = _VARIABLE_OF_KERAS_1.match(name)
        if match:
            scope, variable = [match["layer"]], match["variable"]
    own = next((at for at, each in enumerate(scope) if is_same_layer(each, layer.name)), -1)
    return WeightName(tuple(scope[own + 1 :]), variable)


def is_same_layer(scope: str, layer_name: str) -> bool:
    """Whether a scope is the layer's own: TensorFlow counts up the names that were taken, `dense1` to `dense1_4`."""
    return scope == layer_name or _COUNTER.sub("", scope) == layer_name


def natural_order(name: str) -> tuple[tuple[int, int | str], ...]:
    """Sorts `dense_10` behind `dense_2`, and a group before what is in it."""
    parts = (part for word in name.split("/") for part in (*_NUMBER.split(word), "/"))
    return tuple((0, int(part)) if part.isdecimal() else (1, part) for part in parts if part)
