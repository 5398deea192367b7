"""The kinds of repairs, what proves each, and the sentences that tell of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from editor.files.facts import Repair

Kind = Literal[
    "argument-gone",
    "argument-renamed",
    "argument-added",
    "axis-list",
    "class-renamed",
    "cudnn",
    "hard-sigmoid",
    "inbound-nodes",
    "input-layer",
    "keras-1-class",
    "keras-1-weights",
    "merge",
    "module",
    "name",
    "operation",
    "operation-node",
    "operation-place",
    "output-list",
    "repeated-output",
    "sequential-list",
    "theano-kernels",
    "value-form",
    "state",
    "weights-by-name",
]

PROOFS: Mapping[Kind, str] = MappingProxyType(
    {
        "argument-gone": "tf_keras",
        "argument-renamed": "NumPy",
        "argument-added": "NumPy",
        "axis-list": "tf_keras",
        "class-renamed": "tf_keras",
        "cudnn": "NumPy",
        "hard-sigmoid": "tf_keras",
        "inbound-nodes": "tf_keras",
        "input-layer": "tf_keras",
        "keras-1-class": "NumPy",
        "keras-1-weights": "NumPy",
        "merge": "NumPy",
        "module": "tf_keras",
        "name": "tf_keras",
        "operation": "tf_keras",
        "operation-node": "",
        "operation-place": "Keras 3",
        "output-list": "tf_keras",
        "repeated-output": "NumPy",
        "sequential-list": "NumPy",
        "theano-kernels": "NumPy",
        "value-form": "tf_keras",
        "state": "tf_keras",
        "weights-by-name": "tf_keras",
    }
)
"""With what the tests compare the outputs of a model after a repair of a kind; empty: with nothing yet."""

_MOST_NAMES = 3


@dataclass
class RepairNotes:
    """Collects what was repaired where, so that the same at many layers is told once."""

    _places: dict[tuple[Kind, str], list[str]] = field(default_factory=dict)

    def add(self, kind: Kind, what: str, place: str) -> None:
        """Notes one repair.

        Args:
            kind: What proves it depends on this.
            what: A sentence without its end, to which `: 'dense', 'dense_1'` can be added.
            place: Name of the layer.
        """
        places = self._places.setdefault((kind, what), [])
        if place not in places:
            places.append(place)

    @property
    def repairs(self) -> tuple[Repair, ...]:
        """One line for each."""
        return tuple(
            Repair(text=f"{what}: {_listed(places)}.", is_proven=bool(PROOFS[kind]))
            for (kind, what), places in self._places.items()
        )


def _listed(places: list[str]) -> str:
    shown = ", ".join(repr(place) for place in places[:_MOST_NAMES])
    more = len(places) - _MOST_NAMES
    return f"{shown} and {more} more" if more > 0 else shown
