"""What a whole HDF5 file has, without the values: groups, and the shapes and types of the datasets in them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

TEXT_NAMES = (b"name", b"dtype")
"""The attributes that are kept: Keras's name of a layer, and the type that NumPy has no name for."""
MAX_TEXT = 1_000


@dataclass(slots=True)
class DatasetOutline:
    """A dataset.

    Attributes:
        shape: Its shape; None if it holds nothing at all.
        dtype: Its NumPy type; None if NumPy has none for it.
        texts: Its attributes, as far as they are kept.
    """

    shape: tuple[int, ...] | None
    dtype: Any
    texts: dict[bytes, str]


@dataclass(slots=True)
class GroupOutline:
    """A group.

    Attributes:
        texts: Its attributes, as far as they are kept.
        groups: The groups in it, in the order of the file.
        datasets: The datasets in it.
    """

    texts: dict[bytes, str] = field(default_factory=dict)
    groups: dict[bytes, GroupOutline] = field(default_factory=dict)
    datasets: dict[bytes, DatasetOutline] = field(default_factory=dict)

    def group(self, path: str) -> GroupOutline | None:
        """The group at a path below this one; None where there is none."""
        found: GroupOutline | None = self
        for part in path.encode().split(b"/"):
            found = found.groups.get(part) if found and part else found
        return found
