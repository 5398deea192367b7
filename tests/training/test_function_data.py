from __future__ import annotations

import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import keras
import numpy as np
import pytest

from editor.errors import DataError
from editor.training.data.parts import Prepared, StreamPart
from editor.training.data.prepare import prepare
from editor.training.data_options import Augmentation, DataOptions
from editor.training.function_code import code_of, function_name
from editor.training.model_facts import ModelFacts
from editor.training.pipeline import num_batches, ordered_batches, training_batches
from editor.training.progress import GivenUpError, heard_by
from editor.training.recipe import recipe_of
from editor.training.settings import TrainSettings

FACTS = ModelFacts(((None, 2),), ((None, 3),), "softmax", "Dense", ("float32",), ("samples",), ("classes",))
HEAD = """
import numpy as np
import tensorflow as tf

x = np.arange(20, dtype="float32").reshape(-1, 2)
y = np.arange(10) % 3
"""


def read(folder: Path, code: str, facts: ModelFacts = FACTS, **options: Any) -> Prepared:
    path = folder / "my_data.py"
    path.write_text(HEAD + dedent(code))
    name = function_name(f"{path}:load")
    assert name
    options = {"consent": code_of(name).digest, **options}
    return prepare(TrainSettings(data=f"{path}:load", data_options=DataOptions(**options), batch_size=4), facts, 0)


BATCHED = "load = lambda: tf.data.Dataset.from_tensor_slices((x, y)).batch(4)"
SINGLE = "def load(): return tf.data.Dataset.from_tensor_slices((x, y))"
UNKNOWN = """
def load():
    return tf.data.Dataset.from_generator(
        lambda: zip(x, y), output_signature=(tf.TensorSpec((2,)), tf.TensorSpec((), tf.int64)))
"""


@pytest.mark.parametrize("code", [BATCHED, SINGLE, UNKNOWN], ids=["batched", "single", "of unknown length"])
def test_that_a_dataset_is_counted_and_used_as_it_is(tmp_path: Path, code: str) -> None:
    data = read(tmp_path, code)
    assert isinstance(data.train, StreamPart)
    assert (data.train.num_samples, num_batches(data.train, 4)) == (10, 3)
    assert data.report.text == "10 samples of 2 · 3 classes"
    assert [(bar.name, bar.num_train) for bar in data.report.bars[0]] == [("0", 4), ("1", 3), ("2", 3)]
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])
    recipe = recipe_of(model, data, 4, 0)
    batches = [y.numpy().tolist() for _, y in training_batches(data.train, recipe, epoch=1, batch=1).take(3)]
    assert batches == [[1, 2, 0, 1], [2, 0], [0, 1, 2, 0]]
    assert len(list(ordered_batches(data.train, recipe))) == 3


def test_that_a_pair_is_for_training_and_validation(tmp_path: Path) -> None:
    data = read(tmp_path, "d = tf.data.Dataset.from_tensor_slices((x, y))\ndef load(): return d.skip(4), d.take(4)")
    assert data.validation
    assert (data.train.num_samples, data.validation.num_samples) == (6, 4)
    assert data.has_own_validation


def test_that_several_inputs_are_found_by_the_names_of_the_model(tmp_path: Path) -> None:
    facts = ModelFacts(
        ((None, 2), (None, 2)), ((None, 3),), "softmax", "Dense", ("float32",) * 2, ("left", "right"), ("classes",)
    )
    code = "def load(): return tf.data.Dataset.from_tensor_slices(({'right': x + 100, 'left': x}, y)).batch(4)"
    data = read(tmp_path, code, facts)
    assert data.input_names == ("x left", "x right")
    assert data.train.inputs[1][0, 0] - data.train.inputs[0][0, 0] == 100


def test_that_sample_weights_are_passed_on(tmp_path: Path) -> None:
    data = read(tmp_path, "def load(): return tf.data.Dataset.from_tensor_slices((x, y, y * 2.0)).batch(4)")
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])
    _, y, weights = next(iter(training_batches(data.train, recipe_of(model, data, 4, 0))))
    assert (weights.numpy() == y.numpy() * 2).all()


def test_that_its_images_are_augmented_but_not_scaled(tmp_path: Path) -> None:
    facts = ModelFacts(((None, 4, 4, 3),), ((None, 3),), "softmax", "Dense", ("float32",))
    code = "def load(): return tf.data.Dataset.from_tensor_slices((tf.zeros((10, 4, 4, 3)), y))"
    data = read(
        tmp_path, code, facts, augmentation=(Augmentation(layer="RandomInvert", config={"factor": [1.0, 1.0]}),)
    )
    assert data.report.preprocessing == "none"
    assert "The function prepares its samples itself" in data.report.preprocessing_reason
    model = keras.Sequential([keras.Input((4, 4, 3)), keras.layers.GlobalAveragePooling2D()])
    x, _ = next(iter(training_batches(data.train, recipe_of(model, data, 4, 0))))
    assert (x.numpy() == 1).all()


def test_that_counting_can_be_given_up(tmp_path: Path) -> None:
    def listen(doing: str, done: int, total: int) -> None:
        raise GivenUpError

    with heard_by(listen), pytest.raises(GivenUpError):
        read(tmp_path, SINGLE)


def test_that_code_is_run_as_it_was_agreed_to_and_not_otherwise(tmp_path: Path) -> None:
    mark = tmp_path / "it ran"
    code = f"open({str(mark)!r}, 'w').close()\n{SINGLE}"
    for consent, text in (("", "nobody has agreed to that"), ("0" * 64, "has been changed since")):
        with pytest.raises(DataError, match=text):
            read(tmp_path, code, consent=consent)
        assert not mark.exists()
    read(tmp_path, code)
    assert mark.exists()


@pytest.mark.parametrize(
    ("data", "is_function"),
    [
        ("data.py:load", True),
        ("/home/me/data.py:load", True),
        (r"C:\me\data.py:load", True),
        ("my.module:load", True),
        ("sample:digits", False),
        (r"C:\me\data.csv", False),
        ("data.npz", False),
        ("data.py", False),
    ],
)
def test_that_a_function_is_told_from_a_file(data: str, is_function: bool) -> None:
    assert (function_name(data) is not None) is is_function


def test_that_the_targets_are_those_of_all_samples(tmp_path: Path) -> None:
    code = "def load(): return tf.data.Dataset.from_tensor_slices((np.zeros((500, 2)), np.arange(500) // 450))"
    data = read(tmp_path, code)
    assert np.bincount(data.train.targets[0]).tolist() == [450, 50]
    assert len(data.train.inputs[0]) < 500


def test_that_a_module_is_not_used_as_it_was_before_a_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    path = tmp_path / "data_of_a_module.py"

    def read_module() -> Prepared:
        name = function_name("data_of_a_module:load")
        assert name
        options = DataOptions(consent=code_of(name).digest)
        return prepare(TrainSettings(data="data_of_a_module:load", data_options=options), FACTS, 0)

    path.write_text(HEAD + SINGLE)
    try:
        assert read_module().train.num_samples == 10
        path.write_text(HEAD + SINGLE + ".take(5)")
        with pytest.raises(DataError, match="has been changed since it was imported"):
            read_module()
    finally:
        sys.modules.pop("data_of_a_module", None)
