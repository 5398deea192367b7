from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from editor.errors import DataError
from editor.training.checks import check
from editor.training.data import scratch
from editor.training.data.images import loading
from editor.training.data.parts import Prepared
from editor.training.data.prepare import prepare
from editor.training.data_options import DataOptions
from editor.training.model_facts import ModelFacts
from editor.training.progress import GivenUpError, heard_by
from editor.training.settings import TrainSettings
from tests.training.image_files import BLUE, RED, write_classes, write_image

FACTS = ModelFacts(((None, 10, 12, 3),), ((None, 2),), "softmax", "Dense", ("float32",))


def read(folder: Path, facts: ModelFacts = FACTS, seed: int = 0, **given: Any) -> Prepared:
    options = {name: given.pop(name) for name in list(given) if name in DataOptions.__struct_fields__}
    return prepare(TrainSettings(data=str(folder), data_options=DataOptions(**options), **given), facts, seed)


def facts_of(shape: tuple[int | None, ...], num_outputs: int = 2) -> ModelFacts:
    return ModelFacts((shape,), ((None, num_outputs),), "softmax", "Dense", ("float32",))


def test_that_each_image_has_the_class_of_its_folder(tmp_path: Path) -> None:
    data = read(write_classes(tmp_path), validation_split=0.0)
    assert data.class_names == ("blue", "red")
    assert data.validation is None
    (images,), (targets,) = data.train.inputs, data.train.targets
    assert images.shape == (8, 10, 12, 3)
    assert images.dtype == np.uint8
    for image, target in zip(images, targets, strict=True):
        assert tuple(image[0, 0]) == (BLUE, RED)[target]
    assert data.report.text == "8 images of 10 × 12 × 3 · 2 classes"
    assert [(bar.name, bar.num_train) for bar in data.report.bars[0]] == [("blue", 4), ("red", 4)]
    assert data.report.preprocessing == "zero-to-one"
    assert data.sources[0] == "blue/0.png"


def test_that_a_drawn_part_keeps_the_shares_of_the_classes_and_comes_from_the_seed(tmp_path: Path) -> None:
    write_classes(tmp_path, num_each=12)
    for number in range(8, 12):
        (tmp_path / "red" / f"{number}.png").unlink()
    data, same, other = (read(tmp_path, validation_split=0.25, seed=seed) for seed in (1, 1, 2))
    assert data.validation
    assert np.bincount(data.validation.targets[0]).tolist() == [3, 2]
    assert data.sources == same.sources != other.sources
    assert not data.has_own_validation
    for image, target in zip(data.validation.inputs[0], data.validation.targets[0], strict=True):
        assert tuple(image[0, 0]) == (BLUE, RED)[target]


@pytest.mark.parametrize("name", ["validation", "val", "Valid"])
def test_that_parts_are_found_by_the_names_of_folders(tmp_path: Path, name: str) -> None:
    for part, num_each in (("train", 4), (name, 2), ("test", 1)):
        write_classes(tmp_path / part, num_each)
    data = read(tmp_path)
    assert data.validation and data.test
    assert [part.num_samples for part in (data.train, data.validation, data.test)] == [8, 4, 2]
    assert data.has_own_validation
    assert (data.report.num_train, data.report.num_validation, data.report.num_test) == (8, 4, 2)


def test_that_parts_can_be_folders_of_their_own(tmp_path: Path) -> None:
    for part, num_each in (("a", 4), ("b", 2), ("c", 1)):
        write_classes(tmp_path / part, num_each)
    data = read(tmp_path / "a", validation=str(tmp_path / "b"), test=str(tmp_path / "c"))
    assert data.validation and data.test
    assert [part.num_samples for part in (data.train, data.validation, data.test)] == [8, 4, 2]


def test_that_a_class_may_be_called_train(tmp_path: Path) -> None:
    for name in ("train", "bus"):
        write_image(tmp_path / name / "a.png")
    assert read(tmp_path, validation_split=0.0).class_names == ("bus", "train")


def test_that_what_systems_put_into_folders_is_passed_over(tmp_path: Path) -> None:
    write_classes(tmp_path)
    for name in (".DS_Store", "red/.hidden.png", "red/Thumbs.db", "blue/desktop.ini"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / ".git").mkdir()
    report = read(tmp_path, validation_split=0.0).report
    assert (report.num_train, report.num_skipped) == (8, 0)


def test_that_folders_below_a_class_belong_to_it_and_none_is_read_twice(tmp_path: Path) -> None:
    write_classes(tmp_path)
    write_image(tmp_path / "red" / "more" / "deep" / "a.png")
    (tmp_path / "red" / "again").symlink_to(tmp_path / "red", target_is_directory=True)
    report = read(tmp_path, validation_split=0.0).report
    assert report.num_train == 9
    assert [(each.name, each.reason) for each in report.skipped] == [
        ("red/again", "is a link to a folder that was read already")
    ]


