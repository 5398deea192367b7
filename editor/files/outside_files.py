"""Finds layers that would read a file of this machine, whose name stands in a model's configuration."""

from __future__ import annotations

from typing import Any

from editor.errors import ModelError

_ARGUMENTS = ("vocabulary", "idf_weights")
"""Arguments of StringLookup, IntegerLookup and TextVectorization that take values, or the name of a file with them."""


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
