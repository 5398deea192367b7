"""A sample of the mutations; all 2,000 are made by `python -m tests.hostile.mutations`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.hostile.good_files import collect
from tests.hostile.mutations import run

COUNT = 16
SEED = 11


@pytest.mark.skipif(sys.platform != "linux", reason="forks readers")
def test_that_no_mutation_crashes_hangs_executes_or_exceeds_the_bounds(tmp_path: Path) -> None:
    findings = run(collect(tmp_path), COUNT, SEED)
    assert findings.num_tried == COUNT
    assert findings.faults == []
    assert findings.crashes == []
