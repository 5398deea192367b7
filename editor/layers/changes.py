"""What differs from the flags at opening: was and is, told by blocks where a block changed as one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from editor.layers.accounts import Account, State, StatisticsMode
from editor.layers.flag_change import FlagChange
from editor.layers.freeze_map import Rule
from editor.layers.nodes import LayerNode, WeightNode
from editor.layers.policies import RuleKind
from editor.layers.tree import LayerTree


@dataclass(frozen=True, slots=True)
class FlagSnapshot:
    """The flags of a tree at one moment.

    Attributes:
        weights: Whether each weight that can train does, by `weight_id`.
        modes: By `layer_id`.
        held: The editing rules that hold, by `layer_id`.
        rules: The same rules, as a freeze map tells them.
        account: Of the whole model.
        paths: Of each layer, at its first place, by `layer_id`.
        gone: Paths of the layers that were there then and are not in the tree any more.
    """

    weights: dict[int, bool]
    modes: dict[int, StatisticsMode]
    held: frozenset[tuple[int, RuleKind]]
    rules: tuple[Rule, ...]
    account: Account
    paths: dict[int, str] = field(default_factory=dict)
    gone: tuple[str, ...] = ()


def snapshot_of(tree: LayerTree) -> FlagSnapshot:
    """The flags as they are."""
    weights = [weight for weight in tree.root.weights_below if not weight.is_statistics]
    modes = {layer.record.layer_id: tree.statistics_mode(layer) for layer in tree.walk_layers()}
    return FlagSnapshot(
        {weight.weight_id: tree.is_trainable(weight) for weight in weights},
        {layer_id: mode for layer_id, mode in modes.items() if mode},
        held_rules(tree),
        tree.freeze_map().rules,
        tree.account(tree.root),
        {layer.record.layer_id: layer.path for layer in tree.walk_layers() if tree.is_first_place(layer)},
    )


def held_rules(tree: LayerTree) -> frozenset[tuple[int, RuleKind]]:
    """The editing rules that hold, by `layer_id`."""
    return frozenset(
        (layer.record.layer_id, kind) for layer in tree.walk_layers() for kind in RuleKind if tree.has_rule(layer, kind)
    )


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One line: a block, a layer, a weight, or the statistics of a layer.

    Attributes:
        path: Empty for the model as a whole.
        class_name: Empty for a weight.
        was: State of all weights in it; None if only statistics differ.
        statistics_was: Of all statistics in it that differ; None if none do.
        num_weights: That differ; a block is told as one only if all in it do.
        num_parameters: In these weights.
        num_statistics: Layers whose statistics differ.
        parts: What it consists of, for unfolding.
    """

    path: str
    class_name: str
    was: State | None = None
    now: State | None = None
    statistics_was: StatisticsMode | None = None
    statistics_now: StatisticsMode | None = None
    num_weights: int = 0
    num_parameters: int = 0
    num_statistics: int = 0
    parts: tuple[ChangeRow, ...] = ()

    @property
    def was_text(self) -> str:
        """Such as `frozen, statistics still`."""
        return _words(self.was, self.statistics_was)

    @property
    def now_text(self) -> str:
        """Such as `trainable, statistics update`."""
        return _words(self.now, self.statistics_now)


def _words(state: State | None, mode: StatisticsMode | None) -> str:
    return ", ".join([*([state.value] if state else []), *([f"statistics {mode.value}"] if mode else [])])


