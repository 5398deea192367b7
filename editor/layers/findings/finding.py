"""A finding and its cure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from editor.layers.accounts import StatisticsMode
from editor.layers.edits import Edit
from editor.layers.flag_change import FlagChange
from editor.layers.nodes import WeightNode
from editor.layers.policies import RuleKind
from editor.layers.tree import LayerTree

Severity = Literal["error", "warning", "note"]
"""An error: a run cannot start. A warning: what will happen is hardly what was meant. A note: good to know."""

Setting = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Cure:
    """One click that mends what a finding tells.

    Attributes:
        text: What it does, in words for a button; also the name of the undo step.
        weights: `(weight_id, trainable)` to set.
        modes: `(layer_id, mode)` to set.
        rules: `((layer_id, rule), holds)` to set.
        learning_rate: To put into the settings of the next run; not a matter of flags, and no undo step.
        settings: `(field, value)` of `TrainSettings` or of its `DataOptions`, likewise.
        rename: `(path, new name)` of a layer; None renames none.
        action: Name of the window's action that asks for more, such as `replace_head`; empty for none.
    """

    text: str
    weights: tuple[tuple[int, bool], ...] = ()
    modes: tuple[tuple[int, StatisticsMode], ...] = ()
    rules: tuple[tuple[tuple[int, RuleKind], bool], ...] = ()
    learning_rate: float | None = None
    settings: tuple[tuple[str, Setting], ...] = ()
    rename: tuple[str, str] | None = None
    action: str = ""

    @classmethod
    def of(cls, text: str, change: FlagChange) -> Cure:
        """The cure that does what an edit does, from whatever the flags are by then."""
        return cls(
            text,
            tuple((weight_id, flag) for weight_id, _, flag in change.weights),
            tuple((layer_id, mode) for layer_id, _, mode in change.statistics),
            tuple((key, holds) for key, _, holds in change.rules),
        )

    def change(self, tree: LayerTree) -> FlagChange:
        """The edit that it is now; empty for a cure of the settings."""
        return tree.change_to(dict(self.weights), dict(self.modes), dict(self.rules))

    def edit(self, tree: LayerTree) -> Edit:
        """The undo step that it is now."""
        return Edit(self.change(tree), self.text)


@dataclass(frozen=True, slots=True)
class Finding:
    """What a person should know about a model, or a layer of it.

    Attributes:
        code: What kind of finding it is, such as `no-gradient`.
        path: The layer, weight or block that it is about; empty for the model.
        title: In a few words, with the name of the place.
        text: What it means, in a sentence or three.
        paths: All layers or weights concerned, where `path` is the block that holds them.
        cure: None where no click mends it.
    """

    severity: Severity
    code: str
    path: str
    title: str
    text: str
    paths: tuple[str, ...] = ()
    cure: Cure | None = None


@dataclass(frozen=True, slots=True)
class LastRun:
    """The last run, as far as findings want to know it.

    Attributes:
        learning_rate: It began with.
        num_trainable: Trainable parameters in it.
    """

    learning_rate: float
    num_trainable: int


@dataclass(frozen=True, slots=True)
class KnownFacts:
    """What is known beside the tree; what is not known yields no finding.

    Attributes:
        unreached: The `weight_id`s that get no gradient; None if that is not known.
        forgotten: Frozen weights that plain Keras will load as trainable.
        learning_rate: Of the settings for the next run.
        last_run: None before the first.
    """

    unreached: frozenset[int] | None = None
    forgotten: tuple[WeightNode, ...] = ()
    learning_rate: float | None = None
    last_run: LastRun | None = None
