"""Small layer trees for the tests of journals."""

from __future__ import annotations

from editor.layers.records import LayerRecord, WeightRecord
from editor.layers.tree import LayerTree


def _weight(weight_id: int, name: str, *, is_statistics: bool = False) -> WeightRecord:
    return WeightRecord(weight_id, name, (2, 3), "float32", 24, is_statistics, not is_statistics)


def small_tree() -> LayerTree:
    """A block with a convolution and a BatchNormalization, the convolution also in a second place; then a head."""
    conv = LayerRecord(2, "conv", "Conv2D", weights=(_weight(0, "kernel"), _weight(1, "bias")))
    norm = LayerRecord(
        3,
        "norm",
        "BatchNormalization",
        weights=(_weight(2, "gamma"), _weight(3, "beta"), _weight(4, "moving_mean", is_statistics=True)),
    )
    block = LayerRecord(1, "block", "Functional", children=(conv, norm))
    twin = LayerRecord(4, "twin", "Functional", children=(conv,))
    head = LayerRecord(5, "head", "Dense", weights=(_weight(5, "kernel"),))
    return LayerTree(LayerRecord(0, "", "Sequential", children=(block, twin, head)))
