"""Several labels in one cell, such as `red;round`, for an output that tells each of them by itself."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from editor.training.data.parts import Array
from editor.training.data.targets import Target

SEPARATORS = (";", "|", ",")
"""The first of them that is in any cell separates its labels."""


def split_labels(cells: Sequence[str]) -> tuple[tuple[str, ...], Array]:
    """The labels in cells.

    Args:
        cells: The different cells of a column.

    Returns:
        The labels in the order of the alphabet, and which of them each cell has: float32 of zeros and ones,
        `(num_cells, num_labels)`.
    """
    separator = next((sign for sign in SEPARATORS if any(sign in cell for cell in cells)), None)
    of_cells = [{part.strip() for part in cell.split(separator)} - {""} if separator else {cell} for cell in cells]
    names = tuple(sorted(set().union(*of_cells)))
    return names, np.array([[name in labels for name in names] for labels in of_cells], np.float32)


def are_several(target: Target, cells: Sequence[str]) -> bool:
    """Whether cells hold several labels: a person said so, or as many of them as the model tells one by one."""
    if target.wanted != "auto":
        return target.wanted == "multi-label"
    num_labels = len(split_labels(cells)[0])
    return target.activation == "sigmoid" and num_labels == target.num_units and 1 < num_labels < len(cells)
