"""Finds the functions in the configuration of a Lambda layer, as each Keras writes them. Nothing is decoded."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from editor.files.keras_knows import FUNCTION_CLASSES, has_function

PARTS = ("function", "output_shape", "mask")
"""The arguments of a Lambda that take a function."""


class LambdaPart(NamedTuple):
    """A function of a Lambda layer.

    Attributes:
        role: One of `PARTS`.
        code: Base64 of marshalled code, or the function's name.
        is_named: Whether `code` is a name.
        module: Where a function by name is from; empty where the file does not tell.
        defaults: Default values of the arguments, as in the file.
        closure: Values of the enclosing function, as in the file.
    """

    role: str
    code: str
    is_named: bool = False
    module: str = ""
    defaults: Any = None
    closure: Any = None


def lambda_parts(config: Mapping[str, Any]) -> list[LambdaPart]:
    """The functions of a Lambda layer that Keras does not have itself.

    Keras 1 and 2 write a lambda as `[code, defaults, closure]` and a function as its name, with `function_type` beside;
    Keras 3 writes a `__lambda__` or a `function` object.
    """
    parts = (_part(role, config) for role in PARTS if config.get(role) is not None)
    return [part for part in parts if part]


def is_lambda(config: Mapping[str, Any], parts: list[LambdaPart]) -> bool:
    """Whether a Lambda layer has code in its configuration, or what cannot be told from code."""
    types = (config.get("function_type" if role == "function" else f"{role}_type") for role in PARTS)
    return any(not part.is_named for part in parts) or "lambda" in types


def replacement_name(path: str) -> str:
    """The name of the function, or Layer class, in a person's file that stands in for a Lambda: `Lambda_lambda_1`.

    The part after `Lambda_` is the layer's name, with `_` for each character that no Python name has.
    """
    return "Lambda_" + re.sub(r"\W", "_", path.rpartition("/")[2])


def part_of(role: str, entry: Mapping[str, Any]) -> LambdaPart:
    """A serialized `__lambda__`."""
    config = entry["config"]
    values = config if isinstance(config, dict) else {}
    if isinstance(values.get("value"), list):
        return _listed(role, values["value"])
    return LambdaPart(role, str(values.get("code", "")), defaults=values.get("defaults"), closure=values.get("closure"))


def _part(role: str, config: Mapping[str, Any]) -> LambdaPart | None:
    match config[role]:
        case {"class_name": str(class_name), "config": str(name), **rest} if class_name in FUNCTION_CLASSES:
            if has_function(config[role]):
                return None
            return LambdaPart(role, name, is_named=True, module=str(rest.get("module") or ""))
        case {"class_name": "__lambda__", "config": _}:
            return part_of(role, config[role])
        case [str(), *_] as values:
            return _listed(role, values)
        case str(name):
            module = config.get("module" if role == "function" else f"{role}_module")
            return LambdaPart(role, name, is_named=True, module=str(module or ""))
    # What is in no known form may still be code to some Keras: a tuple written as an object, for one.
    return None if role != "function" and _is_shape(config[role]) else LambdaPart(role, "")


def _is_shape(value: Any) -> bool:
    """Whether an `output_shape` is one, or several; whether a `mask` is a plain value."""
    match value:
        case {"class_name": "__tuple__" | "TensorShape", "items": list(items)} if len(value) == 2:
            return _is_shape(items)
        case list():
            return all(map(_is_shape, value))
    return value is None or isinstance(value, int)


def _listed(role: str, values: list[Any]) -> LambdaPart:
    code, defaults, closure, *_ = *values, None, None, None
    return LambdaPart(role, str(code), defaults=defaults, closure=closure)
