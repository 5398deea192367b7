"""Common states of a whole model, each as the set of what trains: head only, last block, last N layers and the like."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from editor.errors import SelectionError
from editor.layers.accounts import State
from editor.layers.flag_change import FlagChange
from editor.layers.flow import from_here, in_flow_order, last_weighted, weighted_layers
from editor.layers.nodes import LayerNode, Node
from editor.layers.tree import LayerTree

_BLOCK = re.compile(r"^(.*(?:block|stage|layer|stack)_?\d+[a-z]?)(?=_|$|/)", re.IGNORECASE)
"""`block5` of `block5_conv1`, `conv5_block3` of `conv5_block3_1_conv`, `block_16` of `block_16_expand_BN`."""


@dataclass(frozen=True, slots=True)
class Preset:
    """A state of the whole model.

    Attributes:
        key: Its name in code.
        title: Its name in a menu, and of its step.
        tip: What it does, in a sentence.
        trains: The nodes that train under it, with all below them; the rest is frozen.
    """

    key: str
    title: str
    tip: str
    trains: Callable[[LayerTree], Iterable[Node]]


def plan_preset(tree: LayerTree, trains: Iterable[Node]) -> FlagChange:
    """The edit that makes exactly these nodes train, with all below them, and freezes the rest."""
    wanted = tuple(trains)
    frozen = tree.plan([tree.root], trainable=False)
    tree.apply(frozen)
    try:
        thawed = tree.plan(wanted, trainable=True)
    finally:
        tree.apply(frozen.reverted)
    return frozen.then(thawed)


def head(tree: LayerTree) -> tuple[LayerNode, ...]:
    """The layers behind the last submodel that has any, else those behind which no weights stand.

    Raises:
        SelectionError: The model has no weights that could train.
    """
    layers = [layer for layer in in_flow_order(tree.root.children) if _could_train(tree, layer)]
    submodels = [at for at, layer in enumerate(layers) if layer.record.is_graph]
    behind = layers[submodels[-1] + 1 :] if submodels else []
    found = tuple(behind) or last_weighted(tree, layers)
    if not found:
        raise SelectionError("This model has no layer with weights that could train.", hint="Open another model.")
    return found


def last_block(tree: LayerTree) -> tuple[LayerNode, ...]:
    """The last block of the backbone with all behind it, the head too.

    A block is what has a number in its name (`block5_conv1`, `conv5_block3_1_conv`, `transformer_layer_11`).

    Raises:
        SelectionError: No names tell of blocks.
    """
    for container in _backbones(tree):
        layers = [layer for layer in in_flow_order(container.children) if _could_train(tree, layer)]
        names = [name for layer in layers if (name := block_of(layer))]
        if not names:
            continue
        in_block = [layer for layer in layers if block_of(layer) == names[-1]]
        found = dict.fromkeys(in_block)
        for layer in in_block:
            found.update(dict.fromkeys(from_here(tree, layer)))
        return tuple(layer for layer in tree.walk_layers() if layer in found)
    raise SelectionError(
        "The names of the layers do not tell where the last block begins.",
        hint="Choose the last N layers, or select a layer and thaw everything from there on.",
    )


def last_layers(tree: LayerTree, num_layers: int) -> tuple[LayerNode, ...]:
    """The last layers that own weights which could train, in the order of the flow."""
    return weighted_layers(tree)[-num_layers:] if num_layers > 0 else ()


def normalizations(tree: LayerTree) -> tuple[LayerNode, ...]:
    """All layers of a class named …Normalization with weights that could train.

    Raises:
        SelectionError: There is none.
    """
    found = tuple(layer for layer in weighted_layers(tree) if layer.record.class_name.endswith("Normalization"))
    if not found:
        raise SelectionError("This model has no normalization layer that could train.", hint="Choose another preset.")
    return found


def block_of(layer: LayerNode) -> str:
    """The name of the block that a layer belongs to; empty where its name tells of none."""
    match = _BLOCK.match(layer.name)
    return match[1] if match else ""


def _backbones(tree: LayerTree) -> list[LayerNode]:
    """The submodels of the root, the last first, each before what holds it; then the root itself."""
    submodels = [layer for layer in in_flow_order(tree.root.children) if layer.record.is_graph and layer.children]
    return [*reversed(submodels), tree.root]


def _could_train(tree: LayerTree, layer: LayerNode) -> bool:
    return tree.state(layer) in (State.TRAINABLE, State.FROZEN, State.MIXED)


PRESETS = (
    Preset("head", "Train the Head Only", "Freeze all but the layers behind the last submodel.", head),
    Preset("last-block", "Train from the Last Block On", "Freeze all before the last block.", last_block),
    Preset(
        "normalizations",
        "Train Normalization Layers Only",
        "Freeze all but gamma and beta of the normalization layers.",
        normalizations,
    ),
    Preset("all", "Freeze Everything", "Nothing trains.", lambda _tree: ()),
    Preset("none", "Thaw Everything", "All that could train does.", lambda tree: (tree.root,)),
)
"""The presets without a number; *last N layers* is `last_layers`."""
