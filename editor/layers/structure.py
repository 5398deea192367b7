"""Edits of a model's structure as plain data: a new head, new layers on top, fresh weights, another name."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Literal

import msgspec

from editor.layers.records import Shape

Pooling = Literal["average", "max", "flatten", "none"]
HeadActivation = Literal["softmax", "sigmoid", "linear"]

POOLINGS: tuple[Pooling, ...] = ("average", "max", "flatten", "none")
ACTIVATIONS: tuple[HeadActivation, ...] = ("softmax", "sigmoid", "linear")
MOST_UNITS = 1_000_000

_NAME = re.compile(r"[A-Za-z0-9.][A-Za-z0-9_.-]*")
"""What Keras takes for a layer and TensorFlow for a scope; a name with a blank cannot be trained in a graph."""


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """The layers of a head, from below: pooling, hidden layer, dropout, output.

    Attributes:
        units: Outputs of the last layer, 1 upwards: the number of classes, or of targets.
        activation: Of the last layer.
        pooling: How the places of an image or the steps of a series become one vector; `none` where there are none.
        hidden_units: Of a Dense layer with ReLU below the last one; 0 for none.
        dropout: Share of values that are dropped before the last layer, from 0 to below 1; 0 for no such layer.
    """

    units: int
    activation: HeadActivation = "softmax"
    pooling: Pooling = "average"
    hidden_units: int = 0
    dropout: float = 0.0

    def problems(self, shape: Shape | None = None) -> dict[str, str]:
        """What is wrong, by field, in words that tell what to do.

        Args:
            shape: Of the tensor that the head takes, the batch first; None while it is not known.
        """
        checks = {
            "units": (1 <= self.units <= MOST_UNITS, f"Use from 1 to {MOST_UNITS:,} units."),
            "hidden_units": (0 <= self.hidden_units <= MOST_UNITS, f"Use from 1 to {MOST_UNITS:,} units, or 0."),
            "dropout": (0 <= self.dropout < 1, "Use a share from 0 to below 1, such as 0.2."),
            "activation": (
                self.units != 1 or self.activation != "softmax",
                "softmax of one unit is always 1. Use sigmoid, or 2 units.",
            ),
        }
        found = {field: text for field, (is_right, text) in checks.items() if not is_right}
        if shape is not None and (text := pooling_problem(self.pooling, shape)):
            found["pooling"] = text
        return found


def pooling_problem(pooling: Pooling, shape: Shape) -> str:
    """Why a tensor of a shape, the batch first, cannot be pooled so; empty if it can."""
    rank = len(shape)
    if rank < 2:
        return "A head needs a tensor with at least one axis beside the batch."
    if pooling in ("average", "max") and not 3 <= rank <= 5:
        return f"There is nothing to pool in a tensor of {rank - 1} {'axis' if rank == 2 else 'axes'}. Use none."
    if pooling == "flatten" and None in shape[1:]:
        return "A tensor with a free size cannot be flattened. Use average or max."
    if shape[-1] is None and pooling != "flatten":
        return "The last axis has a free size, which a Dense layer cannot take."
    return ""


def fitting_poolings(shape: Shape) -> tuple[Pooling, ...]:
    """What can be done with a tensor of a shape, the best guess first; flattening a vector changes nothing."""
    order: tuple[Pooling, ...] = ("none",) if len(shape) <= 2 else POOLINGS
    return tuple(pooling for pooling in order if not pooling_problem(pooling, shape))


def head_parameters(head: Head, shape: Shape) -> int | None:
    """Parameters of a head on a tensor of a shape, the batch first; None where a size is free."""
    sizes = shape[1:] if head.pooling == "flatten" else shape[-1:]
    num_inputs = 1
    for size in sizes:
        if size is None:
            return None
        num_inputs *= size
    widths = [num_inputs, *([head.hidden_units] if head.hidden_units else []), head.units]
    return sum((inputs + 1) * outputs for inputs, outputs in pairwise(widths))


class ReplaceHead(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Take off all that comes behind a layer, and put a head there.

    Attributes:
        path: The last layer that stays.
        seed: Of the new weights; None draws one.
    """

    path: str
    head: Head
    seed: int | None = None


class AddLayers(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Put layers behind the model's output; nothing is taken off."""

    head: Head
    seed: int | None = None


class Reinitialise(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Give the weights of layers, and of all in them, values as a new model would have them.

    Attributes:
        paths: Of the layers.
        seed: Of the values; None draws one.
    """

    paths: tuple[str, ...]
    seed: int | None = None


class RenameLayer(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Give a layer of a Functional or Sequential model another name."""

    path: str
    name: str


StructureEdit = ReplaceHead | AddLayers | Reinitialise | RenameLayer


def name_problem(name: str) -> str:
    """Why a layer cannot be called so; empty if it can."""
    if not name:
        return "A layer needs a name."
    if "/" in name:
        return "A name has no /, which parts the names of a path."
    if not _NAME.fullmatch(name):
        return "Use letters, digits, _, - and . only: TensorFlow cannot train a layer of another name in a graph."
    return ""
