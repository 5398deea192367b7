"""Batches of samples for a run, as a `tf.data.Dataset` that can begin anywhere and is always the same.

The order of the samples in an epoch comes from the seed and the epoch alone, and augmentation from the seed and the
number of the batch, so that a run that is paused, or split into phases, is bit for bit the run in one piece. Nothing
is carried from one dataset to the next.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from editor.training.data.parts import Array, Part, StreamPart

Tensors = tuple[tf.Tensor, ...]
Change = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
"""Takes a batch of one input, and two numbers that random changes are drawn from; gives the changed batch."""

MOST_EPOCHS = 2**31
"""More than anybody trains."""

LARGEST_TENSOR = 2**30
"""Bytes; arrays above this are read batch by batch, as TensorFlow would copy them."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How samples become what a model takes; the same in all of a run.

    Attributes:
        batch_size: Samples in a batch; the last of an epoch may be smaller.
        seed: Of the order of the samples and of augmentation.
        inputs: How the model holds its inputs, such as a dictionary; from `structure_of`.
        outputs: How it holds its outputs.
        prepare: Brings a batch of one input to what the model takes, by the place of the input.
        augment: As `prepare`, before it, for training alone.
        class_weight: How much a training sample of each class counts in the loss; None where all count the same. For
            models of one output.
    """

    batch_size: int
    seed: int
    inputs: Any = None
    outputs: Any = None
    prepare: tuple[Change | None, ...] = ()
    augment: tuple[Change | None, ...] = ()
    class_weight: dict[int, float] | None = None


def structure_of(model: keras.Model) -> tuple[Any, Any]:
    """How a model holds its inputs and its outputs; None where it does not tell, as a subclassed one."""
    return getattr(model, "_inputs_struct", None), getattr(model, "_outputs_struct", None)


def num_batches(part: Part, batch_size: int) -> int:
    """Batches in one pass over a part."""
    if isinstance(part, StreamPart):
        return part.num_batches
    return -(-part.num_samples // batch_size)


def training_batches(part: Part, recipe: Recipe, *, epoch: int = 0, batch: int = 0) -> tf.data.Dataset:
    """Shuffled and augmented batches without an end, from a batch of an epoch on.

    To be trained on with `steps_per_epoch=num_batches(...)` and `shuffle=False`; with that, Keras does not warn.

    A person's own dataset decides about its order itself, and begins anew with each call.

    Args:
        part: What is trained on.
        recipe: How.
        epoch: The first one, from 0.
        batch: The first one in that epoch, from 0.
    """
    total = num_batches(part, recipe.batch_size)
    if isinstance(part, StreamPart):
        steps = part.dataset.repeat().skip(batch).enumerate(start=epoch * total + batch)
        return _finished(_changed(steps, recipe))
    orders = tf.data.Dataset.range(epoch, MOST_EPOCHS).map(lambda number: _order(part.num_samples, recipe.seed, number))
    # One order ahead, so that a large one is there when its epoch begins.
    places = orders.prefetch(1).flat_map(lambda order: _places(order, part.num_samples, recipe.batch_size))
    steps = places.skip(batch).enumerate(start=epoch * total + batch)
    return _finished(_batches(steps, part, recipe))


def ordered_batches(part: Part, recipe: Recipe) -> tf.data.Dataset:
    """The samples once, in their order, neither augmented nor weighed, as for validation."""
    plain = replace(recipe, augment=(), class_weight=None)
    if isinstance(part, StreamPart):
        return _finished(_changed(part.dataset.enumerate(), plain))
    order = tf.range(part.num_samples, dtype=tf.int64)
    steps = _places(order, part.num_samples, recipe.batch_size).enumerate()
    total = num_batches(part, recipe.batch_size)
    return _finished(_batches(steps, part, plain)).apply(tf.data.experimental.assert_cardinality(total))


def epoch_order(num_samples: int, seed: int, epoch: int) -> Array:
    """The order in which an epoch visits the samples.

    Returns:
        int64 of shape `(num_samples,)`.
    """
    order: Array = _order(num_samples, seed, tf.constant(epoch, tf.int64)).numpy()
    return order


def _order(num_samples: int, seed: int, epoch: tf.Tensor) -> tf.Tensor:
    seeds = tf.stack([tf.constant(seed, tf.int64), epoch])
    return tf.random.experimental.stateless_shuffle(tf.range(num_samples, dtype=tf.int64), seed=seeds)


def _places(order: tf.Tensor, num_samples: int, batch_size: int) -> tf.data.Dataset:
    """The places of the samples of each batch; whole batches as rows of one table, as Keras does, which is fastest."""
    num_full, rest = divmod(num_samples, batch_size)
    full = tf.reshape(order[: num_full * batch_size], (num_full, batch_size))
    places = tf.data.Dataset.from_tensor_slices(full)
    return places.concatenate(tf.data.Dataset.from_tensors(order[num_full * batch_size :])) if rest else places


def _batches(steps: tf.data.Dataset, part: Part, recipe: Recipe) -> tf.data.Dataset:
    arrays = (*part.inputs, *part.targets)
    readers = [_reader(array) if _is_read_by_batch(array) else tf.gather for array in arrays]
    held = tuple(tf.zeros(()) if _is_read_by_batch(array) else tf.constant(as_keras_takes(array)) for array in arrays)

    def batch_of(step: tuple[tf.Tensor, tf.Tensor], tensors: Tensors) -> Any:
        number, places = step
        taken = [read(tensor, places) for read, tensor in zip(readers, tensors, strict=True)]
        return _made(number, taken[: len(part.inputs)], taken[len(part.inputs) :], recipe)

    # The arrays are an element of a dataset and no constants of the graph, which would be copied with it.
    zipped = tf.data.Dataset.zip(steps, tf.data.Dataset.from_tensors(held).repeat())
    return zipped.map(batch_of, num_parallel_calls=tf.data.AUTOTUNE)


def _changed(steps: tf.data.Dataset, recipe: Recipe) -> tf.data.Dataset:
    """Numbered batches of a person's own dataset, as the model takes them."""

    def batch_of(number: tf.Tensor, batch: tuple[Any, ...]) -> Any:
        inputs, targets, *weights = batch
        return _made(number, list(inputs), list(targets), recipe, *weights)

    return steps.map(batch_of, num_parallel_calls=tf.data.AUTOTUNE)


