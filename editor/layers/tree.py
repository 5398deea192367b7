"""The layer tree: the truth about what is frozen, as plain data that is edited and undone at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from editor.layers.accounts import Account, State, StatisticsMode, Tally, account_of
from editor.layers.freeze_map import FreezeMap, LayerFlags
from editor.layers.nodes import LayerNode, Node, WeightNode
from editor.layers.paths import weight_path
from editor.layers.records import LayerRecord, WeightRecord


@dataclass(frozen=True, slots=True)
class FlagChange:
    """An edit with all that undo needs: each flag with what it was and what it is (fact F1).

    Attributes:
        weights: `(weight_id, was trainable, is trainable)`.
        statistics: `(layer_id, was, is)`.
    """

    weights: tuple[tuple[int, bool, bool], ...] = ()
    statistics: tuple[tuple[int, StatisticsMode, StatisticsMode], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.weights or self.statistics)

    @property
    def reverted(self) -> FlagChange:
        """The edit that takes this one back."""
        return FlagChange(
            tuple((key, now, was) for key, was, now in self.weights),
            tuple((key, now_mode, was_mode) for key, was_mode, now_mode in self.statistics),
        )

    def then(self, later: FlagChange) -> FlagChange:
        """The one edit that does what this one and `later` do after each other."""
        weights = {key: (was, now) for key, was, now in self.weights}
        for key, was, now in later.weights:
            weights[key] = (weights.get(key, (was, now))[0], now)
        modes = {key: (was_mode, now_mode) for key, was_mode, now_mode in self.statistics}
        for key, was_mode, now_mode in later.statistics:
            modes[key] = (modes.get(key, (was_mode, now_mode))[0], now_mode)
        return FlagChange(
            tuple((key, was, now) for key, (was, now) in weights.items() if was != now),
            tuple((key, was_mode, now_mode) for key, (was_mode, now_mode) in modes.items() if was_mode != now_mode),
        )


@dataclass(frozen=True, slots=True)
class MapReport:
    """What of a freeze map did not fit a model.

    Attributes:
        unmatched: Paths in the map that the model does not have.
        uncovered: Paths of the model that the map does not name; they keep their flags.
    """

    unmatched: tuple[str, ...] = ()
    uncovered: tuple[str, ...] = ()


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
        self._modes = {
            layer.layer_id: StatisticsMode.UPDATE if layer.is_flag_set else StatisticsMode.STILL
            for layer in self.root.layers_below
            if any(weight.is_statistics for weight in layer.weights)
        }
        self._accounts: dict[Node, Account] = {}

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
        return account

    def state(self, node: Node) -> State:
        """The effective state of a node."""
        return self.account(node).state

    def statistics_mode(self, node: Node) -> StatisticsMode | None:
        """What training does to the statistics that a layer itself owns; None where it owns none."""
        return self._modes.get(node.record.layer_id) if isinstance(node, LayerNode) else None

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

    def _weight_state(self, weight: WeightRecord) -> State:
        if weight.is_statistics:
            return State.STATISTICS
        return State.TRAINABLE if self._is_trainable[weight.weight_id] else State.FROZEN

    # -- edits ----------------------------------------------------------------------------------------------

    def plan(self, nodes: Iterable[Node], *, trainable: bool) -> FlagChange:
        """The edit that freezes or thaws nodes with all below them; nothing is changed yet.

        Statistics stand still with their layer: they update as long as one of the layer's own weights trains.
        A layer that owns nothing but statistics is toggled by its statistics alone.
        """
        wanted: dict[int, bool] = {}
        touched: dict[int, LayerRecord] = {}
        for node in nodes:
            wanted.update((weight.weight_id, trainable) for weight in node.weights_below if not weight.is_statistics)
            owner = node.parent if isinstance(node, WeightNode) else node
            layers = owner.layers_below if owner is node else (owner.record,) if owner else ()
            touched.update((layer.layer_id, layer) for layer in layers)
        # A tied weight also belongs to layers elsewhere, whose statistics follow it.
        owners = (holder.parent for weight_id in wanted for holder in self._holders[weight_id])
        touched.update((owner.record.layer_id, owner.record) for owner in owners if owner)
        modes = {
            layer_id: self._mode_with_layer(layer, wanted, alone=trainable)
            for layer_id, layer in touched.items()
            if layer_id in self._modes
        }
        return self.change_to(wanted, modes)

    def _mode_with_layer(self, layer: LayerRecord, wanted: dict[int, bool], *, alone: bool) -> StatisticsMode:
        own = [weight.weight_id for weight in layer.weights if not weight.is_statistics]
        trains = any(wanted.get(key, self._is_trainable[key]) for key in own) if own else alone
        return StatisticsMode.UPDATE if trains else StatisticsMode.STILL

    def change_to(self, flags: dict[int, bool], modes: dict[int, StatisticsMode]) -> FlagChange:
        """The edit that sets flags by `weight_id` and modes by `layer_id`; ids that can have none are passed over."""
        was, were = self._is_trainable, self._modes
        return FlagChange(
            tuple((key, was[key], flag) for key, flag in flags.items() if was.get(key, flag) != flag),
            tuple((key, were[key], mode) for key, mode in modes.items() if were.get(key, mode) != mode),
        )

    def apply(self, change: FlagChange) -> set[Node]:
        """Sets the flags of an edit and returns every node whose numbers or state may differ now."""
        for weight_id, _, flag in change.weights:
            self._is_trainable[weight_id] = flag
        for layer_id, _, mode in change.statistics:
            self._modes[layer_id] = mode
        touched: set[Node] = set()
        for weight_id, _, _ in change.weights:
            for holder in self._holders[weight_id]:
                _add_with_parents(holder, touched)
        for layer_id, _, _ in change.statistics:
            for place in self._places[layer_id]:
                _add_with_parents(place, touched)
        for node in touched:
            self._accounts.pop(node, None)
        return touched

    # -- the freeze map -------------------------------------------------------------------------------------

    def freeze_map(self) -> FreezeMap:
        """The state of every layer that owns weights, by its first path."""
        return FreezeMap(
            layers={
                layer.path: self._flags_of(layer)
                for layer in self.walk_layers()
                if layer.weights and self.is_first_place(layer)
            }
        )

    def _flags_of(self, layer: LayerNode) -> LayerFlags:
        return LayerFlags(
            store=layer.record.store,
            class_name=layer.record.class_name,
            weights={
                weight.name: "trainable" if self._is_trainable[weight.weight_id] else "frozen"
                for weight in layer.record.weights
                if not weight.is_statistics
            },
            statistics=mode.value if (mode := self.statistics_mode(layer)) else None,
            also_at=tuple(place.path for place in self.places(layer)[1:]),
        )

    def plan_map(self, freeze_map: FreezeMap) -> tuple[FlagChange, MapReport]:
        """The edit that brings a map onto this tree, matched by path, then by store key; and what did not fit."""
        by_store = {layer.record.store: layer for layer in self.walk_layers() if layer.record.store}
        wanted: dict[int, bool] = {}
        modes: dict[int, StatisticsMode] = {}
        unmatched: list[str] = []
        covered: set[int] = set()
        for path, flags in freeze_map.layers.items():
            layer = self._nodes.get(path) or by_store.get(flags.store)
            if not isinstance(layer, LayerNode):
                unmatched.append(path)
                continue
            covered.add(layer.record.layer_id)
            own = {weight.name: weight for weight in layer.record.weights if not weight.is_statistics}
            unmatched += [weight_path(path, name) for name in flags.weights if name not in own]
            wanted.update(
                (own[name].weight_id, flag == "trainable") for name, flag in flags.weights.items() if name in own
            )
            if flags.statistics and layer.record.layer_id in self._modes:
                modes[layer.record.layer_id] = StatisticsMode(flags.statistics)
        uncovered = [
            layer.path
            for layer in self.walk_layers()
            if layer.weights and self.is_first_place(layer) and layer.record.layer_id not in covered
        ]
        return self.change_to(wanted, modes), MapReport(tuple(unmatched), tuple(uncovered))


def _add_with_parents(node: Node, touched: set[Node]) -> None:
    above: Node | None = node
    while above is not None and above not in touched:
        touched.add(above)
        above = above.parent
