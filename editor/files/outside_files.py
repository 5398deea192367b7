"""Finds layers that would read a file of this machine, whose name stands in a model's configuration."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from editor.errors import ModelError
from editor.files.facts import CodeNeed

_ARGUMENTS = ("vocabulary", "idf_weights")
"""Arguments of StringLookup, IntegerLookup and TextVectorization that take values, or the name of a file with them."""


_GRAPH_LAYER = "TFSMLayer"


def graph_obstacle(needs: Iterable[CodeNeed]) -> str:
    """Why a model is never loaded that has a layer of Keras which runs a graph from elsewhere; empty without one."""
    for need in needs:
        if need.kind == "class" and need.name == _GRAPH_LAYER and need.module.partition(".")[0] in ("", "keras"):
            return (
                f"The layer {need.paths[0]!r} runs a graph from another folder, which this file only names and which"
                f" may do anything ({_GRAPH_LAYER}), so it can be looked at but not loaded; open the model that the"
                " graph was made from."
            )
    return ""


def check_stays_inside(config: dict[str, Any], name: str) -> None:
    """Refuses a configuration with which Keras would read another file than the model's own.

    Args:
        config: Plain JSON values.
        name: Of the model's file.

    Raises:
        ModelError: A layer names a file.
    """
    waiting: list[Any] = [config]
    while waiting:
        value = waiting.pop()
        waiting += value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        for argument in _ARGUMENTS if isinstance(value, dict) else ():
            if isinstance(value.get(argument), str):
                raise ModelError(
                    f"A layer of {name!r} takes its {argument} from another file, {value[argument][:200]!r}.",
                    hint="It was not read. Save the model with the words themselves, as a .keras file does.",
                )
