from __future__ import annotations

import re
from pathlib import Path

import pytest

from editor.errors import DataError
from editor.training.checks import check
from editor.training.data.prepare import prepare
from editor.training.data_options import DataOptions
from editor.training.function_code import code_of, function_name
from editor.training.model_facts import ModelFacts
from editor.training.settings import TrainSettings
from tests.training.bad_images import BAD_FUNCTIONS, BAD_IMAGES, HEAD, BadData
from tests.training.image_files import write_bomb, write_classes, write_cut_off, write_image

FACTS = ModelFacts(((None, 10, 12, 3),), ((None, 2),), "softmax", "Dense", ("float32",), ("images",), ("classes",))


def settings_of(bad: BadData, folder: Path) -> TrainSettings:
    data = str(bad.make(folder))
    name = function_name(data)
    try:
        options = {"consent": code_of(name).digest if name else "", **bad.options}
    except DataError:
        options = bad.options
    return TrainSettings(data=data, data_options=DataOptions(**options), validation_split=0.0)


@pytest.mark.parametrize("bad", [*BAD_IMAGES, *BAD_FUNCTIONS], ids=lambda bad: bad.name)
def test_that_bad_data_are_refused_in_words(bad: BadData, tmp_path: Path) -> None:
    with pytest.raises(DataError) as refused:
        prepare(settings_of(bad, tmp_path), FACTS, 0)
    assert re.search(bad.text, str(refused.value)), str(refused.value)
    assert refused.value.hint, "nothing tells what to do"


def test_that_bad_images_are_left_out_and_listed(tmp_path: Path) -> None:
    write_classes(tmp_path)
    write_bomb(tmp_path / "red" / "bomb.png")
    write_cut_off(tmp_path / "blue" / "cut.png")
    (tmp_path / "blue" / "text.png").write_text("no picture")
    (tmp_path / "blue" / "notes.txt").write_text("no picture")
    write_image(tmp_path / "beside.png")
    report = prepare(TrainSettings(data=str(tmp_path)), FACTS, 0).report
    assert report.num_skipped == 5
    assert {each.name: each.reason.partition(":")[0] for each in report.skipped} == {
        "red/bomb.png": "has too many pixels to be read safely",
        "blue/cut.png": "is damaged",
        "blue/text.png": "is not an image, whatever its name says",
        "blue/notes.txt": "is no image by its name",
        f"{tmp_path.name}/beside.png": "lies beside the class folders and has no class",
    }
    assert report.text == "8 images of 10 × 12 × 3 · 2 classes · 5 left out"


def test_that_a_dataset_of_another_shape_is_held_against_the_model(tmp_path: Path) -> None:
    path = tmp_path / "given.py"
    path.write_text(f"{HEAD}def load(): return tf.data.Dataset.from_tensor_slices((x[:, :5], y)).batch(4)")
    name = function_name(f"{path}:load")
    assert name
    settings = TrainSettings(data=f"{path}:load", data_options=DataOptions(consent=code_of(name).digest))
    problem = check(settings, prepare(settings, FACTS, 0), FACTS).problems["data"]
    assert "One sample of x has shape (5, 12, 3), but the model takes (10, 12, 3)" in problem
