"""What will not learn, or will learn too fast."""

from __future__ import annotations

from collections.abc import Iterator

from editor.layers.accounts import State
from editor.layers.findings.blocks import Group, grouped
from editor.layers.findings.finding import Cure, Finding, KnownFacts
from editor.layers.flow import weighted_layers
from editor.layers.nodes import LayerNode, Node, WeightNode
from editor.layers.tree import LayerTree
from editor.wording import counted

_LARGE_GROWTH = 4
"""A thaw is large if this many times as many parameters train as in the last run …"""
_LARGE_SHARE = 0.05
"""… and at least this share of all that could train is newly thawed."""
_SMALL_LEARNING_RATE = 1e-5
_GENTLER = 10
"""What was trained already is commonly tuned at a tenth of the first learning rate, or less (keras.io, guide to
transfer learning)."""


def nothing_trainable(tree: LayerTree, facts: KnownFacts) -> Iterator[Finding]:
    """A model that is frozen as a whole."""
    if tree.state(tree.root) is not State.FROZEN:
        return
    cure = _thaw_last(tree, facts.unreached or frozenset())
    text = "Every weight of the model is frozen, so there is nothing to train. Thaw a layer, as a rule the last one."
    yield Finding("warning", "nothing-trainable", "", "Nothing is trainable", text, cure=cure)


def _thaw_last(tree: LayerTree, unreached: frozenset[int]) -> Cure | None:
    last = _last_layer(tree, unreached)
    return Cure.of(f"Thaw {last.path}", tree.plan([last], trainable=True)) if last else None


def _last_layer(tree: LayerTree, unreached: frozenset[int]) -> LayerNode | None:
    """The last layer in the order of data that owns weights which get a gradient."""
    return next((layer for layer in reversed(weighted_layers(tree)) if _can_learn(layer, unreached)), None)


def _can_learn(layer: LayerNode, unreached: frozenset[int]) -> bool:
    own = layer.record.weights
    return any(not weight.is_statistics and weight.weight_id not in unreached for weight in own)


def without_gradient(tree: LayerTree, facts: KnownFacts) -> Iterator[Finding]:
    """Thawed weights that the loss does not depend on."""
    if not facts.unreached:
        return
    thawed = [node for node in tree.walk_weights() if not node.record.is_statistics and tree.is_trainable(node.record)]
    idle = [node for node in thawed if node.record.weight_id in facts.unreached]
    if idle and len(idle) == len(thawed):
        yield _nothing_learns(tree, idle, facts.unreached)
        return
    for group in grouped(_whole_layers(tree, idle)):
        yield Finding(
            "warning",
            "no-gradient",
            group.path,
            f"Trainable, but gets no gradient: {group.name}",
            f"No output of the model depends on {group.all_of_them(_noun(group))} in a way that can be learned "
            "from. Training will move nothing there, whatever the flags. Frozen, the count of what trains is true.",
            group.paths,
            Cure.of("Freeze What Gets No Gradient", tree.plan(group.nodes, trainable=False)),
        )


def _noun(group: Group) -> str:
    kinds = {type(node) for node in group.nodes}
    return "part" if len(kinds) > 1 else "layer" if LayerNode in kinds else "weight"


def _nothing_learns(tree: LayerTree, idle: list[WeightNode], unreached: frozenset[int]) -> Finding:
    text = (
        f"{counted(len(idle), 'weight is', 'weights are')} trainable, but no output of the model depends on them in a "
        "way that can be learned from: a run would change nothing. Thaw layers that lead to the output."
    )
    paths = tuple(node.path for node in _whole_layers(tree, idle))
    title = "Nothing that is trainable gets a gradient"
    return Finding("warning", "nothing-learns", "", title, text, paths, _thaw_last(tree, unreached))


def _whole_layers(tree: LayerTree, weights: list[WeightNode]) -> list[Node]:
    """The layers that own the weights, or the weights where others of the layer do get a gradient."""
    by_layer: dict[LayerNode, list[WeightNode]] = {}
    for weight in weights:
        if weight.parent:
            by_layer.setdefault(weight.parent, []).append(weight)
    found: list[Node] = []
    for layer, own in by_layer.items():
        is_whole = len(own) == sum(not weight.record.is_statistics for weight in layer.weights) and not layer.children
        found += [layer] if is_whole else own
    return found


def learning_rate_after_thaw(tree: LayerTree, facts: KnownFacts) -> Iterator[Finding]:
    """Much more trains than in the last run, as fast as then."""
    last, rate = facts.last_run, facts.learning_rate
    if not last or rate is None or rate < last.learning_rate or rate <= _SMALL_LEARNING_RATE:
        return
    account = tree.account(tree.root)
    trainable = account.trainable.parameters
    newly = trainable - last.num_trainable
    is_large = trainable >= _LARGE_GROWTH * last.num_trainable
    if not is_large or newly < _LARGE_SHARE * (trainable + account.frozen.parameters):
        return
    gentler = float(f"{last.learning_rate / _GENTLER:.1g}")
    yield Finding(
        "warning",
        "learning-rate-after-thaw",
        "",
        "The learning rate is still that of fewer layers",
        f"The last run trained {last.num_trainable:,} parameters at a learning rate of {last.learning_rate:g}, the "
        f"next would train {trainable:,} at {rate:g}. What was thawed has learned already, and large steps destroy it.",
        cure=Cure(f"Use a Learning Rate of {gentler:g}", learning_rate=gentler),
    )
