"""The edits that take changes since opening back: one row, or all of them."""

from __future__ import annotations

from editor.errors import SelectionError
from editor.layers.changes import ChangeRow, FlagSnapshot, changes_since
from editor.layers.edits import Edit
from editor.layers.flag_change import FlagChange
from editor.layers.freeze_map import Rule
from editor.layers.nodes import LayerNode
from editor.layers.policies import RuleKind
from editor.layers.selection import select
from editor.layers.tree import LayerTree
from widgets.rule_words import rule_place


def revert_row(tree: LayerTree, opened: FlagSnapshot, row: ChangeRow) -> Edit:
    """Gives what a row tells its flags of the opening, and with statistics the rules that say what they do."""
    node, back = tree.find(row.path), revert_all(tree, opened).change
    weights: set[int] = set()
    owners: set[int] = set()
    if node and row.was:
        weights = {weight.weight_id for weight in node.weights_below}
    if isinstance(node, LayerNode) and row.num_statistics:
        owners = {layer.layer_id for layer in node.layers_below}
    change = FlagChange(
        tuple(step for step in back.weights if step[0] in weights),
        tuple(step for step in back.statistics if step[0] in owners),
        tuple(step for step in back.rules if step[0][0] in owners),
    )
    return Edit(change, f"Revert {row.path or 'the whole model'}")


def revert_rule(tree: LayerTree, rule: Rule, *, held: bool) -> Edit:
    """Makes a rule of editing hold again, or no longer."""
    text = f"Revert the rule of {rule_place(rule)}"
    try:
        kind, nodes = RuleKind(rule.rule), select(tree, rule.select)
    except (ValueError, SelectionError):
        return Edit(FlagChange(), text)
    layers = [node for node in nodes if isinstance(node, LayerNode)]
    return Edit(tree.plan_rule(layers, kind, holds=held), text)


def revert_all(tree: LayerTree, opened: FlagSnapshot) -> Edit:
    """Gives every flag and rule what it was at the opening."""
    return Edit(changes_since(tree, opened).back, "Revert all changes")
