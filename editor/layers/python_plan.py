"""Which flags a program must set, one after the other, so that a model whose flags are unknown has those of a tree.

A program starts with every flag True. Setting a layer's flag overwrites all below it (fact F1), so containers come
before what they contain, and single weights last.

On TensorFlow a layer passes over the flag that it has already (`AutoTrackable.__setattr__`), and then does not hand it
on to what is below it. A MultiHeadAttention that plain Keras reloads with its flag off and its weights trainable (fact
F16) cannot be frozen by `trainable = False`. So a program first puts each layer's flag off by itself: then all can be
put on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby

from editor.layers.accounts import StatisticsMode
from editor.layers.nodes import LayerNode, Node, WeightNode
from editor.layers.tree import LayerTree

_LINES_FOR_NAMES = 2.0
"""Lines that a loop over a list of names takes; each name adds to it."""
_LINES_PER_NAME = 0.15
_UNTRUE_CONTAINER = 0.5
"""What it costs that a container's flag says something else than what is below it (fact F3)."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """`node.trainable = value`."""

    node: Node
    value: bool


class FlagState:
    """The flags that a model has at one moment of a program; all True where the program starts."""

    def __init__(self, tree: LayerTree) -> None:
        self.layers = {layer.layer_id: True for layer in tree.root.layers_below}
        self.weights = {weight.weight_id: True for weight in tree.root.weights_below if not weight.is_statistics}

    def run(self, assignments: Iterable[Assignment]) -> None:
        """Does what Keras does."""
        for assignment in assignments:
            node = assignment.node
            if isinstance(node, LayerNode):
                self._set_layer(node, assignment.value)
            else:
                self.weights[node.record.weight_id] = assignment.value

    def _set_layer(self, layer: LayerNode, value: bool) -> None:
        if self.layers[layer.record.layer_id] is value:
            return
        self.layers[layer.record.layer_id] = value
        self.weights.update((weight.weight_id, value) for weight in layer.record.weights if not weight.is_statistics)
        for child in layer.children:
            self._set_layer(child, value)


@dataclass
class Target:
    """The flags that must hold: of every weight that can train, and of layers with statistics (fact F5).

    Attributes:
        layers: By `layer_id`. The root is not among them: its flag is always True (fact F2).
        weights: By `weight_id`.
    """

    layers: dict[int, bool]
    weights: dict[int, bool]
    _needs: dict[int, frozenset[bool]] = field(default_factory=dict)

    def without(self, layers: Iterable[int], weights: Iterable[int]) -> Target:
        """What is left when some flags are taken care of elsewhere."""
        gone, gone_weights = set(layers), set(weights)
        return Target(
            {key: value for key, value in self.layers.items() if key not in gone},
            {key: value for key, value in self.weights.items() if key not in gone_weights},
        )

    def needs(self, node: Node) -> frozenset[bool]:
        """The values that are wanted in and below a node; empty where it does not matter."""
        if isinstance(node, WeightNode):
            return frozenset(_known(self.weights, [node.record.weight_id]))
        key = node.record.layer_id
        if key not in self._needs:
            weights = _known(self.weights, (weight.weight_id for weight in node.weights_below))
            layers = _known(self.layers, (layer.layer_id for layer in node.layers_below))
            self._needs[key] = frozenset(weights | layers)
        return self._needs[key]

    def is_met(self, state: FlagState) -> bool:
        """Whether every flag has been set as it must be."""
        return all(state.layers.get(key) is value for key, value in self.layers.items()) and all(
            state.weights.get(key) is value for key, value in self.weights.items()
        )


def _known(flags: Mapping[int, bool], keys: Iterable[int]) -> set[bool]:
    return {flags[key] for key in keys if key in flags}


