"""The kinds of repairs, what proves each, and the sentences that tell of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from editor.files.facts import Repair
from editor.wording import some_of

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
    "lora-alpha",
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
    "word",
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
        "lora-alpha": "Keras 3",
        "merge": "NumPy",
        "module": "tf_keras",
        "name": "tf_keras",
        "operation": "tf_keras",
        "operation-node": "tf_keras",
        "operation-place": "Keras 3",
        "output-list": "tf_keras",
        "repeated-output": "NumPy",
        "sequential-list": "NumPy",
        "theano-kernels": "NumPy",
        "value-form": "tf_keras",
        "state": "tf_keras",
        "weights-by-name": "tf_keras",
        "word": "Keras 3",
    }
)
"""With what the tests compare the outputs of a model after a repair of a kind; empty: with nothing yet."""

_MOST_LINES = 5
_TOGETHER: Mapping[Kind, str] = MappingProxyType(
    {
        "argument-gone": "Arguments that Keras 3 no longer takes, at values without an effect, are left out",
        "class-renamed": "Classes are called by their names of today",
        "input-layer": "Inputs are made with their shapes, of which Keras 3 would take the batch for a size",
        "operation": "TensorFlow's operations become operations of Keras that do the same",
        "operation-node": "TensorFlow's operations become operations of Keras that do the same",
        "value-form": "Values are written as Keras 3 reads them",
    }
)
"""What is said of a kind in one line, where it would take more than a few."""


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
        """One line for each, or one for all of a kind where they are many."""
        counts = Counter(kind for kind, _what in self._places)
        lines: dict[tuple[Kind, str], list[str]] = {}
        for (kind, what), places in self._places.items():
            is_one_of_many = counts[kind] > _MOST_LINES and kind in _TOGETHER
            lines.setdefault((kind, _TOGETHER[kind] if is_one_of_many else what), []).extend(places)
        return tuple(
            Repair(
                text=f"{what}: {some_of([repr(place) for place in dict.fromkeys(places)])}.",
                is_proven=bool(PROOFS[kind]),
            )
            for (kind, what), places in lines.items()
        )
