"""Configurations of models in mixed precision, as they would be in single precision: to compare what they compute."""

from __future__ import annotations

from typing import Any

_MIXED = ("mixed_float16", "mixed_bfloat16")


def in_single_precision(value: Any) -> Any:
    """A copy of plain JSON values in which layers of mixed precision compute with float32, as their weights are."""
    if isinstance(value, list):
        return [in_single_precision(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {key: "float32" if _is_mixed(key, item) else in_single_precision(item) for key, item in value.items()}


def _is_mixed(key: str, value: Any) -> bool:
    """Whether this is the data type of a layer, by its name or as an object."""
    if key != "dtype":
        return False
    settings = value.get("config") if isinstance(value, dict) else None
    return (settings.get("name") if isinstance(settings, dict) else value) in _MIXED
