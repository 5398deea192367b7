"""Rows of tables as Python's own csv module has them, and their numbers, wherever a block of the file ends."""

import csv
import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from editor.training.data.table import reading
from editor.training.data.table.reading import TableFile

CELLS = st.sampled_from(["7", "cat", "", "a b", "two\nlines", "com,ma", 'quo"te', "end\n", "\n\nstart"])
ROWS = st.one_of(
    st.sampled_from(["", "  ", ",,"]),
    st.tuples(st.integers(0, 99).map(str), CELLS, CELLS),
    st.tuples(CELLS, CELLS, CELLS),
)


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(reading, "BLOCK_BYTES", 120)
    monkeypatch.setattr(reading, "NUM_ROWS_OF_BLOCK", 0)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(ROWS, min_size=1, max_size=40), num_before=st.integers(0, 2), end=st.sampled_from(["\n", "\r\n"]))
def test_that_rows_and_their_numbers_are_those_of_the_file(small_blocks, tmp_path, rows, num_before, end):
    written = io.StringIO()
    writer = csv.writer(written, lineterminator=end)
    written.write(num_before * end)
    writer.writerow(["number", "b", "c"])
    writer.writerow(["1", "2", "3"])
    expected = [(num_before + 2, ["1", "2", "3"])]
    for number, row in enumerate(rows, num_before + 3):
        if isinstance(row, str):
            written.write(row + end)
            continue
        writer.writerow(row)
        expected += [(number, list(row))] if any(row) else []
    (tmp_path / "table.csv").write_bytes(written.getvalue().encode())
    table = TableFile(tmp_path / "table.csv")
    found = []
    for piece in table.pieces():
        cells = zip(*(column.to_pylist() for column in piece.columns.values()), strict=True)
        found += [(number, list(row)) for number, row in zip(piece.numbers.tolist(), cells, strict=True)]
    assert found == expected
    again = [value for piece in table.pieces(["c"]) for value in piece.columns["c"].to_pylist()]
    assert again == [row[2] for _, row in found]
