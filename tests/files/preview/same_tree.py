"""Holds a preview against the tree of the live model."""

from __future__ import annotations

from editor.layers.records import LayerRecord, WeightRecord
from editor.layers.tree import LayerTree


def check_same(preview: LayerRecord, live: LayerRecord) -> list[str]:
    """All that a file tells must be as in the live model, and counts everywhere.

    Returns:
        Paths, in the preview, of the layers of which the file does not tell the class.
    """
    assert _counts(preview) == _counts(live)
    unknown: list[str] = []
    _check_layer(preview, live, "", unknown)
    return unknown


def _counts(root: LayerRecord) -> dict[str, int]:
    tree = LayerTree(root)
    account = tree.account(tree.root)
    weights = tree.root.weights_below
    return {
        "trainable": account.trainable.parameters,
        "frozen": account.frozen.parameters,
        "statistics": account.statistics.parameters,
        "bytes": sum(weight.num_bytes for weight in weights),
        "weights": len(weights),
    }


def _check_layer(found: LayerRecord, live: LayerRecord, path: str, unknown: list[str]) -> None:
    assert found.is_name_known
    assert (found.name, found.class_name, found.store) == (live.name, live.class_name, live.store), path
    assert (found.layer_id, found.is_flag_set, found.is_graph) == (live.layer_id, live.is_flag_set, live.is_graph), path
    assert found.access == live.access, path
    assert [_weight(each) for each in found.weights] == [_weight(each) for each in live.weights], path
    if any(not child.is_name_known for child in found.children):
        assert _shapes_below(found) == _shapes_below(live), path
        unknown.extend(f"{path}/{child.name}".lstrip("/") for child in found.children)
        return
    assert [child.name for child in found.children] == [child.name for child in live.children], path
    for child, other in zip(found.children, live.children, strict=True):
        _check_layer(child, other, f"{path}/{child.name}".lstrip("/"), unknown)


def _weight(weight: WeightRecord) -> tuple[object, ...]:
    return (
        weight.name,
        weight.shape,
        weight.dtype,
        weight.num_bytes,
        weight.is_statistics,
        weight.is_trainable,
    )


def _shapes_below(layer: LayerRecord) -> list[tuple[int, ...]]:
    own = [weight.shape for weight in layer.weights]
    return sorted(own + [shape for child in layer.children for shape in _shapes_below(child)])
