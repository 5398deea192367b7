from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from editor.errors import DataError
from editor.keras_model.walk import walk_model
from editor.training.augmentations import AUGMENTATIONS, augmentation_problem
from editor.training.compiling import model_facts
from editor.training.data.parts import Array, Part, Prepared, Preprocessing
from editor.training.data.preprocessing import choose_preprocessing, wanted_preprocessing
from editor.training.data_options import Augmentation
from editor.training.data_report import DataReport
from editor.training.model_facts import WantedPreprocessing
from editor.training.pipeline import ordered_batches, training_batches
from editor.training.recipe import preparing, recipe_of

IMAGES = np.random.default_rng(0).integers(0, 256, (6, 12, 10, 3), dtype=np.uint8)
REPORT = DataReport(kind="images", text="6 samples")


def prepared(images: Array, *augmentation: Augmentation, **given: Any) -> Prepared:
    return Prepared(Part((images,), (np.arange(len(images)),)), REPORT, augmentation=augmentation, **given)


@pytest.fixture(scope="module")
def model() -> keras.Model:
    return keras.Sequential([keras.Input((None, None, 3)), keras.layers.GlobalAveragePooling2D()])


def inputs_of(dataset: Any, num: int) -> list[Array]:
    return [x.numpy() for x, *_ in dataset.take(num)]


@pytest.mark.parametrize("layer", AUGMENTATIONS, ids=lambda layer: layer.name)
def test_that_an_augmentation_changes_training_samples_alone_and_the_same_way_each_time(
    layer: Any, model: keras.Model
) -> None:
    recipe = recipe_of(model, data := prepared(IMAGES, layer.augmentation()), 3, 7)
    first = inputs_of(training_batches(data.train, recipe), 4)
    again = inputs_of(training_batches(data.train, recipe, epoch=1), 2)
    assert all(images.dtype == np.float32 for images in first)
    assert [images.tobytes() for images in first[2:]] == [images.tobytes() for images in again]
    originals = {image.astype(np.float32).tobytes() for image in IMAGES}
    assert any(image.tobytes() not in originals for images in first for image in images)
    assert inputs_of(ordered_batches(data.train, recipe), 1)[0].tobytes() == IMAGES[:3].tobytes()
    assert augmentation_problem(layer.augmentation(), 3) == ""


def test_that_two_layers_draw_apart(model: keras.Model) -> None:
    twice = [Augmentation(layer="RandomFlip", config={"mode": "horizontal"})] * 2
    data = prepared(np.repeat(IMAGES, 10, axis=0), *twice)
    images = inputs_of(training_batches(data.train, recipe_of(model, data, 60, 7)), 1)[0]
    originals = {image.astype(np.float32).tobytes() for image in IMAGES}
    num_flipped = sum(image.tobytes() not in originals for image in images)
    assert 0 < num_flipped < len(images)


def test_that_brightness_stays_in_the_range_of_the_values(model: keras.Model) -> None:
    data = prepared(
        IMAGES / np.float32(255),
        Augmentation(layer="RandomBrightness", config={"factor": 1.0}),
        preprocessing=(Preprocessing(white=1.0),),
    )
    images = np.concatenate(inputs_of(training_batches(data.train, recipe_of(model, data, 3, 7)), 4))
    assert images.min() == 0.0
    assert images.max() == 1.0
    assert 0.1 < images.mean() < 0.9


@pytest.mark.parametrize(
    ("augmentation", "text"),
    [
        (Augmentation(layer="Dense"), "no augmentation called 'Dense'"),
        (Augmentation(layer="RandomFlip", config={"mode": "up"}), "mode of RandomFlip cannot be 'up'. Use one of"),
        (Augmentation(layer="RandomRotation", config={"factor": 3.0}), "Use a number from 0 to 1."),
        (Augmentation(layer="RandomRotation", config={"seed": 3.0}), "no argument 'seed'"),
    ],
)
def test_that_a_wrong_augmentation_is_named(augmentation: Augmentation, text: str, model: keras.Model) -> None:
    with pytest.raises(DataError, match=text):
        recipe_of(model, prepared(IMAGES, augmentation), 3, 7)


