import io
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from editor.errors import DataError
from tests.training.bad_data import ARRAYS, TABLES, BadData
from tests.training.tables import PETS, facts, prepared, problems

MOST_BYTES = 64 << 20
"""Taken while something small and bad is looked at."""


CHOICES = {
    "one class": "targets kind",
    "target that is not there": "targets",
    "text among numbers": "columns weight",
    "decimal comma among points": "columns weight",
    "infinity": "columns weight",
    "a number beyond 32 bits": "columns weight",
    "decimal numbers as classes": "targets weight",
    "text to be learned as a number": "task",
    "one number for several outputs": "targets legs",
    "more labels than outputs": "targets tags",
    "no column left": "columns",
    "gaps in every target": "missing",
    "a mean of categories": "missing kind",
    "a column that is not there": "columns",
    "an input that is not there": "inputs",
    "columns that fit no input": "inputs left",
    "too few targets": "outputs",
    "more categories than an Embedding takes": "columns name",
    "numbers outside of an Embedding": "columns weight",
    "validation table with other columns": "validation",
    "validation table with another class": "validation",
    "test table with text among numbers": "test",
    "no validation table": "validation",
    "validation table without the header of the training table": "validation",
    "a folder to validate on": "validation",
    "no y": "outputs",
    "one class in an array": "targets",
    "h5 without x": "inputs",
    "x without y": "outputs",
}
"""What must be chosen otherwise, where it is not the data."""


def most_memory() -> int:
    """The most bytes that this process has had since `forget_most_memory` (proc(5)); 0 where Linux does not tell.

    Of all libraries, which `tracemalloc` does not see; in Python 3.11 that crashes, too, where other threads go on.
    """
    if sys.platform != "linux":
        return 0
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


def forget_most_memory() -> None:
    if sys.platform == "linux":
        Path("/proc/self/clear_refs").write_text("5")


def refusal(bad: BadData, folder) -> tuple[str, str]:
    """What is said, and the choice that it is said to stem from."""
    path = bad.build(folder)
    options = {
        name: value.replace("HERE", str(folder)) if isinstance(value, str) else value
        for name, value in bad.options.items()
    }
    try:
        found = problems(path, bad.model, **options)
    except DataError as error:
        assert error.hint
        return str(error), f"{error.field} {error.name}".strip()
    assert len(found) == 1
    field, said = found.popitem()
    return said, field


@pytest.mark.parametrize("bad", [*TABLES, *ARRAYS], ids=lambda bad: bad.name)
def test_that_bad_data_are_refused_with_a_sentence_that_names_what_is_wrong(bad, tmp_path):
    forget_most_memory()
    before = most_memory()
    said, choice = refusal(bad, tmp_path)
    assert most_memory() - before < MOST_BYTES
    assert all(words in said for words in bad.words), said
    assert choice == CHOICES.get(bad.name, "data")
    assert said.endswith(".")
    assert "Traceback" not in said


def parquet_bytes():
    written = io.BytesIO()
    pq.write_table(pa.table({"weight": np.arange(40.0), "legs": np.arange(40), "kind": ["a", "b"] * 20}), written)
    return written.getvalue()


WHOLE = {"damaged.csv": PETS.encode() * 3, "damaged.parquet": parquet_bytes()}


@pytest.mark.parametrize("name", list(WHOLE))
@settings(deadline=None, max_examples=60)
@given(st.data())
def test_that_a_damaged_table_is_refused_or_read(tmp_path_factory, name, data):
    content = bytearray(WHOLE[name])
    for _ in range(data.draw(st.integers(1, 5))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / name
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))] if data.draw(st.booleans()) else content)
    try:
        found = prepared(path, facts(((2,),), ((3,),)), targets=("kind",), columns={"weight": "number"})
    except DataError as error:
        assert error.hint
        assert error.summary.endswith(".")
    else:
        assert np.isfinite(found.train.inputs[0]).all()
