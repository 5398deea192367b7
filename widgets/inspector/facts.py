"""The sentences of the inspector: what there is to say of a subject, as label and text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from editor.layers.accounts import Account, State, StatisticsMode, Tally
from editor.layers.nodes import LayerNode, Node, WeightNode
from editor.layers.records import LayerRecord
from editor.wording import counted
from widgets.inspector.subject import Subject
from widgets.layer_tree.moves import NO_MOVES, Moves
from widgets.numbers import UNKNOWN, byte_size, count, full_output_shape, percent, times


@dataclass(frozen=True, slots=True)
class Fact:
    """One row of the inspector.

    Attributes:
        label: What it is about.
        text: What holds; may have several lines.
        is_path: Whether it is one or more paths, which are shown in the monospaced face.
        account: Shown as a bar below the text.
    """

    label: str
    text: str
    is_path: bool = False
    account: Account | None = None


def facts_of(subject: Subject, about: Sequence[Fact] = (), moves: Moves = NO_MOVES) -> list[Fact]:
    """What there is to say now.

    Args:
        subject: What is selected.
        about: What there is to say of the file, with the model as a whole.
        moves: What the last run moved.
    """
    return [*_plain_facts(subject, about), *_moved_facts(subject, moves)]


def _moved_facts(subject: Subject, moves: Moves) -> list[Fact]:
    node = subject.only if subject.nodes else subject.tree.root
    if not moves or node is None or not node.weights_below:
        return []
    moved = moves.of(node)
    return [Fact("Last run", moved.sentence if moved else "did not move")]


def _plain_facts(subject: Subject, about: Sequence[Fact]) -> list[Fact]:
    node = subject.only
    if isinstance(node, WeightNode):
        return _weight_facts(subject, node)
    if isinstance(node, LayerNode) and node.parent is not None:
        return _layer_facts(subject, node)
    return [*_model_facts(subject), *about] if not subject.nodes or node else _selection_facts(subject)


def _layer_facts(subject: Subject, node: LayerNode) -> list[Fact]:
    others = [place.path for place in subject.tree.places(node) if place is not node]
    return [
        Fact("Path", node.path, is_path=True),
        *([] if node.record.is_name_known else [Fact("Name", "Unknown: this is its key among the weights")]),
        Fact("Type", describe(node.record)),
        Fact("Output shape", full_output_shape(node.record.output_shapes) or UNKNOWN),
        *([Fact("Layers", count(subject.num_layers - 1))] if node.children else []),
        *_account_facts(subject),
        *([Fact("Also at", "\n".join(others), is_path=True)] if others else []),
    ]


def _weight_facts(subject: Subject, node: WeightNode) -> list[Fact]:
    others = [path for path in _paths_of_weight(subject, node) if path != node.path]
    return [
        Fact("Path", node.path, is_path=True),
        *([] if node.record.is_name_known else [Fact("Name", "Unknown: this is its number in the layer")]),
        Fact("Type", f"{'statistics' if node.record.is_statistics else 'weight'} · {node.record.dtype}"),
        Fact("Shape", times(node.record.shape)),
        *_account_facts(subject),
        *([Fact("Also at", "\n".join(others), is_path=True)] if others else []),
    ]


def _paths_of_weight(subject: Subject, node: WeightNode) -> Iterator[str]:
    for other in subject.tree.walk():
        if isinstance(other, WeightNode) and other.record.weight_id == node.record.weight_id:
            yield other.path


def _model_facts(subject: Subject) -> list[Fact]:
    root = subject.tree.root
    return [
        Fact("Type", describe(root.record)),
        Fact("Output shape", full_output_shape(root.record.output_shapes) or UNKNOWN),
        Fact("Layers", count(subject.num_layers - 1)),
        Fact("Weights", count(len(subject.weights))),
        *_account_facts(subject),
    ]


def _selection_facts(subject: Subject) -> list[Fact]:
    layers = [node for node in subject.nodes if isinstance(node, LayerNode)]
    num_weights = len(subject.nodes) - len(layers)
    parts = [counted(len(layers), "layer")] if layers else []
    parts += [counted(num_weights, "weight")] if num_weights else []
    return [
        Fact("Selected", " and ".join(parts)),
        Fact("Types", _types(subject.nodes)),
        Fact("Weights", count(len(subject.weights))),
        *_account_facts(subject),
    ]


def _types(nodes: tuple[Node, ...]) -> str:
    names = Counter(node.record.class_name or UNKNOWN if isinstance(node, LayerNode) else "weight" for node in nodes)
    common = [f"{num} {name}" for name, num in names.most_common(4)]
    return ", ".join(common) + (f" and {len(names) - 4} more" if len(names) > len(common) else "")


# -- the state of now ---------------------------------------------------------------------------------------


def _account_facts(subject: Subject) -> list[Fact]:
    account = subject.account
    facts = [Fact("State", state_words(account))]
    parts = [
        (word, tally)
        for word, tally in (
            ("Trainable", account.trainable),
            ("Frozen", account.frozen),
            ("Statistics", account.statistics),
        )
        if tally.weights
    ]
    if len(parts) == 1:
        word, tally = parts[0]
        text = f"{count(tally.parameters)} {word.lower()} · {byte_size(tally.num_bytes)}"
        text = text if account.is_state_known else _amount(tally)
        facts.append(Fact("Parameters", text, account=account))
    elif parts:
        facts.append(Fact("Parameters", _amount(account.total), account=account))
        facts += [Fact(word, _amount(tally) + _share(account, tally)) for word, tally in parts]
    if parts and not account.are_weights_known:
        facts.append(Fact("Not counted", "Weights that the file does not tell"))
    return facts + _statistics_facts(subject)


def _amount(tally: Tally) -> str:
    return f"{count(tally.parameters)} · {byte_size(tally.num_bytes)}"


def _share(account: Account, tally: Tally) -> str:
    return f" · {percent(account.trainable_share)}" if tally is account.trainable else ""


def _statistics_facts(subject: Subject) -> list[Fact]:
    modes = [subject.tree.statistics_mode(owner) for owner in subject.statistics_owners]
    num_updating = modes.count(StatisticsMode.UPDATE)
    if not modes:
        return []
    if num_updating == len(modes):
        return [Fact("In training", "Statistics update: they follow the data")]
    if num_updating == 0:
        return [Fact("In training", "Statistics stand still")]
    return [Fact("In training", f"Statistics update in {num_updating:,} of {counted(len(modes), 'layer')}")]


def state_words(account: Account) -> str:
    """A state in words that say what training will do."""
    if not account.is_state_known:
        return "Unknown: the file does not tell whether training changes it"
    num_able = account.trainable.weights + account.frozen.weights
    return {
        State.TRAINABLE: "Trainable: training changes it",
        State.FROZEN: "Frozen: training leaves it as it is",
        State.MIXED: f"Partly trainable: {account.trainable.weights:,} of {counted(num_able, 'weight')} train",
        State.STATISTICS: "Statistics only: nothing here is trained",
        State.WEIGHTLESS: "No weights: there is nothing to freeze",
    }[account.state]


# -- the type, from the configuration -----------------------------------------------------------------------


def describe(record: LayerRecord) -> str:
    """A layer's class with what matters of its configuration: `Conv2D · 3 × 3, 512 filters, relu, same`."""
    words = [word for key, say in _WORDS.items() if (word := _said(record.config.get(key), say))]
    return " · ".join(filter(None, (record.class_name or UNKNOWN, ", ".join(words))))


