from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from editor.training.data.parts import Array, Part, Prepared, Preprocessing
from editor.training.data_options import Augmentation
from editor.training.data_report import DataReport
from editor.training.sample_views import sample_views, with_samples

IMAGES = np.random.default_rng(0).integers(0, 256, (6, 8, 9, 3), dtype=np.uint8)
REPORT = DataReport(kind="images", text="6 samples")


def prepared(samples: Array, targets: Array | None = None, **given: Any) -> Prepared:
    labels = np.arange(len(samples)) if targets is None else targets
    return Prepared(Part((samples,), (labels,)), REPORT, **given)


def pixels(picture: bytes) -> Array:
    return np.asarray(Image.open(io.BytesIO(picture)))


@pytest.mark.parametrize("name", ["none", "zero-to-one", "vgg16"])
def test_that_a_picture_shows_the_image_whatever_is_done_to_its_values(name: str) -> None:
    data = prepared(IMAGES, preprocessing=(Preprocessing(name),), class_names=tuple("abcdef"), sources=tuple("uvwxyz"))
    views = sample_views(data, num=3, seed=1)
    assert len(views) == 3
    for view in views:
        at = "abcdef".index(view.label)
        assert view.source == "uvwxyz"[at]
        assert (pixels(view.picture) == IMAGES[at]).all()


@pytest.mark.parametrize("shape", [(8, 9), (8, 9, 1), (8, 9, 4)])
def test_that_a_picture_has_the_channels_of_the_sample(shape: tuple[int, ...]) -> None:
    samples = np.full((2, *shape), 128, np.uint8)
    view = sample_views(prepared(samples))[0]
    assert pixels(view.picture).shape == ((8, 9, 4) if shape[-1] == 4 else (8, 9))
    assert view.source == "sample 1"


def test_that_digits_of_few_levels_are_shown_from_black_to_white() -> None:
    samples = np.zeros((1, 8, 8, 1), np.float32)
    samples[0, 0, 0] = 16
    shown = pixels(
        sample_views(prepared(samples, preprocessing=(Preprocessing("zero-to-one", white=16.0),)))[0].picture
    )
    assert (shown.min(), shown.max()) == (0, 255)


def test_that_a_picture_shows_what_augmentation_does() -> None:
    data = prepared(IMAGES, augmentation=(Augmentation(layer="RandomInvert", config={"factor": [1.0, 1.0]}),))
    for view, image in zip(sample_views(data), IMAGES, strict=True):
        assert (pixels(view.picture) == 255 - image).all()


def test_that_samples_of_other_kinds_are_shown_as_what_they_are() -> None:
    series = sample_views(prepared(np.ones((2, 20, 1))))[0]
    assert series.series == (1.0,) * 20
    values = sample_views(prepared(np.ones((2, 3)), np.array([0.5, 1.25])))[1]
    assert values.values == (("0", "1"), ("1", "1"), ("2", "1"))
    assert values.label == "1.25"
    assert sample_views(prepared(np.ones((2, 3)), np.eye(2), class_names=("no", "yes")))[1].label == "yes"
    assert pixels(sample_views(prepared(np.random.default_rng(0).normal(size=(2, 20, 6))))[0].picture).shape == (20, 6)
    assert sample_views(prepared(np.array(["a b", "c"])))[0].values == (("text", "a b"),)


def test_that_the_range_is_that_of_what_the_model_receives() -> None:
    report = with_samples(prepared(IMAGES, preprocessing=(Preprocessing("mobilenet_v2"),)))
    assert report.value_range == pytest.approx((-1, 1), abs=0.02)
    assert len(report.samples) == 6
