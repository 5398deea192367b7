"""Carries flags over an edit of a model's layers: what stays keeps them, by what became of each path."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from editor.layers.changes import FlagSnapshot, snapshot_of
from editor.layers.flag_change import FlagChange
from editor.layers.flow import weighted_layers
from editor.layers.nodes import LayerNode
from editor.layers.rebase import Match, change_to_snapshot
from editor.layers.tree import LayerTree


def match_kept(before: LayerTree, after: LayerTree, kept: Mapping[str, str]) -> Match:
    """The ids of the layers that stay, and of their weights, in both trees.

    Args:
        before: The layers before the edit.
        after: The layers after it.
        kept: The path of each layer that stays, by its path before.
    """
    match = Match()
    for was, now in kept.items():
        old, new = before.find(was), after.find(now)
        if not isinstance(old, LayerNode) or not isinstance(new, LayerNode):
            continue
        match.layers[old.record.layer_id] = new.record.layer_id
        others = {weight.name: weight for weight in new.record.weights}
        for weight in old.record.weights:
            other = others.get(weight.name)
            if other is not None and other.shape == weight.shape:
                match.weights[weight.weight_id] = other.weight_id
    return match


def reverse(match: Match) -> Match:
    """The same, from after to before."""
    return Match({b: a for a, b in match.layers.items()}, {b: a for a, b in match.weights.items()})


def carry_flags(before: LayerTree, after: LayerTree, match: Match) -> None:
    """Gives what stays the flags, statistics and rules that it had; what is new trains, as Keras made it."""
    after.apply(change_to_snapshot(snapshot_of(before), match, after))


def plan_freeze_kept(after: LayerTree, match: Match, *, but_last: int = 0) -> FlagChange:
    """The edit that freezes all that stays; what is new trains already.

    Args:
        after: The layers after an edit.
        match: From `match_kept`.
        but_last: As many of the last layers with weights, of those that stay, train all the same.
    """
    old = set(match.layers.values())
    stays = [layer for layer in weighted_layers(after) if layer.record.layer_id in old]
    spared = {layer.record.layer_id for layer in stays[len(stays) - but_last :]} if but_last else set()
    flags, modes = {}, {}
    wholes = [
        layer
        for layer in after.walk_layers()
        if layer is not after.root and not layer.children and layer.record.layer_id in old
    ]
    owners = [layer for layer in after.walk_layers() if layer.weights and layer.record.layer_id in old]
    for is_trained in (False, True):
        chosen = [each for each in (*wholes, *owners) if (each.record.layer_id in spared) is is_trained]
        change = after.plan(dict.fromkeys(chosen), trainable=is_trained)
        flags.update({key: flag for key, _, flag in change.weights})
        modes.update({key: mode for key, _, mode in change.statistics})
    return after.change_to(flags, modes)


def opened_after(opened: FlagSnapshot, match: Match) -> FlagSnapshot:
    """The flags at the opening, for the layers that an edit has left; those that it took are told as gone."""
    there = match.layers
    gone = tuple(path for layer_id, path in opened.paths.items() if layer_id not in there)
    return replace(
        opened,
        weights={match.weights[key]: flag for key, flag in opened.weights.items() if key in match.weights},
        modes={there[key]: mode for key, mode in opened.modes.items() if key in there},
        held=frozenset((there[key], rule) for key, rule in opened.held if key in there),
        paths={there[key]: path for key, path in opened.paths.items() if key in there},
        gone=(*opened.gone, *gone),
    )
