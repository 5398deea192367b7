from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from editor.files.alignment import aligned


def test_that_equal_sequences_are_laid_side_by_side() -> None:
    assert aligned("abc", "abc") == [(0, 0), (1, 1), (2, 2)]


def test_that_what_could_be_either_is_left_out() -> None:
    assert aligned("aa", "a") == []
    assert aligned("abbc", "abc") == [(0, 0), (3, 2)]
    assert aligned("ab", "ba") == []


def test_that_surroundings_settle_it() -> None:
    assert aligned("abc", "xbc") == [(1, 1), (2, 2)]
    assert aligned("aax", "aay") == [(0, 0), (1, 1)]


@given(st.text("abc", max_size=8), st.text("abc", max_size=8))
def test_that_pairs_are_equal_and_in_order(first: str, second: str) -> None:
    pairs = aligned(first, second)
    assert all(first[at] == second[other] for at, other in pairs)
    assert pairs == sorted(pairs)
    assert len({at for at, _ in pairs}) == len({other for _, other in pairs}) == len(pairs)
    if first == second:
        assert len(pairs) == len(first)
