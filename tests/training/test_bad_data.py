import tracemalloc

import pytest

from editor.errors import DataError
from tests.training.bad_data import ARRAYS, TABLES, BadData
from tests.training.tables import problems

MOST_BYTES = 64 << 20
"""Taken while something small and bad is looked at."""


def refusal(bad: BadData, folder) -> str:
    path = bad.build(folder)
    options = {
        name: value.replace("HERE", str(folder)) if isinstance(value, str) else value
        for name, value in bad.options.items()
    }
    try:
        found = problems(path, bad.model, **options)
    except DataError as error:
        assert error.hint
        return str(error)
    assert len(found) == 1
    return next(iter(found.values()))


@pytest.mark.parametrize("bad", [*TABLES, *ARRAYS], ids=lambda bad: bad.name)
def test_that_bad_data_are_refused_with_a_sentence_that_names_what_is_wrong(bad, tmp_path):
    tracemalloc.start()
    try:
        said = refusal(bad, tmp_path)
        assert tracemalloc.get_traced_memory()[1] < MOST_BYTES
    finally:
        tracemalloc.stop()
    assert all(words in said for words in bad.words), said
    assert said.endswith(".")
    assert "Traceback" not in said
