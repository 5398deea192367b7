"""All of a model that must be there again after a round trip, as plain values that cross to another process."""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

import numpy as np

from editor.files.keras_archive import read_freeze_map
from editor.keras_model.flags import apply_tree, rebased
from editor.keras_model.loading import load_model
from editor.keras_model.saving import weight_values
from editor.keras_model.walk import ModelIndex, walk_model
from editor.layers.accounts import StatisticsMode
from editor.layers.nodes import LayerNode
from editor.layers.policies import RuleKind
from editor.layers.tree import LayerTree
from tests.round_trip.families import CUSTOM_OBJECTS, Family, outputs_of

MERGED_TOLERANCE = 1e-6
"""For outputs of a model whose weights Keras merges on saving; all others are equal bit for bit."""


@dataclass(frozen=True)
class SeenLayer:
    """A layer at one place, with the flag of each of its weights, its statistics bit and its rules."""

    path: str
    store: str
    class_name: str
    num_places: int
    weights: tuple[tuple[str, str], ...]
    statistics: str | None
    rules: tuple[str, ...]


@dataclass(frozen=True)
class Seen:
    """All that must be the same again.

    Attributes:
        layers: Every layer at every place.
        weights: The hash of each weight's type and bytes.
        outputs: What the model gives.
    """

    layers: list[SeenLayer]
    weights: list[str]
    outputs: list[np.ndarray]


def seen_model(index: ModelIndex, tree: LayerTree) -> Seen:
    """A live model with the flags of a tree."""
    weights = [f"{value.dtype} {sha256(value.tobytes()).hexdigest()}" for value in weight_values(index)]
    return Seen(seen_layers(tree), weights, outputs_of(index.model))


def seen_layers(tree: LayerTree) -> list[SeenLayer]:
    """Every layer at every place."""
    return [_seen_layer(tree, layer) for layer in tree.walk_layers()]


def _seen_layer(tree: LayerTree, layer: LayerNode) -> SeenLayer:
    mode = tree.statistics_mode(layer)
    return SeenLayer(
        path=layer.path,
        store=layer.record.store,
        class_name=layer.record.class_name,
        num_places=len(tree.places(layer)),
        weights=tuple((weight.record.name, tree.state(weight).value) for weight in layer.weights),
        statistics=mode.value if mode else None,
        rules=tuple(rule.value for rule in RuleKind if tree.has_rule(layer, rule)),
    )


def seen_in_file(path: Path) -> Seen:
    """A file, opened as the program does: the map of the file onto the model of the file, and that onto Keras."""
    index = walk_model(load_model(path, CUSTOM_OBJECTS))
    tree = LayerTree(index.root)
    freeze_map = read_freeze_map(path)
    assert freeze_map
    change, report = tree.plan_map(rebased(tree, freeze_map))
    assert not report.lines
    assert not report.uncovered
    tree.apply(change)
    apply_tree(index, tree)
    _check_live_flags(index, tree)
    return seen_model(index, tree)


def _check_live_flags(index: ModelIndex, tree: LayerTree) -> None:
    """What Keras is going to train, and which statistics it is going to move, by its own objects."""
    trains = {id(variable) for variable in index.model.trainable_variables}
    for node in tree.walk_weights():
        is_in = id(index.variables[node.record.weight_id]) in trains
        assert is_in == tree.is_trainable(node.record), node.path
    for layer in tree.walk_layers():
        mode = tree.statistics_mode(layer)
        if mode and layer is not tree.root:
            assert index.layers[layer.record.layer_id].trainable == (mode is StatisticsMode.UPDATE), layer.path


def compare(seen: Seen, expected: Seen, family: Family) -> None:
    """Flags one by one, weights and outputs bit for bit; see `Family` for what is different where.

    Raises:
        AssertionError: Something is not what it was.
    """
    assert _identified(seen.layers, family) == _identified(expected.layers, family)
    assert len(seen.outputs) == len(expected.outputs)
    if family.merges:
        for output, before in zip(seen.outputs, expected.outputs, strict=True):
            np.testing.assert_allclose(output, before, rtol=MERGED_TOLERANCE, atol=MERGED_TOLERANCE)
        return
    assert seen.weights == expected.weights
    for output, before in zip(seen.outputs, expected.outputs, strict=True):
        np.testing.assert_array_equal(output, before)


def _identified(layers: list[SeenLayer], family: Family) -> list[SeenLayer]:
    """Layers by both their names; by the store key alone where automatic names change at every loading."""
    return [replace(layer, path="") for layer in layers] if family.renames else layers
