"""Carries the steps of a document from its preview to the live model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from PySide6.QtGui import QUndoStack

from editor.layers.changes import FlagSnapshot, snapshot_of
from editor.layers.flag_change import FlagChange
from editor.layers.rebase import Match, change_to_snapshot, keys_of, match_keys
from editor.layers.tree import LayerTree
from widgets.undo import FlagCommand


@dataclass(frozen=True)
class Rebased:
    """What has come of the steps.

    Attributes:
        before: The tree of the preview.
        match: Its ids and those of the live model's tree.
        opened: The live model's flags below the first step.
        lost: Paths in the preview of weights that were frozen or thawed and that the live model does not have.
        differing: Paths of weights whose flags the preview had told otherwise than they are.
    """

    before: LayerTree
    match: Match
    opened: FlagSnapshot
    lost: tuple[str, ...] = ()
    differing: tuple[str, ...] = ()


def rebase(
    stack: QUndoStack, before: LayerTree, tree: LayerTree, *, opened: FlagSnapshot, is_saved: bool = False
) -> Rebased:
    """Carries every step over to a tree that takes another one's place, and brings it to where the stack stands.

    Undone to the beginning it has the flags that it has now; redone to the end, what the steps had led to.

    Args:
        stack: Holds commands of flags only: without a live model nothing else can be done.
        before: The tree that the steps were made on.
        tree: With the flags of its file.
        opened: The flags below the first step in the ids of `before`.
        is_saved: Whether the file was saved since, so that the flags in it may be those after some steps.
    """
    match = match_keys(keys_of(before), tree)
    if is_saved:
        tree.apply(change_to_snapshot(opened, match, tree))
    snapshot = snapshot_of(tree)
    commands = tuple(_commands(stack))
    lost = frozenset().union(*(match.lost_in(command.change) for command in commands))
    for command in commands:
        command.carry(match, tree)
        tree.apply(command.change)
    for command in reversed(commands[stack.index() :]):
        tree.apply(command.change.reverted)
    differing = _differing(opened, snapshot, match)
    paths = {node.record.weight_id: node.path for node in before.walk_weights()}
    return Rebased(before, match, snapshot, *(tuple(paths[key] for key in sorted(ids)) for ids in (lost, differing)))


def _differing(shown: FlagSnapshot, found: FlagSnapshot, match: Match) -> frozenset[int]:
    there = ((key, match.weights.get(key, -1), flag) for key, flag in shown.weights.items())
    return frozenset(key for key, other, flag in there if found.weights.get(other, flag) is not flag)


def touched_by(stack: QUndoStack, tree: LayerTree) -> FlagChange:
    """What a tree has now of all that any step touches, as an edit that changes nothing."""
    changes = [command.change for command in _commands(stack)]
    flags = {weight.weight_id: tree.is_trainable(weight) for weight in tree.root.weights_below}
    weights = {key: flags[key] for change in changes for key, _, _ in change.weights}
    layers = {key for change in changes for key, _, _ in change.statistics}
    rules = {key for change in changes for key, _, _ in change.rules}
    modes = {key: mode for key in layers if (mode := tree.statistics_mode(tree.places_of(key)[0]))}
    held = {key: tree.has_rule(tree.places_of(key[0])[0], key[1]) for key in rules}
    return FlagChange(
        tuple((key, flag, flag) for key, flag in weights.items()),
        tuple((key, mode, mode) for key, mode in modes.items()),
        tuple((key, holds, holds) for key, holds in held.items()),
    )


def all_flags(tree: LayerTree) -> FlagChange:
    """All that a tree has, as an edit that changes nothing."""
    snapshot = snapshot_of(tree)
    return FlagChange(
        tuple((key, flag, flag) for key, flag in snapshot.weights.items()),
        tuple((key, mode, mode) for key, mode in snapshot.modes.items()),
        tuple((key, True, True) for key in snapshot.held),
    )


def _commands(stack: QUndoStack) -> Iterator[FlagCommand]:
    for at in range(stack.count()):
        command = stack.command(at)
        assert isinstance(command, FlagCommand), "only flags can be changed in a preview"
        yield command
