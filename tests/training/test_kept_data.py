from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from msgspec.structs import replace

from editor.training.data.kept import KeptData
from editor.training.data_options import Augmentation, DataOptions
from editor.training.progress import GivenUpError, heard_by
from tests.training.image_files import write_classes
from tests.training.tables import PETS, facts, settings_for

IMAGE_MODEL = facts(((8, 8, 3),), ((2,),))


def test_that_nothing_is_read_again_while_only_what_is_done_to_batches_changes(tmp_path: Path) -> None:
    kept, settings = KeptData(), settings_for(write_classes(tmp_path), share=0.25)
    first = kept.prepare(settings, IMAGE_MODEL, 0)
    options = DataOptions(augmentation=(Augmentation(layer="RandomFlip"),), preprocessing="none")
    other = kept.prepare_for_run(replace(settings, data_options=options, epochs=7, seed=3), IMAGE_MODEL, 0)
    assert other.train.inputs[0] is first.train.inputs[0]
    assert other.augmentation
    assert other.preprocessing[0].name == "none"


def test_that_data_are_read_again_where_anything_that_they_are_made_of_differs(tmp_path: Path) -> None:
    kept, settings = KeptData(), settings_for(write_classes(tmp_path), share=0.25)
    last = kept.prepare(settings, IMAGE_MODEL, 0)
    picture = next(tmp_path.rglob("*.png"))
    changes = (
        lambda: (replace(settings, validation_split=0.5), IMAGE_MODEL, 0),
        lambda: (settings, facts(((4, 4, 3),), ((2,),)), 0),
        lambda: (settings, IMAGE_MODEL, 1),
        lambda: os.utime(picture, ns=(0, 10**18)) or (settings, IMAGE_MODEL, 1),
        lambda: picture.unlink() or (settings, IMAGE_MODEL, 1),
    )
    for change in changes:
        asked = change()
        now = kept.prepare(*asked)
        assert now.train.inputs[0] is not last.train.inputs[0]
        assert kept.prepare(*asked).train.inputs[0] is now.train.inputs[0]
        last = now


def test_that_tables_to_validate_on_are_looked_at_too(tmp_path: Path) -> None:
    for name in ("train.csv", "held.csv"):
        (tmp_path / name).write_text(PETS)
    kept = KeptData()
    settings = settings_for(
        tmp_path / "train.csv",
        validation=str(tmp_path / "held.csv"),
        targets=("kind",),
        columns={"name": "ignore"},
    )
    first = kept.prepare(settings, facts(), 0)
    (tmp_path / "held.csv").write_text(PETS + "Rex,dog,30,4\n")
    second = kept.prepare(settings, facts(), 0)
    assert first.validation
    assert second.validation
    assert second.validation.num_samples == first.validation.num_samples + 1


def test_that_who_waits_for_another_to_read_can_give_up(tmp_path: Path) -> None:
    kept, settings = KeptData(), settings_for(write_classes(tmp_path / "own"))
    is_reading, may_go_on = threading.Event(), threading.Event()

    def hold(doing: str, _done: int, _total: int) -> None:
        if doing == "Reading images":
            is_reading.set()
            may_go_on.wait()

    def read() -> None:
        with heard_by(hold):
            kept.prepare(settings, IMAGE_MODEL, 0)

    reader = threading.Thread(target=read)
    reader.start()
    is_reading.wait()

    def give_up(doing: str, _done: int, _total: int) -> None:
        if doing == "Waiting for other data to be read":
            raise GivenUpError

    with heard_by(give_up), pytest.raises(GivenUpError):
        kept.prepare(settings, IMAGE_MODEL, 0)
    # A run of other data does not wait.
    assert kept.prepare_for_run(settings_for(write_classes(tmp_path / "other")), IMAGE_MODEL, 0).train.num_samples
    may_go_on.set()
    reader.join()
    assert kept.prepare(settings, IMAGE_MODEL, 0).train.num_samples
