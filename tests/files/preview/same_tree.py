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
    assert (found.class_name, found.store, found.is_flag_set) == (live.class_name, live.store, live.is_flag_set), path
    assert unknown or found.layer_id == live.layer_id, path
    if found.is_name_known:
        assert (found.name, found.access) == (live.name, live.access), path
    assert [_weight(each) for each in found.weights] == [_weight(each) for each in live.weights], path
    if any(not child.class_name for child in found.children):
        unknown.extend(f"{path}/{child.name}".lstrip("/") for child in found.children)
        return
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
