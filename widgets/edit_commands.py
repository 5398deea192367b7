"""The commands that freeze and thaw: each turns what is selected into an edit, and makes nothing by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from editor.errors import SelectionError
from editor.layers.edits import (
    Edit,
    apply_preset,
    freeze,
    freeze_class,
    freeze_from_here,
    freeze_named,
    freeze_up_to,
    invert,
    look,
    set_policy,
    set_stays_frozen,
)
from editor.layers.nodes import LayerNode, Node, WeightNode
from editor.layers.policies import StatisticsPolicy
from editor.layers.presets import PRESETS, Preset
from editor.layers.tree import LayerTree
from widgets.inspector.subject import Subject, subject_of
from widgets.layer_tree.wish import with_weights


@dataclass(frozen=True, slots=True)
class Target:
    """What a command concerns.

    Attributes:
        tree: The model's tree.
        nodes: What is selected, from the top down.
        here: The row that the keyboard stands on, if it is selected; None for the whole model.
    """

    tree: LayerTree
    nodes: tuple[Node, ...] = ()
    here: Node | None = None

    @property
    def scope(self) -> tuple[Node, ...]:
        """What is selected; the whole model if that is nothing."""
        return self.nodes or (self.tree.root,)

    @property
    def layer(self) -> LayerNode | None:
        """The layer that the keyboard stands on or in; None for the model itself."""
        layer = self.here.parent if isinstance(self.here, WeightNode) else self.here
        return layer if isinstance(layer, LayerNode) and layer.parent else None

    @property
    def subject(self) -> Subject:
        """What the inspector says of the selection."""
        return subject_of(self.tree, self.nodes)


def target_of(tree: LayerTree, nodes: tuple[Node, ...], current: Node | None) -> Target:
    """The target of a selection; the row that the keyboard stands on counts if it is selected."""
    here = current if current in nodes else next(iter(nodes), None)
    return Target(tree, nodes, here)


Planner = Callable[[Target], Edit]
"""Makes a command's edit.

Raises:
    SelectionError: It means nothing here.
"""


def _of_selection(*, trainable: bool) -> Planner:
    return lambda target: freeze(target.tree, _selected(target), trainable=trainable)


def _up_to(*, trainable: bool) -> Planner:
    return lambda target: freeze_up_to(target.tree, _layer(target), trainable=trainable)


def _from_here(*, trainable: bool) -> Planner:
    return lambda target: freeze_from_here(target.tree, _layer(target), trainable=trainable)


def _class(*, trainable: bool) -> Planner:
    return lambda target: freeze_class(target.tree, _layer(target).record.class_name, trainable=trainable)


def _biases(*, trainable: bool, others: bool) -> Planner:
    return lambda target: freeze_named(target.tree, target.scope, "bias", others=others, trainable=trainable)


def _policy(policy: StatisticsPolicy) -> Planner:
    return lambda target: set_policy(target.tree, target.subject.statistics_owners, policy)


def _preset(preset: Preset) -> Planner:
    return lambda target: apply_preset(target.tree, preset)


def _toggle_stays_frozen(target: Target) -> Edit:
    subject = target.subject
    return set_stays_frozen(target.tree, subject.rule_layers, holds=not subject.stays_frozen)


def _selected(target: Target) -> tuple[Node, ...]:
    if not target.nodes:
        raise SelectionError("Nothing is selected.", hint="Select layers or weights first.")
    return with_weights(target.nodes) or target.nodes


def _layer(target: Target) -> LayerNode:
    if target.layer is None:
        raise SelectionError("No layer is selected.", hint="Select one inside the model first.")
    return target.layer


PLANNERS: dict[str, Planner] = {
    "freeze": _of_selection(trainable=False),
    "thaw": _of_selection(trainable=True),
    "invert": lambda target: invert(target.tree, target.scope),
    "freeze_up_to": _up_to(trainable=False),
    "thaw_up_to": _up_to(trainable=True),
    "freeze_from_here": _from_here(trainable=False),
    "thaw_from_here": _from_here(trainable=True),
    "freeze_class": _class(trainable=False),
    "thaw_class": _class(trainable=True),
    "freeze_biases": _biases(trainable=False, others=False),
    "thaw_biases": _biases(trainable=True, others=False),
    "freeze_all_but_biases": _biases(trainable=False, others=True),
    "thaw_all_but_biases": _biases(trainable=True, others=True),
    "stays_frozen": _toggle_stays_frozen,
    **{f"policy_{policy.value}": _policy(policy) for policy in StatisticsPolicy},
    **{f"preset_{preset.key}": _preset(preset) for preset in PRESETS},
}
"""By the name of their action."""


def dry_look(planner: Planner, target: Target) -> str:
    """What a command would change, in a sentence; or why it means nothing here."""
    try:
        return str(look(target.tree, planner(target).change))
    except SelectionError as error:
        return str(error)
