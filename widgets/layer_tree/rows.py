"""The words and numbers of one row, made once and kept until its node changes."""

from __future__ import annotations

from dataclasses import dataclass

from editor.layers.accounts import Account, State, StatisticsMode
from editor.layers.nodes import LayerNode, Node, WeightNode
from editor.layers.policies import RuleKind, StatisticsPolicy
from editor.layers.tree import LayerTree
from widgets.layer_tree.wish import updates_statistics
from widgets.numbers import UNKNOWN, count, output_shape, times

STATE_WORDS = {
    State.TRAINABLE: "trainable",
    State.FROZEN: "frozen",
    State.MIXED: "partly trainable",
    State.STATISTICS: "statistics",
    State.WEIGHTLESS: "no weights",
}


@dataclass(frozen=True, slots=True)
class Chip:
    """A short remark after a name.

    Attributes:
        text: What it says.
        short: What it says where there is no room for more.
        tone: A colour of the palette; that of frozen or trainable things where it differs from what edits do else.
    """

    text: str
    short: str
    tone: str = "secondary"


@dataclass(frozen=True, slots=True)
class Row:
    """What the view shows of a node.

    Attributes:
        texts: One for each column.
        state: The node's effective state.
        is_weight: Whether it is a weight, which is written in the monospaced face.
        is_ticked: Whether its statistics update, where it holds nothing but statistics.
        chips: Short remarks after the name.
        spoken: Name and state, for assistive technology.
        hint: Full path and state, for the tool tip.
    """

    texts: tuple[str, str, str, str, str]
    state: State
    is_weight: bool
    is_ticked: bool
    chips: tuple[Chip, ...]
    spoken: str
    hint: str


def row_of(tree: LayerTree, node: Node, model_name: str) -> Row:
    """The row of a node; the root is called `model_name`."""
    account = tree.account(node)
    state = account.state
    name = node.name if node.parent else model_name
    has_numbers = state is not State.WEIGHTLESS or not account.are_weights_known
    chips = _chips(tree, node)
    is_updating = state is State.STATISTICS and updates_statistics(tree, node)
    in_words = _state_words(state, is_updating=is_updating) if account.is_state_known else "not known whether it trains"
    words = ", ".join((in_words, *(chip.text for chip in chips)))
    return Row(
        texts=(
            name,
            _type(node),
            _shape(node),
            _total(account) if has_numbers else "",
            _trainable(account) if has_numbers else "",
        ),
        state=state,
        is_weight=isinstance(node, WeightNode),
        is_ticked=is_updating,
        chips=chips,
        spoken=f"{name}, {words}",
        hint=f"{node.path or model_name}\n{words[0].upper()}{words[1:]}{_name_words(node)}",
    )


def _total(account: Account) -> str:
    number = count(account.total.parameters)
    if account.are_weights_known:
        return number
    return f"{number}+" if account.total.weights else UNKNOWN


def _trainable(account: Account) -> str:
    if not account.is_state_known:
        return UNKNOWN
    most = count(account.trainable.parameters)
    return f"≤ {most}" if account.unsure.parameters else most


def _name_words(node: Node) -> str:
    if node.record.is_name_known:
        return ""
    what = "key" if isinstance(node, LayerNode) else "number"
    return f"\nThe file does not tell its name; this is its {what} among the weights"


def _state_words(state: State, *, is_updating: bool) -> str:
    if state is State.STATISTICS:
        return "statistics that update" if is_updating else "statistics that stand still"
    return STATE_WORDS[state]


def _type(node: Node) -> str:
    if isinstance(node, LayerNode):
        return node.record.class_name or UNKNOWN
    return "statistics" if node.record.is_statistics else "weight"


def _shape(node: Node) -> str:
    if isinstance(node, WeightNode):
        return times(node.record.shape)
    return output_shape(node.record.output_shapes) if node.record.output_shapes else UNKNOWN


def _chips(tree: LayerTree, node: Node) -> tuple[Chip, ...]:
    if isinstance(node, WeightNode):
        return ()
    num_places = len(tree.places(node))
    return (
        *_statistics_chips(tree, node),
        *((Chip("stays frozen", "stays frozen", "frozen"),) if tree.has_rule(node, RuleKind.STAYS_FROZEN) else ()),
        *((Chip(f"shared ×{num_places}", f"×{num_places}"),) if num_places > 1 else ()),
    )


def _statistics_chips(tree: LayerTree, layer: LayerNode) -> tuple[Chip, ...]:
    """What the statistics do; a policy other than the default is said, and coloured."""
    mode = tree.statistics_mode(layer)
    if mode is None:
        return ()
    if tree.statistics_policy(layer) is StatisticsPolicy.WITH_LAYER:
        return (Chip(f"statistics {mode.value}", mode.value),)
    tone = "trainable" if mode is StatisticsMode.UPDATE else "frozen"
    return (Chip(f"statistics always {mode.value}", f"always {mode.value}", tone),)