def target_of(tree: LayerTree) -> Target:
    """What must hold for the state of a tree."""
    return Target(
        {
            layer.record.layer_id: mode is StatisticsMode.UPDATE
            for layer in tree.walk_layers()
            if layer is not tree.root and (mode := tree.statistics_mode(layer))
        },
        {weight.weight_id: tree.is_trainable(weight) for weight in tree.root.weights_below if not weight.is_statistics},
    )


def containers_first(tree: LayerTree) -> list[LayerNode]:
    """Every layer but the root once, none before a layer that holds it at any of its places."""
    first = [layer for layer in tree.walk_layers() if layer is not tree.root and tree.is_first_place(layer)]
    return sorted(first, key=lambda layer: max(place.depth for place in tree.places(layer)))


def plan_assignments(
    tree: LayerTree, layers: Iterable[LayerNode], target: Target, state: FlagState
) -> list[Assignment]:
    """Few assignments that lead from a state to the target: what one of them misses, a later one gets.

    Args:
        tree: The tree.
        layers: Its `containers_first`.
        target: What must hold.
        state: The flags so far; brought to the end of the plan.
    """
    lines = _Lines(target)
    plan: list[Assignment] = []
    for layer in layers:
        value = lines.wanted(layer, state)
        if value is not None and value is not state.layers[layer.record.layer_id]:
            plan.append(Assignment(layer, value))
            state.run(plan[-1:])
    for weight in tree.walk_weights():
        wanted = target.weights.get(weight.record.weight_id)
        if wanted is not None and state.weights[weight.record.weight_id] is not wanted:
            plan.append(Assignment(weight, wanted))
            state.run(plan[-1:])
    return plan


class _Lines:
    """Guesses how many lines it takes to bring all in and below a node to the target."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._inside: dict[tuple[int, bool], float] = {}

    def wanted(self, layer: LayerNode, state: FlagState) -> bool | None:
        """The value that the flag of a layer should be given now; None to leave it."""
        needs = self._target.needs(layer)
        pairs = list(self._wanted_and_found(layer, state))
        if all(wanted is found for wanted, found in pairs):
            return None
        if len(needs) == 1:
            return next(iter(needs))
        own = self._target.layers.get(layer.record.layer_id)
        if own is not None:
            return own
        found = {found for _, found in pairs}
        if len(found) == 1:
            value = found.pop()
            if 1 + _UNTRUE_CONTAINER + self.inside(layer, not value) < self.inside(layer, value):
                return not value
        return None

    def _wanted_and_found(self, layer: LayerNode, state: FlagState) -> Iterator[tuple[bool, bool]]:
        for below in layer.layers_below:
            if below.layer_id in self._target.layers:
                yield self._target.layers[below.layer_id], state.layers[below.layer_id]
        for weight in layer.weights_below:
            if weight.weight_id in self._target.weights:
                yield self._target.weights[weight.weight_id], state.weights[weight.weight_id]

    def inside(self, layer: LayerNode, value: bool) -> float:
        """The lines needed below a layer, and for its own weights, if all of them have `value`."""
        key = layer.record.layer_id, value
        if key not in self._inside:
            children = [child for child in layer.children if self._target.needs(child)]
            wholes = [self._target.needs(child) == {not value} for child in children]
            runs = [len(list(run)) for is_whole, run in groupby(wholes) if is_whole]
            whole = min(sum(min(2, run) for run in runs), _LINES_FOR_NAMES + _LINES_PER_NAME * sum(runs))
            mixed = sum(self._mixed(child, value) for child in children if len(self._target.needs(child)) > 1)
            own = sum(self._target.needs(weight) == {not value} for weight in layer.weights)
            self._inside[key] = whole + mixed + own
        return self._inside[key]

    def _mixed(self, layer: LayerNode, value: bool) -> float:
        stay, flip = self.inside(layer, value), 1 + self.inside(layer, not value)
        own = self._target.layers.get(layer.record.layer_id)
        if own is not None:
            return stay if own is value else flip
        return min(stay, flip + _UNTRUE_CONTAINER)
