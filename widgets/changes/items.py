"""The rows of the view of changes: what it is called, what it was, what it is."""

from __future__ import annotations

from dataclasses import dataclass, field

from editor.layers.accounts import State, StatisticsMode
from editor.layers.changes import ChangeRow, Changes
from editor.layers.freeze_map import Rule
from widgets.rule_words import NO_RULE, rule_place, rule_words


@dataclass(eq=False, slots=True)
class ChangeItem:
    """A row; one without `row` and `rule` tells of a layer. Compares by identity, as a view holds on to it.

    Attributes:
        name: Below the row that holds it.
        path: Of the node to select; empty for the model and for a rule.
        was: In words; `now` likewise.
        was_tone: Its colour, a token of the palette; `now_tone` likewise.
        row: The change that it shows; None for a rule.
        rule: The rule that it shows, and whether it held at the opening.
    """

    name: str
    path: str
    was: str
    now: str
    was_tone: str
    now_tone: str
    row: ChangeRow | None = None
    rule: tuple[Rule, bool] | None = None
    parent: ChangeItem | None = None
    at: int = 0
    inside: list[ChangeItem] = field(default_factory=list)

    @property
    def is_weight(self) -> bool:
        """Whether it is one weight, whose name is written in the monospaced face."""
        return self.row is not None and not self.row.class_name


def items_of(changes: Changes) -> list[ChangeItem]:
    """All that differs: flags in the order of the tree, then layers, then rules of editing."""
    items = [_item(row, None, at) for at, row in enumerate(changes.rows)]
    for item in _layer_items(changes):
        item.at = len(items)
        items.append(item)
    rules = [(rule, True) for rule in changes.rules_gone] + [(rule, False) for rule in changes.rules_new]
    for rule, held in rules:
        was, now = (rule_words(rule), NO_RULE) if held else (NO_RULE, rule_words(rule))
        items.append(
            ChangeItem(rule_place(rule), "", was, now, "secondary", "secondary", rule=(rule, held), at=len(items))
        )
    return items


def _layer_items(changes: Changes) -> list[ChangeItem]:
    """Layers that are new, gone or called otherwise; undo takes that back, no revert does."""
    told = [
        *((path, path, "–", "new layer") for path in changes.layers_new),
        *((path, "", "layer", "gone") for path in changes.layers_gone),
        *((now, now, was.rpartition("/")[2], now.rpartition("/")[2]) for was, now in changes.renamed),
    ]
    return [ChangeItem(name, path, was, now, "secondary", "secondary") for name, path, was, now in told]


def _item(row: ChangeRow, parent: ChangeItem | None, at: int) -> ChangeItem:
    item = ChangeItem(
        _name(row, parent),
        row.path,
        _words(row.was, row.statistics_was),
        _words(row.now, row.statistics_now),
        _tone(row.was, row.statistics_was),
        _tone(row.now, row.statistics_now),
        row=row,
        parent=parent,
        at=at,
    )
    item.inside = [_item(part, item, number) for number, part in enumerate(row.parts)]
    return item


def _name(row: ChangeRow, parent: ChangeItem | None) -> str:
    above = parent.path if parent else ""
    if parent and row.path == above:
        return "statistics"
    name = row.path[len(above) :].lstrip("/:") if above else row.path
    return name or "the whole model"


def _words(state: State | None, mode: StatisticsMode | None) -> str:
    """Short, as two of them stand beside each other: `trainable, updates`; statistics alone say what they are."""
    if state is None:
        return f"statistics {mode.value}" if mode else ""
    said = {None: "", StatisticsMode.UPDATE: ", updates", StatisticsMode.STILL: ", still"}[mode]
    return f"{state.value}{said}"


def _tone(state: State | None, mode: StatisticsMode | None) -> str:
    if state is None:
        return "trainable" if mode is StatisticsMode.UPDATE else "frozen"
    return "trainable" if state is State.TRAINABLE else "frozen"
