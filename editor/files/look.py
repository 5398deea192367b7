"""What a look at a model file found on the way to its facts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from editor.files.facts import FileFacts
from editor.files.hdf5_outline import GroupOutline


@dataclass(frozen=True)
class Look:
    """The facts of a file, with what was read and found sound for them, so that nobody reads it a second time.

    Attributes:
        facts: The facts.
        config: The architecture; empty where there is none.
        metadata: What a `.keras` archive says of itself.
        weights: The outline of the weights; None where there are none.
    """

    facts: FileFacts
    config: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    weights: GroupOutline | None = None
