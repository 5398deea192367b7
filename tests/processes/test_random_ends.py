"""A small fixed sample of `python -m tests.training.random_ends`; kills are left to that."""

from __future__ import annotations

import pytest

from tests.training.random_ends import ENDINGS, Episode, write_files


@pytest.mark.parametrize("number", [at for at, ending in enumerate(ENDINGS) if ending != "kill"])
def test_that_a_run_that_ends_at_a_random_moment_leaves_a_consistent_state(engine, tmp_path, number):
    write_files(tmp_path)
    Episode(engine, tmp_path, number, seed=3).take()
