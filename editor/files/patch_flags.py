"""What a change of flags does to a model file, worked out from its configuration alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from editor.errors import PatchError
from editor.files.layer_configs import Config, LayerConfigs, flags_of, layer_configs, set_flags
from editor.files.optimizer_slots import Kept, SlotLayout, Variable, moved_slots, slot_layout
from editor.layers.nodes import LayerNode
from editor.layers.patch_plan import PatchPlan
from editor.layers.plain_keras import SERIALIZED_AS, PlainReload, forgotten_in, in_order_of_keras, plain_reload
from editor.layers.records import WeightRecord
from editor.layers.tree import LayerTree

KNOWN_COMPOSITES = frozenset({*SERIALIZED_AS, "GRU", "LSTM", "SimpleRNN", "StackedRNNCells", "MultiHeadAttention"})
"""Keras's composites of which `plain_reload` knows what becomes of their flags."""

UNPLACED = "the order of its state is known to Keras only, as {path} is of a class that is not Keras's"
LEFT_OUT = "The optimizer and the compile settings are left out: {reason}."


@dataclass(frozen=True)
class FlagPatch:
    """A file's configuration with new flags in it, and what plain Keras makes of it, before and after.

    Attributes:
        tree: The model with the flags to be written.
        config: The configuration, with the new flags.
        places: Where each layer stands in it.
        before: What plain Keras restores from the file as it is.
        after: What it will restore.
    """

    tree: LayerTree
    config: Config
    places: LayerConfigs
    before: PlainReload
    after: PlainReload

    @property
    def forgotten(self) -> tuple[str, ...]:
        """Paths of the weights that plain Keras will not restore as frozen."""
        return tuple(node.path for node in forgotten_in(self.tree, self.after))

    def unplaced_in(self, container: LayerNode) -> LayerNode | None:
        """The first layer with weights that have no known place in Keras's order; None if all have theirs.

        A preview of a `.keras` file knows none of a class that is not Keras's.
        """
        return next((node for node in self._layers(container) if _has_unplaced(node)), None)

    def unsure_in(self, container: LayerNode) -> LayerNode | None:
        """The first composite of an unknown class whose flag changes; None if there is none.

        It may hand its flag on to what it holds or not, so that Keras alone can tell what will train.
        """
        return next((node for node in self._layers(container) if self._has_new_flag(node) and is_open(node)), None)

    def may_differ(self, container: LayerNode) -> bool:
        """Whether plain Keras may train other weights of a container than before."""
        was, now = self.trained(container)
        return {weight.weight_id for weight in was} != {weight.weight_id for weight in now} or any(
            self._has_new_flag(node) and (is_open(node) or _has_unplaced(node)) for node in self._layers(container)
        )

    def _has_new_flag(self, layer: LayerNode) -> bool:
        layer_id = layer.record.layer_id
        return self.before.layer_flags[layer_id] != self.after.layer_flags[layer_id]

    def _layers(self, container: LayerNode) -> Iterator[LayerNode]:
        return (node for node in self.tree.walk(container) if isinstance(node, LayerNode))

    def trained(self, container: LayerNode) -> tuple[list[WeightRecord], list[WeightRecord]]:
        """What plain Keras would train of a container before and after, in its order."""
        before = in_order_of_keras(self.tree, self.before, container)
        return before, in_order_of_keras(self.tree, self.after, container)


def is_open(layer: LayerNode) -> bool:
    """Whether it holds layers with weights and is of a class of which nothing is known."""
    is_known = layer.record.is_graph or layer.record.class_name in KNOWN_COMPOSITES
    return not is_known and any(child.weights_below for child in layer.children)


def _has_unplaced(layer: LayerNode) -> bool:
    return any(weight.position < 0 for weight in layer.record.weights)


def tree_of(plan: PatchPlan) -> LayerTree:
    """The model with the flags of a plan.

    Raises:
        PatchError: The plan's map is not of its own layers.
    """
    tree = LayerTree(plan.root)
    change, report = tree.plan_map(plan.freeze_map)
    if report.unmatched or report.uncovered:
        name = (*report.unmatched, *report.uncovered)[0]
        raise PatchError(f"The freeze map does not fit the model at {name!r}.", hint="Please report this model.")
    tree.apply(change)
    return tree


def flag_patch(tree: LayerTree, config: Config) -> FlagPatch:
    """Puts the flags of a tree into a configuration, in place.

    Raises:
        PatchError: It would move weights in a way that is known to Keras only.
    """
    places = layer_configs(tree, config)
    before = plain_reload(tree, flags_of(places))
    set_flags(tree, places)
    after = plain_reload(tree, flags_of(places))
    _refuse_tied(tree, before.trainable ^ after.trainable)
    return FlagPatch(tree, config, places, before, after)


def _refuse_tied(tree: LayerTree, changed: frozenset[int]) -> None:
    """A layer that took a weight over keeps it among its own by its flag of the moment, so they change places."""
    owners: dict[int, int] = {}
    for layer in tree.walk_layers():
        for weight in layer.weights:
            key = weight.record.weight_id
            if owners.setdefault(key, layer.record.layer_id) != layer.record.layer_id and key in changed:
                raise PatchError(
                    f"The weight {weight.path!r} belongs to two layers, so a file with other flags has to be "
                    "written by Keras.",
                    hint="Save when the engine is ready.",
                )


def check_as_read(plan: PatchPlan, patch: FlagPatch) -> None:
    """Holds what we think that plain Keras restores against what it did; wanted wherever the order of weights counts.

    Raises:
        PatchError: A custom class sets flags of its own.
    """
    if plan.is_as_read:
        found = {
            weight.weight_id
            for weight in patch.tree.root.weights_below
            if weight.is_trainable and not weight.is_statistics
        }
        if found != patch.before.trainable:
            raise PatchError(
                "A layer of this model sets flags by its own code, so its file has to be written by Keras.",
                hint="Save when the engine is ready.",
            )


@dataclass(frozen=True)
class OptimizerPatch:
    """What becomes of an optimizer's variables.

    Attributes:
        variables: In their new order; None where they cannot be kept.
        layout: Of the optimizer; None if it is not known.
        reason: Why they cannot be kept, as a clause; empty if they can.
    """

    variables: list[Variable] | None
    layout: SlotLayout | None = None
    reason: str = ""

    @property
    def num_fresh(self) -> int:
        """How many variables start anew."""
        return sum(not isinstance(variable, Kept) for variable in self.variables or ())


def optimizer_patch(
    optimizer: dict[str, Any] | None,
    shapes: list[tuple[int, ...]],
    was: list[WeightRecord],
    now: list[WeightRecord],
) -> OptimizerPatch | None:
    """Works out how an optimizer's variables are to move; None where they stay as they are.

    Args:
        optimizer: As Keras serialized it.
        shapes: Of the variables in the file, in their order.
        was: The weights that plain Keras trains in the file as it is, in order.
        now: Those that it will train.
    """
    if [weight.weight_id for weight in was] == [weight.weight_id for weight in now]:
        return None
    layout = slot_layout(optimizer or {})
    if layout is None:
        name = (optimizer or {}).get("class_name", "this optimizer")
        return OptimizerPatch(None, None, f"how {name} orders its state is not known here")
    if len(shapes) <= layout.num_first:
        return None  # not built yet: nothing in it belongs to any weight
    wanted = layout.shapes(was)
    if len(shapes) != layout.num_variables(was) or shapes[layout.num_first :][: len(wanted)] != wanted:
        return OptimizerPatch(None, layout, "its state in the file does not fit the weights that it trains")
    return OptimizerPatch(moved_slots(layout, was, now), layout)