def _said(value: Any, say: Callable[[Any], str]) -> str:
    """What is said of one setting; nothing where it is missing or of another kind than expected."""
    try:
        return say(value) if value is not None else ""
    except (TypeError, ValueError):
        return ""


def _sizes(value: Any) -> str:
    sizes = value if isinstance(value, (list, tuple)) else (value,)
    return times([int(size) for size in sizes])


def _strides(value: Any) -> str:
    return "" if set(value if isinstance(value, (list, tuple)) else (value,)) == {1} else f"strides {_sizes(value)}"


def _named(value: Any, *, but: str) -> str:
    return value if isinstance(value, str) and value != but else ""


_WORDS: dict[str, Callable[[Any], str]] = {
    "kernel_size": _sizes,
    "pool_size": _sizes,
    "filters": lambda value: counted(int(value), "filter"),
    "units": lambda value: counted(int(value), "unit"),
    "num_heads": lambda value: counted(int(value), "head"),
    "key_dim": lambda value: f"keys of {int(value)}",
    "input_dim": lambda value: f"{int(value):,} entries",
    "output_dim": lambda value: f"{int(value):,} wide",
    "strides": _strides,
    "rate": lambda value: f"rate {float(value):g}",
    "activation": lambda value: _named(value, but="linear"),
    "padding": lambda value: _named(value, but="valid"),
}
"""The settings that are named, in the order in which they are said."""
