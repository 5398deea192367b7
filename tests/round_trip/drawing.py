"""Draws the states that a family goes through: the same ones at every run."""

from __future__ import annotations

import zlib

from hypothesis import HealthCheck, Phase, example, given, seed, settings

from tests.round_trip.states import EVERY_KIND, State, states
from tests.round_trip.trip import FORMATS, Trips


def check_family(trips: Trips, num_states: int, num_slow: int) -> int:
    """Takes a model through `num_states` states: one with edits of every kind, then others that are drawn.

    Only the first `num_slow` of them go through `.h5`, since each save is proven in a process of its own.

    Returns:
        The number of states; a small model may not have so many.
    """
    num_made = 0

    # Not `derandomize`: it would draw the same states for all families.
    @seed(zlib.crc32(trips.family.name.encode()))
    @settings(
        max_examples=max(1, num_states - 1),
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @example(EVERY_KIND)
    @given(states())
    def check(state: State) -> None:
        nonlocal num_made
        num_made += 1
        trips.check(state, FORMATS if num_made <= num_slow else FORMATS[:1])

    check()
    return num_made
