"""Rules that set many flags at once: for all layers of a class, for all weights of a name."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from editor.layers.nodes import LayerNode, WeightNode
from editor.layers.python_access import PLAIN_GRAPHS, graph_layers, quoted
from editor.layers.python_plan import Assignment, Target
from editor.layers.python_statements import Items, Line, Statement
from editor.layers.tree import LayerTree

_FEWEST = 3
"""A rule for fewer says nothing shorter."""

_KERAS_CLASSES = frozenset(
    {
        "BatchNormalization",
        "Bidirectional",
        "Conv1D",
        "Conv1DTranspose",
        "Conv2D",
        "Conv2DTranspose",
        "Conv3D",
        "Conv3DTranspose",
        "ConvLSTM2D",
        "Dense",
        "DepthwiseConv1D",
        "DepthwiseConv2D",
        "EinsumDense",
        "Embedding",
        "GroupNormalization",
        "GRU",
        "LayerNormalization",
        "LSTM",
        "MultiHeadAttention",
        "Normalization",
        "PReLU",
        "RMSNormalization",
        "SeparableConv1D",
        "SeparableConv2D",
        "SimpleRNN",
        "TimeDistributed",
    }
)
"""Classes of `keras.layers` of which no other of these is a subclass."""


@dataclass(frozen=True, eq=False)
class Rule:
    """One statement that takes care of some flags, so that nothing else has to.

    Attributes:
        statement: To be run after all that sets flags of layers.
        layers: The `layer_id`s whose flag it sets to what the target wants.
        weights: The `weight_id`s of which it does.
    """

    statement: Statement
    layers: frozenset[int]
    weights: frozenset[int]


def rules_for(tree: LayerTree, target: Target) -> Iterator[Rule]:
    """All rules that would leave the flags they set as the target wants them."""
    yield from _weight_rules(tree, target)
    everywhere = [layer for layer in tree.walk_layers() if layer is not tree.root and tree.is_first_place(layer)]
    whole = (tree.root, "._flatten_layers()")
    yield from _class_rules(everywhere, whole, target)
    for graph in (tree.root, *everywhere):
        layers = graph_layers(graph)
        if len(layers) >= _FEWEST:
            yield from _class_rules(layers, (graph, ".layers"), target)


# -- classes --------------------------------------------------------------------------------------------------


def _class_rules(layers: Iterable[LayerNode], scope: Line, target: Target) -> Iterator[Rule]:
    of_class: dict[str, list[LayerNode]] = defaultdict(list)
    for layer in layers:
        if target.needs(layer):
            of_class[layer.record.class_name].append(layer)
    for class_name, members in of_class.items():
        if len(members) < _FEWEST:
            continue
        bodies = _bodies(members, target)
        if not bodies:
            continue
        is_known = class_name in _KERAS_CLASSES and of_class.keys() <= _KERAS_CLASSES | PLAIN_GRAPHS
        test = f"isinstance(layer, keras.layers.{class_name})"
        header: tuple[Line, ...] = (
            ("for layer in ", *scope, ":"),
            (f"if {test if is_known else f'type(layer).__name__ == {quoted(class_name)}'}:",),
        )
        yield Rule(
            Statement(header, tuple(text for text, _ in bodies), tuple(effects for _, effects in bodies)),
            frozenset(below.layer_id for layer in members for below in layer.layers_below),
            frozenset(weight.weight_id for layer in members for weight in layer.weights_below),
        )


_Body = tuple[Line, tuple[tuple[Assignment, ...], ...]]


def _bodies(members: list[LayerNode], target: Target) -> list[_Body]:
    """The lines that set each of some layers right; none if the layers differ, or are not alike inside."""
    needs = {value for layer in members for value in target.needs(layer)}
    if len(needs) == 1:
        return [_layer_body(members, needs.pop())]
    profiles = {_profile(layer, target) for layer in members}
    if len(profiles) != 1 or any(layer.children for layer in members):
        return []
    flag, weights = profiles.pop()
    bodies = [] if flag is None else [_layer_body(members, flag)]
    for value in (False, True):
        changed = [at for at, (attribute, wanted) in enumerate(weights) if wanted is value and attribute]
        if changed and value is not flag:
            bodies.append(_weight_body(members, changed, value))
    return bodies if all(attribute for attribute, wanted in weights if wanted is not None) else []


def _profile(layer: LayerNode, target: Target) -> tuple[bool | None, tuple[tuple[str, bool | None], ...]]:
    return (
        target.layers.get(layer.record.layer_id),
        tuple((weight.record.attribute, target.weights.get(weight.record.weight_id)) for weight in layer.weights),
    )


def _layer_body(members: list[LayerNode], value: bool) -> _Body:
    return (f"layer.trainable = {value}",), tuple((Assignment(layer, value),) for layer in members)


def _weight_body(members: list[LayerNode], changed: list[int], value: bool) -> _Body:
    targets = " = ".join(f"layer.{members[0].weights[at].record.attribute}.trainable" for at in changed)
    effects = tuple(tuple(Assignment(layer.weights[at], value) for at in changed) for layer in members)
    return (f"{targets} = {value}",), effects


# -- names of weights -----------------------------------------------------------------------------------------


def _weight_rules(tree: LayerTree, target: Target) -> Iterator[Rule]:
    of_name: dict[str, list[WeightNode]] = defaultdict(list)
    for weight in tree.walk_weights():
        of_name[_variable_name(weight)].append(weight)
    wanted = {
        name: {target.weights.get(weight.record.weight_id, False) for weight in weights}
        for name, weights in of_name.items()
    }
    loop: Line = ("for weight in ", tree.root, ".weights:")
    for name, values in wanted.items():
        can_train = [weight for weight in of_name[name] if not weight.record.is_statistics]
        if len(values) == 1 and len(can_train) >= _FEWEST:
            value = next(iter(values))
            test: Line = (f"if weight.name == {quoted(name)}:",)
            body: Line = (f"weight.trainable = {value}",)
            effects = (tuple((Assignment(weight, value),) for weight in of_name[name]),)
            yield _weight_rule(Statement((loop, test), (body,), effects))
    trained = sorted(name for name, values in wanted.items() if values == {True})
    if trained and len(of_name) > 1 and all(len(values) == 1 for values in wanted.values()):
        effects = (
            tuple((Assignment(weight, name in trained),) for name, weights in of_name.items() for weight in weights),
        )
        yield _weight_rule(Statement((loop,), (_by_names(trained),), effects))


def _by_names(names: list[str]) -> Line:
    texts = tuple((quoted(name),) for name in names)
    return ("weight.trainable = weight.name ", *(("in ", Items(texts)) if len(names) > 1 else ("== ", texts[0][0])))


def _weight_rule(statement: Statement) -> Rule:
    changed = frozenset(
        assignment.node.record.weight_id
        for assignment in statement.assignments
        if isinstance(assignment.node, WeightNode)
    )
    return Rule(statement, frozenset(), changed)


def _variable_name(weight: WeightNode) -> str:
    """Keras's own name: without the `#1` by which names that repeat in one layer are told apart."""
    base, mark, number = weight.record.name.rpartition("#")
    others = {other.record.name for other in weight.parent.weights} if weight.parent else set()
    is_numbered = mark and re.fullmatch(r"[1-9]\d*", number) and {f"{base}#1", f"{base}#2"} <= others
    return base if is_numbered else weight.record.name
