"""The calls of a graph's layers, as Keras 1, 2 and 3 write them, in today's form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

CONSTANT = "_CONSTANT_VALUE"


@dataclass(frozen=True)
class Reference:
    """An output of a call of a layer, in old form and numbering."""

    layer: str
    node: int
    tensor: int


Call = tuple[list[Any], dict[str, Any]]
"""The arguments of one call, by position and by name; tensors are `Reference`."""


def is_of_today(node: Any) -> bool:
    """Whether a call is in the form of Keras 3."""
    return isinstance(node, dict) and "args" in node and "kwargs" in node


def parsed(node: Any, names: frozenset[str]) -> Call:
    """A call in the form of Keras 1 or 2.

    Args:
        node: An entry of `inbound_nodes`.
        names: Of all layers of the graph.

    Raises:
        ValueError: It is of no form that is known.
    """
    kwargs: dict[str, Any] = {}
    first = _inputs(node, names, kwargs)
    if isinstance(first, list) and len(first) == 1:
        first = first[0]
    settings = {key: _value(value, names) for key, value in kwargs.items()}
    return [first], settings


def _inputs(node: Any, names: frozenset[str], kwargs: dict[str, Any]) -> Any:
    """The first argument; the others stand beside each of its tensors, alike."""
    match node:
        case [str(name), int(), value, *rest] if name == CONSTANT:
            _take(rest, kwargs)
            return value
        case [str(name), int(index), int(tensor), *rest] if name in names:
            _take(rest, kwargs)
            return Reference(name, index, tensor)
        case list():
            return [_inputs(part, names, kwargs) for part in node]
        case dict():
            return {key: _inputs(part, names, kwargs) for key, part in node.items()}
    raise ValueError(f"no call of a layer: {node!r}")


def _take(rest: list[Any], kwargs: dict[str, Any]) -> None:
    if rest and isinstance(rest[0], dict):
        kwargs.update(rest[0])


def _value(value: Any, names: frozenset[str]) -> Any:
    """An argument by name: tensors stand in it as lists of a name and two numbers."""
    match value:
        case [str(name), int(node), int(tensor)] if name in names:
            return Reference(name, node, tensor)
        case [str(name), _, constant] if name == CONSTANT:
            return constant
        case list():
            return [_value(part, names) for part in value]
        case dict():
            return {key: _value(part, names) for key, part in value.items()}
    return value


def written(call: Call, place_of: Callable[[Reference], tuple[str, int, int]]) -> dict[str, Any]:
    """A call in today's form."""
    args, kwargs = call
    return {
        "args": [_written(value, place_of) for value in args],
        "kwargs": {key: _written(value, place_of) for key, value in kwargs.items()},
    }


def _written(value: Any, place_of: Callable[[Reference], tuple[str, int, int]]) -> Any:
    match value:
        case Reference():
            # Keras looks at the history only; the shape stands for none.
            history = list(place_of(value))
            config = {"shape": [None], "dtype": "float32", "keras_history": history}
            return {"class_name": "__keras_tensor__", "config": config}
        case list() | tuple():
            return [_written(part, place_of) for part in value]
        case dict():
            return {key: _written(part, place_of) for key, part in value.items()}
    return value


def renamed(value: Any, names: Mapping[str, str]) -> Any:
    """A call of today's form, or the inputs or outputs of a graph, with other names of layers."""
    match value:
        case {"keras_history": [str(name), *rest], **others} if name in names:
            return {**others, "keras_history": [names[name], *rest]}
        case [str(name), int(node), int(tensor)] if name in names:
            return [names[name], node, tensor]
        case list():
            return [renamed(part, names) for part in value]
        case dict():
            return {key: renamed(part, names) for key, part in value.items()}
    return value


def single(value: Any) -> Any:
    """The one output in a list of one; anything else as it is."""
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], list):
        return value[0]
    return value


def references(call: Call) -> list[Reference]:
    """All tensors among the arguments of a call."""
    found: list[Reference] = []
    waiting: list[Any] = [*call[0], *call[1].values()]
    while waiting:
        value = waiting.pop(0)
        if isinstance(value, Reference):
            found.append(value)
        elif isinstance(value, list | tuple):
            waiting[:0] = value
        elif isinstance(value, dict):
            waiting[:0] = value.values()
    return found
