"""An edit of flags, as plain data that can be taken back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from editor.layers.accounts import StatisticsMode
from editor.layers.policies import RuleKind

Key = TypeVar("Key")
Value = TypeVar("Value")
Steps = tuple[tuple[Key, Value, Value], ...]
"""Each: what is set, what it was, what it is."""


@dataclass(frozen=True, slots=True)
class FlagChange:
    """An edit with all that undo needs: each flag with what it was and what it is (fact F1).

    Attributes:
        weights: `(weight_id, was trainable, is trainable)`.
        statistics: `(layer_id, was, is)`.
        rules: `((layer_id, rule), did hold, holds)`: what later edits do to a layer.
        agreed: `(weight_id, is trainable)` of what was asked to be so and was so already; counts only where the edit
            is carried over to a tree that knows more (`rebase`).
    """

    weights: Steps[int, bool] = ()
    statistics: Steps[int, StatisticsMode] = ()
    rules: Steps[tuple[int, RuleKind], bool] = ()
    agreed: tuple[tuple[int, bool], ...] = field(default=(), compare=False, repr=False)

    def __bool__(self) -> bool:
        return bool(self.weights or self.statistics or self.rules)

    @property
    def reverted(self) -> FlagChange:
        """The edit that takes this one back."""
        return FlagChange(_reverted(self.weights), _reverted(self.statistics), _reverted(self.rules))

    def then(self, later: FlagChange) -> FlagChange:
        """The one edit that does what this one and `later` do after each other."""
        return FlagChange(
            _joined(self.weights, later.weights),
            _joined(self.statistics, later.statistics),
            _joined(self.rules, later.rules),
        )


def differences(pairs: Iterable[tuple[Key, Value]], was: dict[Key, Value]) -> Steps[Key, Value]:
    """The steps from what was to the values in `pairs`; keys that nothing was known of are passed over."""
    return tuple((key, was[key], value) for key, value in pairs if was.get(key, value) != value)


def _reverted(steps: Steps[Key, Value]) -> Steps[Key, Value]:
    return tuple((key, now, was) for key, was, now in steps)


def _joined(first: Steps[Key, Value], later: Steps[Key, Value]) -> Steps[Key, Value]:
    values = {key: (was, now) for key, was, now in first}
    for key, was, now in later:
        values[key] = (values.get(key, (was, now))[0], now)
    return tuple((key, was, now) for key, (was, now) in values.items() if was != now)
