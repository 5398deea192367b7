"""The words and numbers of one row, made once and kept until its node changes."""

from __future__ import annotations

from dataclasses import dataclass

from editor.layers.accounts import State
from editor.layers.nodes import LayerNode, Node, WeightNode
from editor.layers.tree import LayerTree
from widgets.layer_tree.wish import updates_statistics
from widgets.numbers import count, output_shape, times

STATE_WORDS = {
    State.TRAINABLE: "trainable",
    State.FROZEN: "frozen",
    State.MIXED: "partly trainable",
    State.STATISTICS: "statistics",
    State.WEIGHTLESS: "no weights",
}


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
    chips: tuple[str, ...]
    spoken: str
    hint: str


def row_of(tree: LayerTree, node: Node, model_name: str) -> Row:
    """The row of a node; the root is called `model_name`."""
    account = tree.account(node)
    state = account.state
    name = node.name if node.parent else model_name
    has_numbers = state is not State.WEIGHTLESS
    chips = _chips(tree, node)
    is_updating = state is State.STATISTICS and updates_statistics(tree, node)
    words = ", ".join((_state_words(state, is_updating=is_updating), *chips))
    return Row(
        texts=(
            name,
            _type(node),
            _shape(node),
            count(account.total.parameters) if has_numbers else "",
            count(account.trainable.parameters) if has_numbers else "",
        ),
        state=state,
        is_weight=isinstance(node, WeightNode),
        is_ticked=is_updating,
        chips=chips,
        spoken=f"{name}, {words}",
        hint=f"{node.path or model_name}\n{words[0].upper()}{words[1:]}",
    )


def _state_words(state: State, *, is_updating: bool) -> str:
    if state is State.STATISTICS:
        return "statistics that update" if is_updating else "statistics that stand still"
    return STATE_WORDS[state]


def _type(node: Node) -> str:
    if isinstance(node, LayerNode):
        return node.record.class_name
    return "statistics" if node.record.is_statistics else "weight"


def _shape(node: Node) -> str:
    return output_shape(node.record.output_shapes) if isinstance(node, LayerNode) else times(node.record.shape)


def _chips(tree: LayerTree, node: Node) -> tuple[str, ...]:
    if isinstance(node, WeightNode):
        return ()
    mode = tree.statistics_mode(node)
    num_places = len(tree.places(node))
    return (
        *((f"statistics {mode.value}",) if mode else ()),
        *((f"shared ×{num_places}",) if num_places > 1 else ()),
    )
