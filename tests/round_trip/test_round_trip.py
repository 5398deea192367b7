"""Any freeze state survives any file; the full set runs by `python -m tests.round_trip`."""

from __future__ import annotations

from pathlib import Path

import keras
import pytest

from tests.round_trip.drawing import check_family
from tests.round_trip.families import FAMILIES, Family
from tests.round_trip.fresh_process import seen_in_fresh_process
from tests.round_trip.seen import Seen, compare
from tests.round_trip.states import EVERY_KIND, made
from tests.round_trip.trip import Trips

NUM_STATES = 3
ALSO_H5 = ("composites", "bare normalization", "two-input siamese")
QUICK = [family for family in FAMILIES if family.is_quick]


def skip_what_cannot_be_built(family: Family) -> None:
    if family.skipped:
        pytest.skip(family.skipped)


@pytest.mark.parametrize("family", QUICK, ids=lambda family: family.name)
def test_that_every_state_survives_every_file(family: Family, tmp_path: Path):
    skip_what_cannot_be_built(family)
    check_family(Trips(family, tmp_path), NUM_STATES, num_slow=family.name in ALSO_H5)


def test_that_a_fresh_process_finds_every_state_again(tmp_path: Path):
    """In this process automatic names have been counted up by all that was built before (fact F9)."""
    files, expected = [], []
    for family in QUICK:
        if family.skipped or family.refusal:
            continue
        trips = Trips(family, tmp_path)
        trips.tree = made(trips.index.root, EVERY_KIND)
        files.append(trips.save(".keras"))
        expected.append((family, trips.expected()))
    for seen, (family, before) in zip(seen_in_fresh_process(files), expected, strict=True):
        assert isinstance(seen, Seen), seen
        compare(seen, before, family)


def test_that_the_families_are_those_that_were_promised():
    names = {family.name for family in FAMILIES}
    assert len(names) == len(FAMILIES)
    assert len(names & {*dir(keras.applications)}) == 15
    assert names >= {"BERT", "GPT-2", "ViT", "Whisper", "SegFormer", "LoRA", "two-input siamese"}
