"""The layer tree: the truth about what is frozen, as plain data that is edited and undone at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace

from editor.layers.accounts import Account, State, StatisticsMode, Tally, account_of
from editor.layers.flag_change import FlagChange, differences
from editor.layers.freeze_map import FreezeMap
from editor.layers.mapping import MapReport, freeze_map_of, plan_map
from editor.layers.nodes import LayerNode, Node, WeightNode
from editor.layers.policies import PINS, RuleKind, StatisticsPolicy, mode_of, mode_with_weights
from editor.layers.records import LayerRecord, WeightRecord

__all__ = ["FlagChange", "LayerTree", "MapReport"]


class LayerTree:
    """All layers of one model at all their places, and the flag of every weight.

    A flag belongs to a variable, not to a place: a shared layer changes in all its places at once (fact F7).
    """

    def __init__(self, root: LayerRecord) -> None:
        self.root = LayerNode(root)
        self._nodes = {node.path: node for node in self.walk()}
        self._places: dict[int, list[LayerNode]] = defaultdict(list)
        for layer in self.walk_layers():
            self._places[layer.record.layer_id].append(layer)
        self._holders: dict[int, list[WeightNode]] = defaultdict(list)
        for node in self.walk():
            if isinstance(node, WeightNode):
                self._holders[node.record.weight_id].append(node)
        self._is_trainable = {
            weight.weight_id: weight.is_trainable for weight in self.root.weights_below if not weight.is_statistics
        }
        self._unsure = {weight.weight_id for weight in self.root.weights_below if not weight.is_kind_known}
        self._untold = {layer.layer_id for layer in self.root.layers_below if not layer.are_weights_known}
        self._modes = {
            layer.layer_id: StatisticsMode.UPDATE if layer.is_flag_set else StatisticsMode.STILL
            for layer in self.root.layers_below
            if any(weight.is_statistics for weight in layer.weights)
        }
        self._accounts: dict[Node, Account] = {}
        self._rules = self._pins_in_flags()

    # -- places ---------------------------------------------------------------------------------------------

    def walk(self, start: LayerNode | None = None) -> Iterator[Node]:
        """Every node below `start` (the root by default) and itself, depth-first."""
        node = start or self.root
        yield node
        for child in node.children:
            yield from self.walk(child)
        yield from node.weights

    def walk_layers(self) -> Iterator[LayerNode]:
        """Every layer, the root first, depth-first; a shared layer at each of its places."""
        return (node for node in self.walk() if isinstance(node, LayerNode))

    def walk_weights(self) -> Iterator[WeightNode]:
        """Every weight once, at its first place, in the order of `walk`."""
        return (holders[0] for holders in self._holders.values())

    def find(self, path: str) -> Node | None:
        """The node at a path, or None."""
        return self._nodes.get(path)

    def places(self, layer: LayerNode) -> tuple[LayerNode, ...]:
        """All places of a layer, the first one first; one place unless the layer is shared."""
        return tuple(self._places[layer.record.layer_id])

    def places_of(self, layer_id: int) -> tuple[LayerNode, ...]:
        """All places of the layer with an id; none where there is no such layer."""
        return tuple(self._places.get(layer_id, ()))

    def is_first_place(self, layer: LayerNode) -> bool:
        """Whether no earlier place shows the same layer."""
        return self._places[layer.record.layer_id][0] is layer

    # -- what holds -----------------------------------------------------------------------------------------

    def account(self, node: Node) -> Account:
        """Parameters of a node and all below it; kept until a flag below it changes."""
        account = self._accounts.get(node)
        if account is None:
            account = self._accounts[node] = account_of(
                (
                    self._weight_state(weight),
                    Tally(weight.num_parameters, weight.num_bytes, 1),
                )
                for weight in node.weights_below
            )
            if self._unsure and (unsure := self._unsure_below(node)).weights:
                account = self._accounts[node] = replace(account, unsure=unsure)
            if self._untold and isinstance(node, LayerNode) and self._has_untold(node):
                account = self._accounts[node] = replace(account, are_weights_known=False)
        return account

    def _has_untold(self, node: LayerNode) -> bool:
        return any(layer.layer_id in self._untold for layer in node.layers_below)

    def _unsure_below(self, node: Node) -> Tally:
        weights = (weight for weight in node.weights_below if weight.weight_id in self._unsure)
        tallies = (Tally(each.num_parameters, each.num_bytes, 1) for each in weights if self.is_trainable(each))
        return sum(tallies, start=Tally())

    def state(self, node: Node) -> State:
        """The effective state of a node."""
        return self.account(node).state

    def statistics_mode(self, node: Node) -> StatisticsMode | None:
        """What training does to the statistics that a layer itself owns; None where it owns none."""
        return self._modes.get(node.record.layer_id) if isinstance(node, LayerNode) else None

    def statistics_policy(self, layer: LayerNode) -> StatisticsPolicy | None:
        """What edits do to the statistics that a layer itself owns; None where it owns none."""
        if self.statistics_mode(layer) is None:
            return None
        pinned = (policy for policy, pin in PINS.items() if self.has_rule(layer, pin))
        return next(pinned, StatisticsPolicy.WITH_LAYER)

    def has_rule(self, layer: LayerNode, rule: RuleKind) -> bool:
        """Whether a rule of editing holds for a layer."""
        return (layer.record.layer_id, rule) in self._rules

    def is_trainable(self, weight: WeightRecord) -> bool:
        """Whether a weight trains."""
        return self._is_trainable.get(weight.weight_id, False)

    def layer_flag(self, layer: LayerNode) -> bool:
        """The `trainable` flag that Keras's layer object must carry for this state (fact F5).

        For a layer with statistics it is the statistics bit; for the root always True (fact F2); for others whether
        anything in or below it trains, or could not anyway.
        """
        mode = self.statistics_mode(layer)
        if layer is self.root:
            return True
        return mode is StatisticsMode.UPDATE if mode else self.state(layer) is not State.FROZEN

    def _pins_in_flags(self) -> set[tuple[int, RuleKind]]:
        """Statistics that do not go with their layer's weights keep to what they do."""
        return {
            (layer.layer_id, PINS[StatisticsPolicy(mode.value)])
            for layer in self.root.layers_below
            if (mode := self._modes.get(layer.layer_id))
            and mode_with_weights(layer, self._is_trainable) not in (mode, None)
        }

    def _weight_state(self, weight: WeightRecord) -> State:
        if weight.is_statistics:
            return State.STATISTICS
        return State.TRAINABLE if self._is_trainable[weight.weight_id] else State.FROZEN

    # -- edits ----------------------------------------------------------------------------------------------

    def plan(self, nodes: Iterable[Node], *, trainable: bool) -> FlagChange:
        """The edit that freezes or thaws nodes with all below them; nothing is changed yet.

        Statistics follow their layer's policy. A layer that owns nothing but statistics is toggled by its statistics
        alone. A layer that stays frozen is thawed only by itself, not together with what holds it.
        """
        wanted: dict[int, bool] = {}
        touched: dict[int, LayerRecord] = {}
        for node in nodes:
            kept = self._kept_frozen(node) if trainable else frozenset()
            owner = node.parent if isinstance(node, WeightNode) else node
            layers = owner.layers_below if owner is node else (owner.record,) if owner else ()
            touched.update((layer.layer_id, layer) for layer in layers if layer.layer_id not in kept)
            spared = {weight.weight_id for layer in layers if layer.layer_id in kept for weight in layer.weights}
            wanted.update(
                (weight.weight_id, trainable)
                for weight in node.weights_below
                if not weight.is_statistics and weight.weight_id not in spared
            )
        # A tied weight also belongs to layers elsewhere, whose statistics follow it.
        owners = (holder.parent for weight_id in wanted for holder in self._holders[weight_id])
        touched.update((owner.record.layer_id, owner.record) for owner in owners if owner)
        after = self._is_trainable | wanted
        modes = {
            layer_id: self._mode_after(layer, after, alone=trainable)
            for layer_id, layer in touched.items()
            if layer_id in self._modes
        }
        return self.change_to(wanted, modes)

    def _kept_frozen(self, node: Node) -> frozenset[int]:
        """The layers below a node that are not thawed together with it."""
        ruled = {layer_id for layer_id, kind in self._rules if kind is RuleKind.STAYS_FROZEN}
        if not ruled or isinstance(node, WeightNode):
            return frozenset()
        below = ruled.intersection(layer.layer_id for layer in node.layers_below) - {node.record.layer_id}
        return frozenset(layer.layer_id for key in below for layer in self._places[key][0].layers_below)

    def _mode_after(self, layer: LayerRecord, after: dict[int, bool], *, alone: bool) -> StatisticsMode:
        for policy, pin in PINS.items():
            if (layer.layer_id, pin) in self._rules:
                return StatisticsMode(policy.value)
        return mode_with_weights(layer, after) or mode_of(trains=alone)

    def plan_policy(self, layers: Iterable[LayerNode], policy: StatisticsPolicy) -> FlagChange:
        """The edit that chooses what happens to the statistics of layers, now and in later edits.

        Layers without statistics are passed over.
        """
        owners = {layer.record.layer_id: layer.record for layer in layers if layer.record.layer_id in self._modes}
        rules = {(layer_id, pin): chosen is policy for layer_id in owners for chosen, pin in PINS.items()}
        if policy is not StatisticsPolicy.WITH_LAYER:
            return self.change_to({}, dict.fromkeys(owners, StatisticsMode(policy.value)), rules)
        modes = {layer_id: mode_with_weights(record, self._is_trainable) for layer_id, record in owners.items()}
        return self.change_to({}, {layer_id: mode for layer_id, mode in modes.items() if mode}, rules)

    def plan_rule(self, layers: Iterable[LayerNode], rule: RuleKind, *, holds: bool) -> FlagChange:
        """The edit that makes a rule hold for layers, or no longer."""
        return self.change_to({}, {}, {(layer.record.layer_id, rule): holds for layer in layers})

    def change_to(
        self,
        flags: dict[int, bool],
        modes: dict[int, StatisticsMode],
        rules: dict[tuple[int, RuleKind], bool] | None = None,
    ) -> FlagChange:
        """The edit that sets flags by `weight_id`, modes and rules by `layer_id`.

        Ids that can have none are passed over.
        """
        were = {key: key in self._rules for key in rules or {} if key[0] in self._places}
        return FlagChange(
            differences(flags.items(), self._is_trainable),
            differences(modes.items(), self._modes),
            differences((rules or {}).items(), were),
            tuple((key, flag) for key, flag in flags.items() if self._is_trainable.get(key) is flag),
        )

    def apply(self, change: FlagChange) -> set[Node]:
        """Sets the flags of an edit and returns every node whose numbers or state may differ now."""
        for weight_id, _, flag in change.weights:
            self._is_trainable[weight_id] = flag
        for layer_id, _, mode in change.statistics:
            self._modes[layer_id] = mode
        for key, _, holds in change.rules:
            (self._rules.add if holds else self._rules.discard)(key)
        touched: set[Node] = set()
        for weight_id, _, _ in change.weights:
            for holder in self._holders[weight_id]:
                _add_with_parents(holder, touched)
        for layer_id in (*(key for key, _, _ in change.statistics), *(key for (key, _), _, _ in change.rules)):
            for place in self._places[layer_id]:
                _add_with_parents(place, touched)
        for node in touched:
            self._accounts.pop(node, None)
        return touched

    # -- the freeze map -------------------------------------------------------------------------------------

    def freeze_map(self) -> FreezeMap:
        """The state of every layer that owns weights, by its first path."""
        return freeze_map_of(self)

    def plan_map(self, freeze_map: FreezeMap) -> tuple[FlagChange, MapReport]:
        """The edit that brings a map onto this tree, matched by path, then by store key; and what did not fit."""
        return plan_map(self, freeze_map)


def _add_with_parents(node: Node, touched: set[Node]) -> None:
    above: Node | None = node
    while above is not None and above not in touched:
        touched.add(above)
        above = above.parent
