"""Frozen layers that still hold the random values of a new layer: what stands behind them is given noise."""

from __future__ import annotations

from collections.abc import Iterator

import keras
import numpy as np

from editor.keras_model.values import Array
from editor.keras_model.walk import ModelIndex
from editor.layers.accounts import State
from editor.layers.findings.blocks import grouped
from editor.layers.findings.finding import Cure, Finding
from editor.layers.flow import weighted_layers
from editor.layers.nodes import LayerNode
from editor.layers.records import WeightRecord
from editor.layers.tree import LayerTree
from editor.training.preflight.learned import has_learned

_MANY = 1000
"""So many values tell by themselves that they were drawn and never moved: one at the bound would have passed it …"""
_SOME = 64
"""… and so many do if a neighbour says the same."""


def frozen_at_random(index: ModelIndex, tree: LayerTree) -> Iterator[Finding]:
    """Layers with a kernel that is as it was drawn, frozen in a model of which something trains."""
    if tree.state(tree.root) is State.FROZEN:
        return
    for group in grouped(layer for layer in _as_drawn(index, tree) if _is_frozen(tree, layer)):
        nodes = [node for node in group.nodes if isinstance(node, LayerNode)]
        hold, they, them = ("holds", "it", "It") if group.is_one else ("hold", "they", "Them")
        text = (
            f"{group.all_of_them('layer')} {hold} the random values that a new layer begins with, and frozen {they} "
            "will never learn: what comes behind learns from noise. Thaw, or take weights that were trained."
        )
        title = f"Frozen with random values: {group.name}"
        cure = Cure.of(f"Thaw {them}", tree.plan(nodes, trainable=True))
        yield Finding("warning", "frozen-at-random", group.path, title, text, group.paths, cure)


def _is_frozen(tree: LayerTree, layer: LayerNode) -> bool:
    return not any(tree.is_trainable(weight) for weight in layer.record.weights)


def _as_drawn(index: ModelIndex, tree: LayerTree) -> Iterator[LayerNode]:
    """Layers of which nothing says that they were trained, and whose kernels are as their initializers draw them."""
    layers = weighted_layers(tree)
    signs = [has_learned(index, layer) for layer in layers]
    for at, (layer, sign) in enumerate(zip(layers, signs, strict=True)):
        before = next((each for each in reversed(signs[:at]) if each is not None), None)
        behind = next((each for each in signs[at + 1 :] if each is not None), None)
        num_needed = 1 if sign is False else _MANY if before or behind else _SOME
        if not sign and _is_drawn(index, layer, num_needed):
            yield layer


def _is_drawn(index: ModelIndex, layer: LayerNode, num_needed: int) -> bool:
    own = index.layers[layer.record.layer_id]
    drawn = [(weight, _initializer(own, weight)) for weight in layer.record.weights]
    known = [(weight, drawer) for weight, drawer in drawn if drawer is not None]
    if sum(weight.num_parameters for weight, _ in known) < num_needed:
        return False
    return all(_is_alike(index, weight, drawer) for weight, drawer in known)


def _initializer(layer: keras.Layer, weight: WeightRecord) -> keras.Initializer | None:
    """The initializer of a kernel, if it draws each value by itself."""
    kinds = (
        keras.initializers.VarianceScaling,
        keras.initializers.RandomUniform,
        keras.initializers.RandomNormal,
        keras.initializers.TruncatedNormal,
    )
    # A DepthwiseConv2D calls its kernel `kernel`, a SeparableConv2D `depthwise_kernel`.
    for name in (weight.name, weight.name.removesuffix("_kernel"), "depthwise"):
        found = getattr(layer, f"{name}_initializer", None)
        if isinstance(found, kinds):
            return found
    return None


def _is_alike(index: ModelIndex, weight: WeightRecord, drawer: keras.Initializer) -> bool:
    """Whether values spread as others from the same initializer do: training widens both, or narrows the first.

    The standard deviation of n values is uncertain by 0.71 / sqrt(n) of itself, and the largest of n values that have
    a bound lies below the bound by a few n-ths of it.
    """
    value = _numbers(index.variables[weight.weight_id])
    another = type(drawer).from_config({**drawer.get_config(), "seed": 1})
    drawn = _numbers(another(weight.shape, "float32"))
    size = max(value.size, 1)
    is_bounded = not isinstance(drawer, keras.initializers.RandomNormal)
    largest = float(np.abs(drawn).max(initial=0)) * (1 + 10 / size if is_bounded else 1.3)
    spread, expected = float(value.std()), float(drawn.std())
    return float(np.abs(value).max(initial=0)) <= largest and abs(spread - expected) <= expected * (
        0.02 + 4 / size**0.5
    )


def _numbers(values: object) -> Array:
    return np.asarray(keras.ops.convert_to_numpy(values), dtype="float32")
