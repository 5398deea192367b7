"""The `Merge` layer of Keras 1, whose work a class for each way of merging does today."""

from __future__ import annotations

from typing import Any

from editor.errors import ModelError

Config = dict[str, Any]

_CLASSES = {"sum": "Add", "mul": "Multiply", "concat": "Concatenate", "ave": "Average", "max": "Maximum"}


def is_merge(entry: Config) -> bool:
    """Whether a serialized layer is a `Merge`."""
    return entry.get("class_name") == "Merge" and isinstance(entry.get("config"), dict)


def merge_layer(entry: Config, name: str) -> Config:
    """The layer of today that does the same.

    Raises:
        ModelError: It merges by a function, or in a Sequential with branches of its own.
    """
    settings = entry["config"]
    mode = settings.get("mode")
    if settings.get("mode_type", "raw") != "raw" or mode not in (*_CLASSES, "dot", "cos") or settings.get("layers"):
        raise ModelError(
            f"The layer {name!r} merges its inputs in a way that is Python code or has branches of its own.",
            hint="Open it with the Keras that wrote it, and replace this by a layer of Keras.",
        )
    config: Config = {"name": settings.get("name", name)}
    if mode == "concat":
        config["axis"] = settings.get("concat_axis", -1)
    if mode in ("dot", "cos"):
        axes = settings.get("dot_axes", -1)
        config.update(axes=axes[0] if isinstance(axes, list) and axes and isinstance(axes[0], list) else axes)
        config["normalize"] = mode == "cos"
    return {**entry, "class_name": _CLASSES.get(mode, "Dot"), "config": config}
