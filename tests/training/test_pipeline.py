from __future__ import annotations

from itertools import chain
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from editor.training.data.parts import Array, Part
from editor.training.pipeline import (
    Recipe,
    epoch_order,
    num_batches,
    ordered_batches,
    structure_of,
    training_batches,
)

NUMBERED = Part((np.arange(10, dtype=np.float32).reshape(-1, 1),), (np.arange(10),))


def taken(dataset: Any, num: int) -> list[Any]:
    return [keras.tree.map_structure(lambda tensor: tensor.numpy(), batch) for batch in dataset.take(num)]


def visited(dataset: Any, num: int) -> list[list[int]]:
    return [batch[1].tolist() for batch in taken(dataset, num)]


def test_that_every_epoch_visits_each_sample_once_in_an_order_of_its_own() -> None:
    batches = visited(training_batches(NUMBERED, Recipe(batch_size=4, seed=3)), 6)
    assert [len(batch) for batch in batches] == [4, 4, 2, 4, 4, 2]
    first, second = list(chain(*batches[:3])), list(chain(*batches[3:]))
    assert sorted(first) == sorted(second) == list(range(10))
    assert first != second
    assert first == epoch_order(10, 3, 0).tolist()
    assert second == epoch_order(10, 3, 1).tolist()


def test_that_samples_and_targets_stay_together() -> None:
    for x, y in taken(training_batches(NUMBERED, Recipe(batch_size=4, seed=3)), 3):
        assert x[:, 0].tolist() == y.tolist()


@pytest.mark.parametrize(("epoch", "batch"), [(0, 1), (1, 0), (2, 2)])
def test_that_batches_begun_anywhere_are_those_of_the_whole_run(epoch: int, batch: int) -> None:
    recipe = Recipe(batch_size=4, seed=3)
    whole = visited(training_batches(NUMBERED, recipe), 12)
    begun = visited(training_batches(NUMBERED, recipe, epoch=epoch, batch=batch), 3)
    assert begun == whole[epoch * 3 + batch :][:3]


def test_that_random_changes_come_from_the_number_of_the_batch() -> None:
    def noted(_: Any, seeds: Any) -> Any:
        return seeds

    recipe = Recipe(batch_size=4, seed=3, augment=(noted,))
    begun = training_batches(NUMBERED, recipe, epoch=1, batch=1)
    assert [x.tolist() for x, _ in taken(begun, 2)] == [[3, 4], [3, 5]]


def test_that_validation_keeps_the_order_and_is_not_augmented() -> None:
    def spoilt(images: Any, _: Any) -> Any:
        return images * 0

    def doubled(images: Any, _: Any) -> Any:
        return images * 2

    dataset = ordered_batches(NUMBERED, Recipe(batch_size=4, seed=3, augment=(spoilt,), prepare=(doubled,)))
    assert int(dataset.cardinality()) == num_batches(NUMBERED, 4) == 3
    assert np.concatenate([x for x, _ in taken(dataset, 9)])[:, 0].tolist() == [2.0 * each for each in range(10)]


def test_that_a_memmap_gives_the_same_batches_as_memory(tmp_path: Path) -> None:
    values = np.random.default_rng(0).integers(0, 255, (10, 3, 2), dtype=np.uint8)
    np.save(tmp_path / "x.npy", values)
    mapped = Part((np.load(tmp_path / "x.npy", mmap_mode="r"),), NUMBERED.targets)
    held = Part((values,), NUMBERED.targets)
    recipe = Recipe(batch_size=4, seed=3)
    for make in (training_batches, ordered_batches):
        for (x, y), (other_x, other_y) in zip(
            taken(make(mapped, recipe), 3), taken(make(held, recipe), 3), strict=True
        ):
            assert x.dtype == other_x.dtype == np.uint8
            assert (x == other_x).all()
            assert y.tolist() == other_y.tolist()


@pytest.mark.parametrize(
    "labels", [np.arange(10) % 2, (np.arange(10) % 2)[:, None].astype(np.float32), np.eye(2)[np.arange(10) % 2]]
)
def test_that_each_sample_weighs_what_its_class_weighs(labels: Array) -> None:
    part = Part(NUMBERED.inputs, (labels,))
    recipe = Recipe(batch_size=4, seed=3, class_weight={0: 0.5, 1: 2.0})
    for x, _, weights in taken(training_batches(part, recipe), 3):
        assert weights.tolist() == [(0.5, 2.0)[int(number) % 2] for number in x[:, 0]]
    assert all(len(batch) == 2 for batch in ordered_batches(part, recipe))


def test_that_batches_have_the_structure_of_the_model() -> None:
    inputs = {name: keras.Input((1,), name=name) for name in ("left", "right")}
    outputs = [keras.layers.Dense(1)(keras.layers.Concatenate()(list(inputs.values()))) for _ in range(2)]
    model = keras.Model(inputs, outputs)
    model.compile("sgd", "mse")
    values = np.arange(10.0)[:, None]
    part = Part((values, values + 100), (values, values))
    input_structure, output_structure = structure_of(model)
    recipe = Recipe(batch_size=4, seed=3, inputs=input_structure, outputs=output_structure)
    (x, y), *_ = taken(training_batches(part, recipe), 1)
    assert (x["right"] - x["left"] == 100).all()
    assert len(y) == 2
    model.fit(training_batches(part, recipe), steps_per_epoch=3, shuffle=False, verbose=0)
    model.evaluate(ordered_batches(part, recipe), verbose=0)


def test_that_a_run_in_two_pieces_is_the_run_in_one() -> None:
    def trained(pieces: list[tuple[int, int]]) -> list[Array]:
        keras.utils.set_random_seed(5)
        model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(2)])
        model.compile("adam", "sparse_categorical_crossentropy")
        part = Part((np.linspace(0, 1, 10)[:, None],), (np.arange(10) % 2,))
        for start, end in pieces:
            dataset = training_batches(part, Recipe(batch_size=4, seed=3), epoch=start)
            model.fit(dataset, steps_per_epoch=3, initial_epoch=start, epochs=end, verbose=0, shuffle=False)
        weights: list[Array] = model.get_weights()
        return weights

    for whole, split in zip(trained([(0, 3)]), trained([(0, 1), (1, 3)]), strict=True):
        assert whole.tobytes() == split.tobytes()


@pytest.mark.parametrize(("batch_size", "sizes"), [(5, [5, 5, 5]), (64, [10, 10, 10]), (1, [1, 1, 1])])
def test_that_batches_of_any_size_cover_the_samples(batch_size: int, sizes: list[int]) -> None:
    recipe = Recipe(batch_size=batch_size, seed=3)
    assert [len(batch) for batch in visited(training_batches(NUMBERED, recipe), 3)] == sizes
    assert sum(len(batch) for batch in visited(ordered_batches(NUMBERED, recipe), 99)) == 10
