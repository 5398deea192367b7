"""Lays two sequences side by side: what they have in common, in order, and beyond doubt."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

Places = list[tuple[int, int]]

_MOST_COMPARISONS = 1 << 24
"""Beyond that only what both have at their beginning counts: no model has so many layers."""


def aligned(first: Sequence[Hashable], second: Sequence[Hashable]) -> Places:
    """The places of a longest common subsequence, as far as it is the only one.

    Of `a b b c` and `a b c`, one `b` is in doubt: read from the front it is the first, read from the back the second.
    """
    forward = _common(first, second)
    backward = _common(first[::-1], second[::-1])
    turned = {(len(first) - 1 - at, len(second) - 1 - other) for at, other in backward}
    return [place for place in forward if place in turned]


def _common(first: Sequence[Hashable], second: Sequence[Hashable]) -> Places:
    """A longest common subsequence that takes each item as early as it can."""
    start = 0
    while start < min(len(first), len(second)) and first[start] == second[start]:
        start += 1
    places: Places = [(at, at) for at in range(start)]
    if (len(first) - start) * (len(second) - start) > _MOST_COMPARISONS:
        return places
    lengths = _lengths(first[start:], second[start:])
    at, other = start, start
    while at < len(first) and other < len(second):
        if first[at] == second[other]:
            places.append((at, other))
            at, other = at + 1, other + 1
        elif lengths[at - start + 1][other - start] >= lengths[at - start][other - start + 1]:
            at += 1
        else:
            other += 1
    return places


def _lengths(first: Sequence[Hashable], second: Sequence[Hashable]) -> list[list[int]]:
    """How long a common subsequence of what follows each two places can be."""
    rows = [[0] * (len(second) + 1)]
    for item in reversed(first):
        below = rows[-1]
        row = [0] * (len(second) + 1)
        for other in reversed(range(len(second))):
            row[other] = below[other + 1] + 1 if item == second[other] else max(below[other], row[other + 1])
        rows.append(row)
    return rows[::-1]
