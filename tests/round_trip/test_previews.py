"""A preview tells what the live model is; the full set runs by `python -m tests.round_trip.previews`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.round_trip.families import FAMILIES, Family
from tests.round_trip.previews import check_family

SAMPLE = ("two-input siamese", "subclassed in subclassed", "LoRA", "root with statistics", "spectral")
WHOLLY_KNOWN = ("two-input siamese", "LoRA", "spectral")
NUM_STATES = 2


@pytest.mark.parametrize("name", SAMPLE)
def test_that_a_preview_tells_what_the_model_is(name: str, tmp_path: Path):
    family = _family(name)
    parity = check_family(family, tmp_path, NUM_STATES)
    assert parity.differences == []
    if name in WHOLLY_KNOWN:
        assert parity.unknown == {}


def _family(name: str) -> Family:
    return next(family for family in FAMILIES if family.name == name)