def test_that_a_model_of_any_size_gets_the_images_own_size_or_a_usual_one(tmp_path: Path) -> None:
    write_classes(tmp_path)
    free = facts_of((None, None, None, 1))
    data = read(tmp_path, free, validation_split=0.0)
    assert data.train.inputs[0].shape[1:] == (10, 12, 1)
    assert "these are brought to 10 × 12" in data.report.notes[0]
    write_image(tmp_path / "red" / "b.png", size=(300, 100))
    assert read(tmp_path, free, validation_split=0.0).train.inputs[0].shape[1:] == (32, 32, 1)


def test_that_images_that_do_not_fit_into_memory_are_mapped_and_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = read(write_classes(tmp_path / "images"), validation_split=0.25)
    monkeypatch.setattr(loading, "SHARE_OF_MEMORY", 0.0)
    cache = tmp_path / "cache"
    monkeypatch.setattr(scratch, "user_cache_path", lambda *_, **__: cache)
    data = read(tmp_path / "images", validation_split=0.25)
    for part, other in ((data.train, held.train), (data.validation, held.validation)):
        assert part and other
        assert isinstance(part.inputs[0], np.memmap)
        assert part.inputs[0].tobytes() == other.inputs[0].tobytes()
    del data, part
    assert list(cache.iterdir()) == []


def test_that_progress_is_told_and_reading_can_be_given_up(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []

    def listen(*step: Any) -> None:
        told.append(step)
        if len(told) > 4:
            raise GivenUpError

    write_classes(tmp_path, num_each=40)
    with heard_by(listen):
        read(tmp_path)
        assert told[-2:] == [("Reading images", 64, 80), ("Reading images", 80, 80)]
        with pytest.raises(GivenUpError):
            read(tmp_path)


def test_that_what_is_odd_is_noted(tmp_path: Path) -> None:
    for part in ("train", "val"):
        write_classes(tmp_path / part)
    (tmp_path / "train" / "green").mkdir()
    notes = " ".join(read(tmp_path, facts_of((None, 10, 12, 3), 7)).report.notes)
    assert "train has no images of green. val has no images of green." in notes
    assert "The model has 7 outputs and the data 3 classes: outputs 4 to 7 stand for none of them" in notes


def test_that_it_is_said_where_folders_of_numbers_are_not_in_their_order(tmp_path: Path) -> None:
    for number in (1, 2, 10):
        write_image(tmp_path / str(number) / "a.png")
    (note,) = read(tmp_path, facts_of((None, 10, 12, 3), 3), validation_split=0.0).report.notes
    assert "numbered by their folders' names as text: 1, 10, 2. Name the folders 01, 02" in note


def test_that_a_model_of_series_takes_no_pictures(tmp_path: Path) -> None:
    write_classes(tmp_path)
    with pytest.raises(DataError, match="takes samples of 150 × 1, and no images"):
        read(tmp_path, facts_of((None, 150, 1), 2))


def test_that_a_folder_without_images_is_named_where_there_are_too_many_classes(tmp_path: Path) -> None:
    (write_classes(tmp_path) / "empty").mkdir()
    (tmp_path / "__pycache__").mkdir()
    problem = check(TrainSettings(data=str(tmp_path)), read(tmp_path), FACTS).problems["data"]
    assert "There are 3 classes" in problem
    assert "Of empty there are no samples." in problem


def test_that_more_classes_than_outputs_are_told_by_name(tmp_path: Path) -> None:
    write_image(write_classes(tmp_path / "colors") / "green" / "a.png")
    settings = TrainSettings(data=str(tmp_path / "colors"))
    problem = check(settings, read(tmp_path / "colors", validation_split=0.0), FACTS).problems["data"]
    assert "3 classes in colors (blue, green, red), but the model has 2 outputs. Give it an output" in problem


def test_that_rare_classes_weigh_more_when_asked_for(tmp_path: Path) -> None:
    write_classes(tmp_path)
    write_image(tmp_path / "red" / "a.png")
    write_image(tmp_path / "red" / "b.png")
    data = read(tmp_path, validation_split=0.0, balance_classes=True)
    assert data.class_weight == pytest.approx({0: 10 / 8, 1: 10 / 12})


def test_that_a_folder_gives_what_keras_itself_reads(tmp_path: Path) -> None:
    import keras

    values = np.random.default_rng(0)
    for number in range(6):
        path = write_image(tmp_path / "ab"[number % 2] / f"{number}.png")
        Image.fromarray(values.integers(0, 255, (10, 12, 3), dtype=np.uint8)).save(path)
    data = read(tmp_path, validation_split=0.0)
    dataset = keras.utils.image_dataset_from_directory(
        tmp_path, image_size=(10, 12), batch_size=6, shuffle=False, verbose=False
    )
    images, labels = next(iter(dataset))
    assert (images.numpy() == data.train.inputs[0]).all()
    assert labels.numpy().tolist() == data.train.targets[0].tolist()
