"""Parameter accounts: total = trainable + frozen + statistics."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum


class State(StrEnum):
    """A node's effective state, computed from the variables below it and never from a container's flag (fact F2)."""

    TRAINABLE = "trainable"
    FROZEN = "frozen"
    MIXED = "mixed"
    STATISTICS = "statistics"
    WEIGHTLESS = "weightless"


class StatisticsMode(StrEnum):
    """What training does to the statistics of a layer: they stand still, or they follow the data (fact F5)."""

    STILL = "still"
    UPDATE = "update"


@dataclass(frozen=True, slots=True)
class Tally:
    """A number of parameters, the bytes they take and the number of weights they stand in."""

    parameters: int = 0
    num_bytes: int = 0
    weights: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.parameters + other.parameters, self.num_bytes + other.num_bytes, self.weights + other.weights)


@dataclass(frozen=True, slots=True)
class Account:
    """The parameters of a node and all below it; what is shared counts once.

    *Frozen* could train and does not; *statistics* never train. Keras's "non-trainable" is frozen + statistics.
    *Unsure* are those of the trainable that may be statistics, as a preview cannot tell. Where it cannot tell all
    weights (`are_weights_known` False), the numbers are the least that there are.
    """

    trainable: Tally = Tally()
    frozen: Tally = Tally()
    statistics: Tally = Tally()
    unsure: Tally = field(default=Tally(), compare=False)
    are_weights_known: bool = field(default=True, compare=False, kw_only=True)

    @property
    def total(self) -> Tally:
        """All parameters."""
        return self.trainable + self.frozen + self.statistics

    @property
    def trainable_share(self) -> float:
        """Trainable parameters as a share of all, 0.0 to 1.0; 0.0 where there are none."""
        total = self.total.parameters
        return self.trainable.parameters / total if total else 0.0

    @property
    def is_state_known(self) -> bool:
        """Whether the state is sure; a preview may have nothing but numbers of which it cannot tell what they are."""
        if self.state is State.WEIGHTLESS:
            return self.are_weights_known
        return self.state is not State.TRAINABLE or self.unsure.weights < self.trainable.weights

    @property
    def state(self) -> State:
        """The state that these weights amount to."""
        match bool(self.trainable.weights), bool(self.frozen.weights):
            case True, True:
                return State.MIXED
            case True, False:
                return State.TRAINABLE
            case False, True:
                return State.FROZEN
            case _:
                return State.STATISTICS if self.statistics.weights else State.WEIGHTLESS


def account_of(tallies: Iterable[tuple[State, Tally]]) -> Account:
    """Adds up weights that are each trainable, frozen or statistics."""
    sums = {State.TRAINABLE: [0, 0, 0], State.FROZEN: [0, 0, 0], State.STATISTICS: [0, 0, 0]}
    for state, tally in tallies:
        entry = sums[state]
        entry[0] += tally.parameters
        entry[1] += tally.num_bytes
        entry[2] += tally.weights
    return Account(*(Tally(*entry) for entry in sums.values()))
