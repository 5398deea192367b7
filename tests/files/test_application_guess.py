from __future__ import annotations

from itertools import combinations
from pathlib import Path

import h5py
import keras
import pytest
from keras.src.legacy.saving.legacy_h5_format import save_weights_to_hdf5_group

from editor.files.application_guess import guess_from_shapes
from editor.files.applications import applications
from editor.files.options import Application
from editor.keras_model.applications import build
from tests.files.application_shapes import ENTRIES, entry_of, filled

SMALL = {"name": "MobileNetV2", "alpha": 0.35}


def stored_shapes(path: Path) -> list[tuple[int, ...]]:
    """The shapes in a file, in whatever order its groups stand."""
    shapes: list[tuple[int, ...]] = []
    with h5py.File(path) as file:
        file.visititems(lambda _name, item: shapes.append(item.shape) if isinstance(item, h5py.Dataset) else None)
    return shapes


def stored(model: keras.Model, path: Path) -> list[tuple[int, ...]]:
    model.save_weights(path / "x.weights.h5")
    return stored_shapes(path / "x.weights.h5")


@pytest.mark.parametrize(
    "application",
    [
        Application(**SMALL, include_top=False),
        Application(**SMALL, num_classes=1, input_shape=(224, 224, 1)),
        Application(name="MobileNet", alpha=0.25, num_classes=3),
        Application(name="MobileNetV3Small", include_top=False, input_shape=(224, 224, 4)),
    ],
    ids=lambda application: f"{application.name}-{application.num_classes}",
)
def test_that_an_application_is_known_by_its_shapes(application, tmp_path):
    guesses = guess_from_shapes(stored(build(application), tmp_path))
    assert guesses[0].application == application
    assert not guesses[0].num_extra


def test_that_automatic_names_and_old_files_do_not_matter(tmp_path):
    for _ in range(2):  # The second one's layers have other automatic names.
        model = build(Application(**SMALL, num_classes=5))
    with h5py.File(tmp_path / "old.h5", "w") as file:
        save_weights_to_hdf5_group(file, model)
    (best, *_) = guess_from_shapes(stored_shapes(tmp_path / "old.h5"))
    assert best.application == Application(**SMALL, num_classes=5)


def test_that_a_classifier_of_ones_own_is_left_over(tmp_path):
    base = build(Application(**SMALL, include_top=False, input_shape=(96, 96, 3)))
    layers = [keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(128), keras.layers.Dense(5)]
    (best, *_) = guess_from_shapes(stored(keras.Sequential([base, *layers]), tmp_path))
    assert best.application == Application(**SMALL, include_top=False)
    assert best.num_extra == 4
    assert str(best) == ("The shapes fit MobileNetV2 (0.35) without its top; 4 more weights are not part of it.")


def test_that_a_single_layer_on_the_base_is_like_its_own_top(tmp_path):
    base = build(Application(**SMALL, include_top=False, input_shape=(96, 96, 3)))
    model = keras.Sequential([base, keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(5)])
    (best, *_) = guess_from_shapes(stored(model, tmp_path))
    assert best.application == Application(**SMALL, num_classes=5)
    assert str(best) == "The shapes fit MobileNetV2 (0.35) with 5 classes."


def test_that_other_weights_fit_nothing(tmp_path):
    model = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(4, 3), keras.layers.BatchNormalization()])
    assert guess_from_shapes(stored(model, tmp_path)) == ()
    assert guess_from_shapes([]) == ()


def test_that_an_application_with_a_weight_missing_does_not_fit(tmp_path):
    shapes = stored(build(Application(**SMALL, include_top=False)), tmp_path)
    shapes.remove((3, 3, 16, 1))
    assert guess_from_shapes(shapes) == ()


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: f"{entry.name}-{entry.alpha}")
def test_that_every_application_is_told_from_all_others(entry):
    for top in (False, True):
        (best, *others) = guess_from_shapes(filled(entry, top=top))
        wanted = Application(name=entry.name, alpha=entry.alpha, include_top=top, num_classes=10 if top else 1000)
        assert (best.application, best.num_extra) == (wanted, 0)
        assert all(other.num_extra for other in others)


def test_that_the_data_are_of_the_same_applications():
    names = [(facts.name, facts.alpha) for facts in applications()]
    assert names == [(entry.name, entry.alpha) for entry in ENTRIES]
    assert all(one != other for one, other in combinations(names, 2))


def test_that_the_size_is_read_off_a_flattened_image():
    entry = entry_of("VGG16")
    shapes = [(512 * 4, 4096) if shape == (512 * 49, 4096) else shape for shape in filled(entry, top=True)]
    (best, *_) = guess_from_shapes(shapes)
    assert best.application == Application(name="VGG16", num_classes=10, input_shape=(64, 64, 3))