def _made(
    number: tf.Tensor, inputs: list[tf.Tensor], targets: list[tf.Tensor], recipe: Recipe, *weights: tf.Tensor
) -> Any:
    """A batch as the model takes it.

    Args:
        number: Of the batch, counted from the first of the first epoch.
        inputs: One for each input.
        targets: One for each output.
        recipe: What is done with them.
        *weights: One for each sample, where the data bring them.
    """
    seeds = tf.stack([tf.constant(recipe.seed, tf.int64), number])
    for changes in (recipe.augment, recipe.prepare):
        for place, change in enumerate(changes):
            inputs[place] = change(inputs[place], seeds) if change else inputs[place]
    x, y = _in_structure(inputs, recipe.inputs), _in_structure(targets, recipe.outputs)
    if not recipe.class_weight:
        return x, y, *weights
    by_class = [recipe.class_weight.get(each, 1.0) for each in range(max(recipe.class_weight) + 1)]
    table = tf.constant(by_class, keras.backend.floatx())
    class_weights = tf.gather(table, _class_numbers(targets[0]))
    return x, y, class_weights * tf.cast(weights[0], table.dtype) if weights else class_weights


def _in_structure(tensors: list[tf.Tensor], structure: Any) -> Any:
    """Lists become tuples, as Keras's own array path has it: a dataset would make one tensor of a list."""
    if structure is None:
        return tensors[0] if len(tensors) == 1 else tuple(tensors)
    return keras.tree.lists_to_tuples(keras.tree.pack_sequence_as(structure, tensors))


def _class_numbers(labels: tf.Tensor) -> tf.Tensor:
    """Of one-hot labels, of a column of numbers, or of numbers; as Keras does for its `class_weight`."""
    if labels.shape.rank == 1:
        return tf.cast(labels, tf.int32)
    return tf.argmax(labels, axis=-1) if labels.shape[-1] != 1 else tf.cast(labels[..., 0], tf.int32)


def _finished(dataset: tf.data.Dataset) -> tf.data.Dataset:
    options = tf.data.Options()
    # As Keras has it for arrays: what the optimizer of the graph would gain is less than what it takes.
    options.experimental_optimization.apply_default_optimizations = False
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    return dataset.with_options(options).prefetch(tf.data.AUTOTUNE)


# -- arrays ---------------------------------------------------------------------------------------------------


def as_keras_takes(array: Array) -> Array:
    """Decimal numbers in Keras's own type, as its array path has them; others as they are."""
    return array.astype(keras.backend.floatx(), copy=False) if array.dtype.kind == "f" else array


def _is_read_by_batch(array: Array) -> bool:
    return isinstance(array, np.memmap) or (array.nbytes > LARGEST_TENSOR and array.dtype.kind != "U")


def _reader(array: Array) -> Change:
    """Reads the samples of a batch from where they are."""
    taken_type = tf.as_dtype(as_keras_takes(array[:0]).dtype)

    def rows(places: Array) -> Array:
        # In the order of the file, so that a disk reads forwards.
        order = np.argsort(places)
        taken = np.empty((len(places), *array.shape[1:]), taken_type.as_numpy_dtype)
        taken[order] = array[places[order]]
        return taken

    def read(_: tf.Tensor, places: tf.Tensor) -> tf.Tensor:
        taken = tf.numpy_function(rows, [places], taken_type, stateful=False)
        return tf.ensure_shape(taken, (places.shape[0], *array.shape[1:]))

    return read