@dataclass(frozen=True, slots=True)
class Changes:
    """All that differs; false if nothing does.

    Attributes:
        rows: In the order of the tree; each weight and statistics in one of them.
        was: Account of the model then; `now` is that of today.
        rules_gone: Editing rules that held then and do not now.
        rules_new: Those that hold now and did not then.
        back: The edit that makes all flags and rules what they were.
        layers_new: Topmost paths of the layers that were not there then; `layers_gone` those of then.
        renamed: The path then and the path now of each layer that is called otherwise.
    """

    rows: tuple[ChangeRow, ...]
    was: Account
    now: Account
    rules_gone: tuple[Rule, ...]
    rules_new: tuple[Rule, ...]
    back: FlagChange
    layers_new: tuple[str, ...] = ()
    layers_gone: tuple[str, ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()

    @property
    def num_layers(self) -> int:
        """How many layers are new, gone or called otherwise."""
        return len(self.layers_new) + len(self.layers_gone) + len(self.renamed)

    def __bool__(self) -> bool:
        return bool(self.rows or self.rules_gone or self.rules_new or self.num_layers)


def changes_since(tree: LayerTree, opened: FlagSnapshot) -> Changes:
    """What differs from an earlier snapshot of the same tree."""
    held = held_rules(tree)
    back = tree.change_to(opened.weights, opened.modes, {key: key in opened.held for key in held | opened.held})
    rules = tree.freeze_map().rules if held != opened.held else opened.rules
    differences = _Differences(
        {weight_id: (was, now) for weight_id, now, was in back.weights},
        {layer_id: (mode_was, mode_now) for layer_id, mode_now, mode_was in back.statistics},
        frozenset(opened.modes),
    )
    rows = tuple(_Rows(differences).of(tree.root))
    gone = tuple(rule for rule in opened.rules if rule not in rules)
    new = tuple(rule for rule in rules if rule not in opened.rules)
    was, now = opened.account, tree.account(tree.root)
    return Changes(rows, was, now, gone, new, back, *_layers_changed(tree, opened))


def _layers_changed(
    tree: LayerTree, opened: FlagSnapshot
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[tuple[str, str], ...]]:
    """The layers that are new, gone and called otherwise."""
    first = [layer for layer in tree.walk_layers() if tree.is_first_place(layer)]
    new = [layer.path for layer in first if opened.paths and layer.record.layer_id not in opened.paths]
    pairs = [(path, layer.path) for layer in first if (path := opened.paths.get(layer.record.layer_id))]
    renamed = tuple((was, now) for was, now in pairs if was.rpartition("/")[2] != now.rpartition("/")[2])
    return _topmost(new), _topmost(opened.gone), renamed


def _topmost(paths: Sequence[str]) -> tuple[str, ...]:
    found = set(paths)
    return tuple(path for path in paths if path.rpartition("/")[0] not in found)


@dataclass(frozen=True, slots=True)
class _Differences:
    """`(was, now)` of what differs, by id; and which layers have statistics at all."""

    flags: dict[int, tuple[bool, bool]]
    modes: dict[int, tuple[StatisticsMode, StatisticsMode]]
    with_statistics: frozenset[int]


class _Rows:
    """Tells each difference once, at its first place."""

    def __init__(self, differences: _Differences) -> None:
        self._differences = differences
        self._flags = differences.flags
        self._modes = differences.modes
        self._told_flags: set[int] = set()
        self._told_modes: set[int] = set()

    def of(self, node: LayerNode) -> Iterator[ChangeRow]:
        """The rows of a node and all below it: one, if it changed as one."""
        flags = {weight.weight_id for weight in node.weights_below} & self._flags.keys() - self._told_flags
        modes = {layer.layer_id for layer in node.layers_below} & self._modes.keys() - self._told_modes
        if not flags and not modes:
            return
        row = self._as_one(node)
        if row is None:
            yield from self._inside(node)
            return
        self._told_flags |= flags
        self._told_modes |= modes
        yield row

    def _inside(self, node: LayerNode) -> Iterator[ChangeRow]:
        for child in node.children:
            yield from self.of(child)
        for weight in node.weights:
            yield from self._weight(weight)
        yield from self._statistics(node)

    def _as_one(self, node: LayerNode) -> ChangeRow | None:
        """The row of a node of which all weights changed alike, or none did and all statistics changed alike."""
        own = [weight for weight in node.weights_below if not weight.is_statistics]
        flags = [self._flags[weight.weight_id] for weight in own if weight.weight_id in self._flags]
        kept = [layer for layer in node.layers_below if layer.layer_id in self._differences.with_statistics]
        modes = [self._modes[layer.layer_id] for layer in kept if layer.layer_id in self._modes]
        is_whole = len(flags) == len(own) if flags else len(modes) == len(kept)
        if not is_whole or len(set(flags)) > 1 or len(set(modes)) > 1:
            return None
        parts = tuple(_Rows(self._differences)._inside(node))
        if len(parts) == 1 and parts[0].class_name and parts[0].path != node.path:
            # All of it is one layer inside, which says more.
            return parts[0]
        was, now = _states(*flags[0]) if flags else (None, None)
        mode_was, mode_now = modes[0] if modes else (None, None)
        return ChangeRow(
            node.path,
            node.record.class_name,
            was,
            now,
            mode_was,
            mode_now,
            num_weights=len(flags),
            num_parameters=sum(weight.num_parameters for weight in own) if flags else 0,
            num_statistics=len(modes),
            # A layer of which nothing but the own statistics differ has no parts.
            parts=() if [part.path for part in parts] == [node.path] else parts,
        )

    def _weight(self, weight: WeightNode) -> Iterator[ChangeRow]:
        weight_id = weight.record.weight_id
        if weight_id in self._flags and weight_id not in self._told_flags:
            self._told_flags.add(weight_id)
            was, now = _states(*self._flags[weight_id])
            yield ChangeRow(weight.path, "", was, now, num_weights=1, num_parameters=weight.record.num_parameters)

    def _statistics(self, node: LayerNode) -> Iterator[ChangeRow]:
        layer_id = node.record.layer_id
        if layer_id in self._modes and layer_id not in self._told_modes:
            self._told_modes.add(layer_id)
            was, now = self._modes[layer_id]
            yield ChangeRow(node.path, node.record.class_name, statistics_was=was, statistics_now=now, num_statistics=1)


def _states(was: bool, now: bool) -> tuple[State, State]:
    return _state(was), _state(now)


def _state(is_trainable: bool) -> State:
    return State.TRAINABLE if is_trainable else State.FROZEN
