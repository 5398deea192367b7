"""What a run's batches are made with: preprocessing and augmentation by Keras itself, as TensorFlow's operations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from editor.errors import DataError
from editor.keras_model.error_text import first_sentence
from editor.training.augmentations import augmentation_layer, augmentation_problem
from editor.training.data.parts import Array, Prepared, Preprocessing
from editor.training.data.preprocessing import MINUS_ONE_TO_ONE, NONE, WHITE, ZERO_TO_ONE, are_images
from editor.training.data_options import Augmentation
from editor.training.pipeline import Change, Recipe, structure_of

_BATCH_OF_IMAGES = 4
"""Axes of a batch of images with channels."""


def recipe_of(model: keras.Model, data: Prepared, batch_size: int, seed: int) -> Recipe:
    """How the batches of a run are made.

    Raises:
        DataError: An augmentation does not go with the data.
    """
    inputs, outputs = structure_of(model)
    return Recipe(
        batch_size,
        seed,
        inputs,
        outputs,
        prepare=tuple(map(preparing, data.preprocessing)),
        augment=augmentations(data),
        class_weight=data.class_weight,
    )


def preparing(preprocessing: Preprocessing) -> Change | None:
    """Brings the values of a batch of images to what a model takes; None where nothing is to be done.

    For an application it is Keras's own `preprocess_input`, which takes 0 to 255.
    """
    name, white = preprocessing.name, preprocessing.white
    if name == NONE:
        return None
    own = None if name in (ZERO_TO_ONE, MINUS_ONE_TO_ONE) else getattr(keras.applications, name).preprocess_input

    def prepare(images: tf.Tensor, _: tf.Tensor) -> tf.Tensor:
        values = tf.cast(images, keras.backend.floatx())
        if own is not None:
            return own(values if white == WHITE else values * (WHITE / white))
        return values / white if name == ZERO_TO_ONE else values / (white / 2) - 1

    return prepare


def augmentations(data: Prepared) -> tuple[Change | None, ...]:
    """What changes the training samples of each input at random; None for an input that is no image.

    Raises:
        DataError: An augmentation is unknown, or no input is an image.
    """
    if not data.augmentation:
        return ()
    held = data.preprocessing or (Preprocessing(),) * len(data.train.inputs)
    changes = tuple(
        _augmenting(data.augmentation, values, preprocessing) if are_images(values, (None, None)) else None
        for values, preprocessing in zip(data.train.inputs, held, strict=True)
    )
    if not any(changes):
        raise DataError(
            f"{data.augmentation[0].layer} changes images, and these data hold none.", hint="Leave augmentation out."
        )
    return changes


def _augmenting(chosen: Sequence[Augmentation], values: Array, preprocessing: Preprocessing) -> Change:
    num_channels = values.shape[-1] if values.ndim == _BATCH_OF_IMAGES else 1
    layers = [_layer(each, num_channels, preprocessing) for each in chosen]

    def augment(images: tf.Tensor, seeds: tf.Tensor) -> tf.Tensor:
        is_grey = images.shape.rank < _BATCH_OF_IMAGES
        changed = tf.cast(images[..., None] if is_grey else images, "float32")
        for place, layer in enumerate(layers):
            generator = _BatchSeeds(tf.random.fold_in(seeds, place))
            # The layer's own generator counts its calls, and batches are made side by side in any order.
            layer._get_seed_generator = lambda _=None, generator=generator: generator
            changed = layer(changed, training=True)
        return changed[..., 0] if is_grey else changed

    return augment


def _layer(chosen: Augmentation, num_channels: int, preprocessing: Preprocessing) -> keras.Layer:
    known = augmentation_layer(chosen.layer)
    problem = augmentation_problem(chosen, num_channels)
    if known is None or problem:
        raise DataError(problem)
    config: dict[str, Any] = {each.name: each.default for each in known.arguments} | chosen.config
    if known.has_value_range:
        config["value_range"] = (preprocessing.black, preprocessing.white)
    try:
        return getattr(keras.layers, chosen.layer)(**config, seed=0, dtype="float32")
    except (ValueError, TypeError) as error:
        raise DataError(f"{chosen.layer} cannot be made: {first_sentence(error)}") from error


class _BatchSeeds(keras.random.SeedGenerator):  # type: ignore[misc]
    """Gives a layer the seeds of one batch; they depend on nothing but the batch's own."""

    def __init__(self, seeds: tf.Tensor) -> None:
        # Keras's own one makes a variable, which is the state that this one has not.
        self._seeds = seeds
        self._num_drawn = 0

    def next(self, ordered: bool = True) -> tf.Tensor:
        self._num_drawn += 1
        return tf.cast(tf.random.fold_in(self._seeds, self._num_drawn), "int64")
