"""Statistics that move where they were meant to stand still (facts F5, F6)."""

from __future__ import annotations

from collections.abc import Iterator

from editor.layers.accounts import StatisticsMode
from editor.layers.findings.blocks import Group, frozen_block, grouped, inference_call
from editor.layers.findings.finding import Cure, Finding, KnownFacts
from editor.layers.findings.randomness import randoms_below
from editor.layers.nodes import LayerNode
from editor.layers.policies import PINS, StatisticsPolicy
from editor.layers.tree import LayerTree
from editor.wording import counted

_ADAPTED = frozenset({"Normalization"})
"""Classes whose statistics are set by `adapt` and never by training."""
_REWRITING = frozenset({"SpectralNormalization"})
"""Classes that assign to the kernel they wrap at each step of training, whatever its flag."""
_REWRITTEN = frozenset({"kernel", "embeddings"})


def moving_statistics(tree: LayerTree, _facts: KnownFacts) -> Iterator[Finding]:
    """Statistics that training will move although their layer, or all around it, is frozen."""
    for group in grouped(layer for layer in _with_statistics(tree) if _moves_alone(tree, layer)):
        layers = _layers(group)
        keepers = f"{group.all_of_them('layer')} {'keeps' if group.is_one else 'keep'}"
        yield Finding(
            "warning",
            "statistics-move",
            group.path,
            f"Statistics {'of' if group.is_one else 'in'} {group.name} will move",
            f"Training will move the statistics that {keepers} of the data, although the weights there are frozen. "
            "So the outputs change while no weight does. Leave it so if the statistics are to follow the new data.",
            group.paths,
            _goes_with_layer(tree, layers),
        )


def _with_statistics(tree: LayerTree) -> Iterator[LayerNode]:
    return (layer for layer in tree.walk_layers() if _has_moving_statistics(tree, layer) and tree.is_first_place(layer))


def _has_moving_statistics(tree: LayerTree, layer: LayerNode) -> bool:
    return tree.statistics_mode(layer) is not None and layer.record.class_name not in _ADAPTED | _REWRITING


def _updates(tree: LayerTree, layer: LayerNode) -> bool:
    return tree.statistics_mode(layer) is StatisticsMode.UPDATE


def _moves_alone(tree: LayerTree, layer: LayerNode) -> bool:
    if not _updates(tree, layer):
        return False
    own = [weight for weight in layer.record.weights if not weight.is_statistics]
    if own:
        return not any(tree.is_trainable(weight) for weight in own)
    return frozen_block(tree, layer) is not None


def overridden_calls(tree: LayerTree, _facts: KnownFacts) -> Iterator[Finding]:
    """Calls with `training=False` in a graph, which Keras 3 overrides in training (fact F6).

    Source: `operation_fn` of `keras.src.models.functional`, keras-team/keras#20285.
    """
    statistics = {layer: call for layer in _with_statistics(tree) if (call := inference_call(layer))}
    randoms = {layer: call for layer in randoms_below(tree, tree.root) if (call := inference_call(layer))}
    for group in grouped(dict.fromkeys([*statistics.values(), *randoms.values()])):
        kept = [layer for layer, call in statistics.items() if call in group.nodes]
        moved = [layer for layer in kept if _updates(tree, layer) and not _moves_alone(tree, layer)]
        num_randoms = sum(call in group.nodes for call in randoms.values())
        yield Finding(
            "warning" if moved else "note",
            "training-overridden",
            group.path,
            f"Keras passes over training=False at {group.name}",
            _overridden_text(group, len(kept), len(moved), num_randoms),
            group.paths,
            _always_still(tree, moved) if moved else None,
        )


def _overridden_text(group: Group, num_kept: int, num_moved: int, num_randoms: int) -> str:
    called = group.all_of_them("layer")
    parts = [f"The graph of the model calls {called} with training=False, but fit overrides that in Keras 3."]
    if num_moved:
        parts.append(f"The statistics of {counted(num_moved, 'layer')} will move unless they are set to stand still.")
    elif num_kept:
        parts.append(f"Whether the statistics of {counted(num_kept, 'layer')} move is decided by their own flags.")
    if num_randoms:
        parts.append(f"{counted(num_randoms, 'dropout')} there will act.")
    return " ".join(parts)


def rewritten_weights(tree: LayerTree, _facts: KnownFacts) -> Iterator[Finding]:
    """Frozen weights that a wrapper overwrites in training."""
    for group in grouped(layer for layer in tree.walk_layers() if _is_rewritten(tree, layer)):
        yield Finding(
            "warning",
            "frozen-but-rewritten",
            group.path,
            f"Frozen, but rewritten in training: {group.name}",
            "At each step of training SpectralNormalization writes normalized values into the kernel that it wraps. "
            f"It does so also when that is frozen, as in {group.all_of_them('layer')}. No flag keeps it from that.",
            group.paths,
        )


def _is_rewritten(tree: LayerTree, layer: LayerNode) -> bool:
    if layer.record.class_name not in _REWRITING or not tree.is_first_place(layer):
        return False
    return any(
        weight.name in _REWRITTEN and not weight.is_statistics and not tree.is_trainable(weight)
        for weight in layer.weights_below
    )


def _layers(group: Group) -> list[LayerNode]:
    return [node for node in group.nodes if isinstance(node, LayerNode)]


def _goes_with_layer(tree: LayerTree, layers: list[LayerNode]) -> Cure:
    """Lets statistics stand still as their frozen layers do, and move again when these are thawed."""
    rules = {(layer.record.layer_id, pin): False for layer in layers for pin in PINS.values()}
    modes = dict.fromkeys((layer.record.layer_id for layer in layers), StatisticsMode.STILL)
    return Cure.of(_still_text(layers), tree.change_to({}, modes, rules))


def _always_still(tree: LayerTree, layers: list[LayerNode]) -> Cure:
    """Lets statistics stand still also while gamma and beta train."""
    return Cure.of(_still_text(layers), tree.plan_policy(layers, StatisticsPolicy.STILL))


def _still_text(layers: list[LayerNode]) -> str:
    whose = "Its Statistics" if len(layers) == 1 else f"the Statistics of {len(layers):,} Layers"
    return f"Let {whose} Stand Still"
