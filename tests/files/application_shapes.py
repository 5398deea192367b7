"""The shapes of applications from the generated data alone, without Keras."""

from __future__ import annotations

from editor.files.application_guess import _entries

ENTRIES = _entries()


def entry_of(name: str, alpha: float = 1.0):
    """What the data say of one application."""
    return next(entry for entry in ENTRIES if (entry.name, entry.alpha) == (name, alpha))


def filled(entry, *, top: bool, classes: int = 10) -> list[tuple[int, ...]]:
    """The shapes of an application from the data alone."""
    numbers = {"c": 3, "n": classes, "f": 512 * 49}
    counts = list(entry.base.items()) + (list(entry.top.items()) if top else [])
    shapes = [(tuple(numbers.get(part) or int(part) for part in text.split("x")), number) for text, number in counts]
    return [shape for shape, number in shapes for _ in range(number)]
