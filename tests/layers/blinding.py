"""What a preview may show of a model: inside some layers neither names nor classes, children in another order."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from editor.layers.records import LayerRecord, WeightRecord


class Blinding:
    """Makes a record as a file that tells less would.

    Attributes:
        layers: The `layer_id` in the live model by that in the preview.
        weights: Likewise for `weight_id`.
    """

    def __init__(self, is_blind: Callable[[LayerRecord], bool]) -> None:
        self._is_blind = is_blind
        self.layers: dict[int, int] = {}
        self.weights: dict[int, int] = {}
        self._layer_ids: dict[int, int] = {}
        self._weight_ids: dict[int, int] = {}

    def of(self, record: LayerRecord, *, is_inside: bool = False) -> LayerRecord:
        """The record as the preview has it; what lies inside a blind one has no names."""
        is_blind = is_inside or self._is_blind(record)
        layer_id = self._layer_ids.setdefault(record.layer_id, len(self._layer_ids))
        self.layers[layer_id] = record.layer_id
        children = sorted(record.children, key=lambda child: child.store) if is_blind else record.children
        weights = tuple(self._weight(weight, number, is_blind) for number, weight in enumerate(record.weights))
        changes = {"name": record.store, "class_name": "", "is_name_known": False} if is_inside else {}
        return replace(
            record,
            layer_id=layer_id,
            weights=weights,
            children=tuple(self.of(child, is_inside=is_blind) for child in children),
            **changes,
        )

    def _weight(self, weight: WeightRecord, number: int, is_blind: bool) -> WeightRecord:
        weight_id = self._weight_ids.setdefault(weight.weight_id, len(self._weight_ids))
        self.weights[weight_id] = weight.weight_id
        changes = {"name": str(number), "is_name_known": False} if is_blind else {}
        return replace(weight, weight_id=weight_id, **changes)


def blinded(record: LayerRecord, *paths: str) -> LayerRecord:
    """A model of which nothing is known inside the children of the root with these names."""
    return Blinding(lambda layer: layer.name in paths).of(record)
