"""All that must be the same again after undo and redo."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from editor.layers.policies import RuleKind
from editor.layers.tree import FlagChange, LayerTree
from tests.round_trip.states import Edit, any_edit, planned

NUM_EDITS = 200

_FIELDS: dict[str, Callable[[LayerTree], Any]] = {
    "flags": lambda tree: {node.path: tree.is_trainable(node.record) for node in tree.walk_weights()},
    "layer flags": lambda tree: {layer.path: tree.layer_flag(layer) for layer in tree.walk_layers()},
    "modes": lambda tree: {layer.path: tree.statistics_mode(layer) for layer in tree.walk_layers()},
    "policies": lambda tree: {layer.path: tree.statistics_policy(layer) for layer in tree.walk_layers()},
    "rules": lambda tree: {
        (layer.path, rule) for layer in tree.walk_layers() for rule in RuleKind if tree.has_rule(layer, rule)
    },
    "accounts": lambda tree: {node.path: tree.account(node) for node in tree.walk()},
    "states": lambda tree: {node.path: tree.state(node) for node in tree.walk()},
    "map": lambda tree: tree.freeze_map(),
}
"""What a snapshot holds; whatever else a tree learns to know belongs here."""


def snapshot(tree: LayerTree) -> dict[str, Any]:
    """The whole state of a tree, as plain values that do not change with it."""
    return {name: read(tree) for name, read in _FIELDS.items()}


def many_edits() -> st.SearchStrategy[list[Edit]]:
    """As many edits as are to be undone, of every kind."""
    return st.lists(any_edit(), min_size=NUM_EDITS, max_size=NUM_EDITS)


def effective(tree: LayerTree, edit: Edit) -> FlagChange:
    """What an edit changes; where nothing, what its opposite changes, or one of a single weight."""
    for kind in (edit.kind, "weight"):
        for trainable in (edit.trainable, not edit.trainable):
            if change := planned(tree, replace(edit, kind=kind, trainable=trainable)):
                return change
    raise AssertionError("No edit changes anything: the model has no weights that train.")
