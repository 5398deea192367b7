"""A layer's configuration as plain JSON values, for people to look at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_LEFT_OUT = frozenset({"layers", "input_layers", "output_layers", "build_input_shape", "trainable"})
"""The graph, and a flag that is not the state (fact F3) and changes."""
_MAX_TEXT = 400


def plain_config(config: Mapping[Any, Any]) -> dict[str, Any]:
    """The settings of a layer as plain JSON values, without the layers inside it."""
    return {
        str(key): plain_value(value)
        for key, value in config.items()
        if key not in _LEFT_OUT and not _is_layer_config(value)
    }


def _is_layer_config(value: Any) -> bool:
    return isinstance(value, dict) and "build_config" in value


def plain_value(value: Any) -> Any:
    """Any value as JSON can hold it; a serialized Keras object becomes its class name and settings."""
    match value:
        case None | bool() | int() | float():
            return value
        case str():
            return value if len(value) <= _MAX_TEXT else value[:_MAX_TEXT] + "…"
        case {"class_name": name, "config": settings, **_other}:
            return {str(name): plain_value(settings)} if settings else name
        case dict():
            return {str(key): plain_value(item) for key, item in value.items()}
        case list() | tuple():
            return [plain_value(item) for item in value[:100]]
        case _:
            return plain_value(repr(value))
