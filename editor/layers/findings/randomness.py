"""Layers that go on drawing random numbers in a frozen block (fact F6)."""

from __future__ import annotations

from collections.abc import Iterator

from editor.layers.findings.blocks import frozen_block, grouped
from editor.layers.findings.finding import Finding, KnownFacts
from editor.layers.nodes import LayerNode
from editor.layers.tree import LayerTree

_RATES = ("rate", "drop_path_rate", "drop_rate", "stddev")
_RANDOM_BY_RATE = frozenset({"GaussianNoise", "StochasticDepth", "DropPath"})
"""Beside all classes that have `Dropout` in their names."""
_OWN_RATES = ("dropout", "recurrent_dropout")
_RANDOM_BY_DROPOUT = frozenset(
    {
        *("MultiHeadAttention", "GroupedQueryAttention", "Attention", "AdditiveAttention"),
        *("LSTM", "GRU", "SimpleRNN", "LSTMCell", "GRUCell", "SimpleRNNCell"),
        *("ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D", "ConvLSTMCell"),
    }
)
"""Classes that drop by themselves; the layers inside are not counted again."""


def is_random(layer: LayerNode) -> bool:
    """Whether a layer draws random numbers while training, as a dropout does."""
    name = layer.record.class_name
    if name in _RANDOM_BY_DROPOUT:
        return _draws(layer, _OWN_RATES)
    return ("Dropout" in name or name in _RANDOM_BY_RATE) and _draws(layer, _RATES)


def _draws(layer: LayerNode, names: tuple[str, ...]) -> bool:
    rates = [layer.record.config.get(name) for name in names]
    return any(isinstance(rate, int | float) and rate > 0 for rate in rates)


def active_randomness(tree: LayerTree, _facts: KnownFacts) -> Iterator[Finding]:
    """Dropouts and noise that act although all around them is frozen."""
    for group in grouped(layer for layer in randoms_below(tree, tree.root) if frozen_block(tree, layer)):
        yield Finding(
            "note",
            "random-in-frozen-block",
            group.path,
            f"Dropout or noise still acts in {group.name}",
            "Freezing does not switch off what is drawn at random. In training, "
            f"{group.all_of_them('layer')} will go on with it, so the frozen block gives other outputs at each step.",
            group.paths,
        )


def randoms_below(tree: LayerTree, node: LayerNode) -> Iterator[LayerNode]:
    """The layers below a node, or itself, that draw random numbers; the outermost ones, each at its first place."""
    if is_random(node):
        if tree.is_first_place(node):
            yield node
        return
    for child in node.children:
        yield from randoms_below(tree, child)
