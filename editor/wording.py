"""How numbers and lists of names stand in sentences."""

from __future__ import annotations

from collections.abc import Sequence

NUM_NAMED = 3
"""Names that a sentence can hold."""


def counted(number: int, singular: str, plural: str = "") -> str:
    """A number with its word: `1 weight`, `2,048 weights`."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def some_of(names: Sequence[str], most: int = NUM_NAMED) -> str:
    """The first names, and how many more there are: `a, b, c and 4 more`."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more:,} more" if more > 0 else "")
