"""Follows `tf.shape` through a graph: sizes that are known only while a model runs, which Keras 3 has no operation for.

What is done with them is mostly to reshape, and there all but one number are known; or they enter a computation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from types import MappingProxyType
from typing import Any

from editor.files.repair.nodes import Reference

ARITHMETIC: Mapping[str, str] = MappingProxyType(
    {
        "math.add": "numpy.Add", "__operators__.add": "numpy.Add", "add": "numpy.Add",
        "math.subtract": "numpy.Subtract", "subtract": "numpy.Subtract", "math.multiply": "numpy.Multiply",
        "multiply": "numpy.Multiply", "floor_div": "numpy.FloorDivide", "math.floordiv": "numpy.FloorDivide",
    }
)  # fmt: skip
_EXACT: Mapping[str, Callable[[int, int], int]] = MappingProxyType(
    {
        "numpy.Add": lambda a, b: a + b,
        "numpy.Subtract": lambda a, b: a - b,
        "numpy.Multiply": lambda a, b: a * b,
        "numpy.FloorDivide": lambda a, b: a // b,
    }
)


@dataclass(frozen=True)
class Size:
    """One number: the size of a tensor along an axis, or what is computed of such.

    Attributes:
        of: The tensor; None for what is computed.
        axis: May count from the end.
        place: Keras's operation on the two parts, for what is computed.
    """

    of: Reference | None
    axis: int = 0
    place: str = ""
    parts: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Shape:
    """All sizes of a tensor, of which the file does not say how many there are."""

    of: Reference


def shape_of(tensor: Reference, static: Any) -> Any:
    """What `tf.shape` gives: as many numbers as the file tells, or a `Shape`.

    Args:
        tensor: What it is the shape of.
        static: Its shape where the file says it, None where a size is free.
    """
    if not isinstance(static, list):
        return Shape(tensor)
    return [Size(tensor, at) if size is None else size for at, size in enumerate(static)]


def computed(function: str, args: list[Any], kwargs: Mapping[str, Any]) -> Any:
    """What becomes of sizes by an operation; None where that takes an operation while the model runs.

    Args:
        function: TensorFlow's name, without `compat.v1`.
        args: Of the call: numbers, sizes and lists of them.
        kwargs: Likewise.
    """
    first, found = args[0], None
    match function:
        case "__operators__.getitem":
            found = _item(first, kwargs.get("slice_spec"))
        case "concat" if isinstance(first, list) and all(isinstance(part, list) for part in first):
            found = [size for part in first for size in part]
        case "stack" | "convert_to_tensor" | "identity" if not isinstance(first, Shape):
            found = first
        case "cast" if str(kwargs.get("dtype", "")).startswith("int"):
            found = first
        case "math.reduce_prod" if isinstance(first, list) and all(isinstance(size, int) for size in first):
            found = prod(first)
        case _ if function in ARITHMETIC:
            found = _arithmetic(ARITHMETIC[function], first, kwargs.get("y", args[1] if len(args) > 1 else None))
    return found


def _arithmetic(place: str, first: Any, other: Any) -> Any:
    if isinstance(first, int) and isinstance(other, int):
        return _EXACT[place](first, other)
    if isinstance(first, int | Size) and isinstance(other, int | Size):
        return Size(None, place=place, parts=(first, other))
    return None


def _item(shape: Any, key: Any) -> Any:
    match shape, key:
        case Shape(of=tensor), int(at):
            return Size(tensor, at)
        case Shape(of=tensor), {"start": None | int() as start, "stop": int(stop), "step": None | 1}:
            return [Size(tensor, at) for at in range(start or 0, stop)] if (start or 0) >= 0 <= stop else None
        case list(), int(at) if -len(shape) <= at < len(shape):
            return shape[at]
        case list(), {"start": None | int() as start, "stop": None | int() as stop, "step": None | int() as step}:
            return shape[start:stop:step]
        case list(), [only]:
            return _item(shape, only)
    return None