def test_that_augmentation_without_images_is_refused(model: keras.Model) -> None:
    with pytest.raises(DataError, match="RandomFlip changes images"):
        recipe_of(model, prepared(np.zeros((4, 3)), AUGMENTATIONS[0].augmentation()), 3, 7)


@pytest.mark.parametrize("name", ["mobilenet_v2", "vgg16", "densenet"])
def test_that_an_application_gets_what_its_own_preprocess_input_gives(name: str) -> None:
    expected = getattr(keras.applications, name).preprocess_input(IMAGES.astype(np.float32))
    for images, white in ((IMAGES, 255.0), (IMAGES / np.float32(255), 1.0)):
        change = preparing(Preprocessing(name, white=white))
        assert change
        assert np.allclose(change(images, None).numpy(), expected, atol=1e-4)


def test_that_scaling_gives_what_it_is_called() -> None:
    for name, expected in (("zero-to-one", [0.0, 0.5, 1.0]), ("minus-one-to-one", [-1.0, 0.0, 1.0])):
        change = preparing(Preprocessing(name, white=16.0))
        assert change
        assert change(np.array([0, 8, 16]), None).numpy().tolist() == expected


@pytest.mark.parametrize(
    ("values", "name", "white"),
    [
        (IMAGES, "zero-to-one", 255.0),
        (IMAGES.astype(np.float32), "zero-to-one", 255.0),
        (IMAGES // 16, "zero-to-one", 15.0),
        (IMAGES / np.float32(255), "none", 1.0),
        (IMAGES / np.float32(127.5) - 1, "none", 1.0),
        (IMAGES.astype(np.float32) * 9, "none", 255.0),
        (IMAGES[:, 0, 0], "none", 255.0),
    ],
    ids=["bytes", "floats", "few levels", "scaled", "prepared", "no image values", "no images"],
)
def test_that_the_range_of_the_values_tells_the_scaling(values: Array, name: str, white: float) -> None:
    chosen = choose_preprocessing(values, (12, 10, 3), "auto", WantedPreprocessing())
    assert (chosen.name, chosen.white) == (name, white)


def test_that_an_application_is_found_by_its_weights_whatever_the_head() -> None:
    base = keras.applications.MobileNetV2(alpha=0.35, input_shape=(32, 32, 3), include_top=False, weights=None)
    model = keras.Sequential([base, keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(7)])
    wanted = wanted_preprocessing(walk_model(model).root)
    assert wanted.name == "mobilenet_v2"
    assert "MobileNetV2 (0.35)" in wanted.reason
    part = keras.Model(base.input, base.layers[20].output, name="mobilenetv2_part")
    assert wanted_preprocessing(walk_model(part).root).name == "mobilenet_v2"


@pytest.mark.parametrize("is_operation", [False, True])
def test_that_a_model_that_scales_by_itself_gets_the_values_as_they_are(is_operation: bool) -> None:
    images = keras.Input((8, 8, 3))
    scaled = images / 255 if is_operation else keras.layers.Rescaling(1 / 255, name="scale")(images)
    model = keras.Model(images, keras.layers.Conv2D(2, 3)(scaled))
    wanted = model_facts(walk_model(model)).preprocessing
    assert wanted.name == "none"
    assert "The model scales images itself" in wanted.reason


def test_that_a_preprocessing_that_cannot_be_is_refused() -> None:
    with pytest.raises(DataError, match="no preprocessing called 'resnext'"):
        choose_preprocessing(IMAGES, None, "resnext", WantedPreprocessing())
    with pytest.raises(DataError, match="3 channels, but these have 1"):
        choose_preprocessing(IMAGES[..., :1], None, "vgg16", WantedPreprocessing())
