"""Some training samples as a model will receive them, made so that a person can look at them."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import tensorflow as tf
from msgspec.structs import replace
from PIL import Image

from editor.training.data.parts import Array, Part, Prepared, Preprocessing
from editor.training.data.preprocessing import are_images
from editor.training.data_report import DataReport, SampleView
from editor.training.labels import are_shares
from editor.training.recipe import augmentations, preparing

NUM_SAMPLES = 12
_FEWEST_OF_SERIES = 16
"""Numbers in a row; fewer are shown one by one."""
_MOST_VALUES = 20
_WHITE = 255
_SIZES = 2
"""Axes of a picture."""


def with_samples(data: Prepared, *, seed: int = 0, num: int = NUM_SAMPLES) -> DataReport:
    """The report on data with some samples of the training part, and the range of what a model receives.

    Args:
        data: The data.
        seed: Draws the samples and what augmentation does to them.
        num: How many.

    Raises:
        DataError: An augmentation does not go with the data.
    """
    report = data.report
    samples = sample_views(data, seed=seed, num=num)
    return replace(report, samples=samples, value_range=report.value_range or _received_range(data))


def sample_views(data: Prepared, *, seed: int = 0, num: int = NUM_SAMPLES) -> tuple[SampleView, ...]:
    """Some samples of the training part, after augmentation; what is done to their values is undone to be looked at.

    Args:
        data: The data.
        seed: Draws the samples and what augmentation does to them.
        num: How many.

    Raises:
        DataError: An augmentation does not go with the data.
    """
    total = data.train.num_samples
    rows = np.sort(np.random.default_rng(seed).permutation(total)[:num])
    if data.view:
        return tuple(replace(data.view(data.train, int(row)), source=data.sources[row]) for row in rows)
    part = data.train.take(rows)
    place = next((at for at, values in enumerate(part.inputs) if are_images(values, (None, None))), 0)
    changes = augmentations(data)
    values = part.inputs[place]
    if place < len(changes) and (change := changes[place]):
        values = change(tf.constant(values), tf.constant([seed, 0], tf.int64)).numpy()
    preprocessing = data.preprocessing[place] if data.preprocessing else Preprocessing()
    return tuple(
        replace(
            _view(values[at], preprocessing, is_image=are_images(part.inputs[place], (None, None))),
            label=_label(part.targets[0][at], data.class_names),
            source=data.sources[row] if data.sources else f"sample {row + 1:,}",
        )
        for at, row in enumerate(rows)
    )


def _view(sample: Array, preprocessing: Preprocessing, *, is_image: bool) -> SampleView:
    if sample.dtype.kind not in "biuf":
        return SampleView(label="", values=(("text", str(sample)),))
    flat = sample[..., 0] if sample.shape[-1:] == (1,) and sample.ndim == _SIZES else sample
    if is_image:
        return SampleView(label="", picture=picture_of(sample, preprocessing.black, preprocessing.white))
    if sample.ndim == _SIZES and flat.ndim == _SIZES:
        return SampleView(label="", picture=picture_of(sample, float(sample.min()), float(sample.max())))
    if flat.ndim == 1 and len(flat) >= _FEWEST_OF_SERIES:
        return SampleView(label="", series=tuple(map(float, flat)))
    values = tuple((str(number), f"{value:g}") for number, value in enumerate(sample.ravel()[:_MOST_VALUES]))
    return SampleView(label="", values=values)


def picture_of(sample: Array, black: float, white: float) -> bytes:
    """A sample as the bytes of a PNG file, pixel for pixel.

    Args:
        sample: `(height, width)` or `(height, width, channels)` with 1, 3 or 4 channels.
        black: The value that is shown black.
        white: The value that is shown white.
    """
    scaled = (sample.astype(np.float64) - black) * (_WHITE / max(white - black, 1e-9))
    pixels = np.rint(np.clip(scaled, 0, _WHITE)).astype(np.uint8)
    written = io.BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[2:] == (1,) else pixels).save(written, "PNG")
    return written.getvalue()


def _label(target: Array, names: Sequence[str]) -> str:
    """A target in words: the name of its class, or its values."""
    is_one_hot = bool(target.ndim) and are_shares(target[None])
    values = np.atleast_1d(target.argmax() if is_one_hot else target).ravel()[:_MOST_VALUES]
    number = int(values[0]) if len(values) == 1 and values.dtype.kind in "biuf" else -1
    if 0 <= number < len(names) and number == values[0]:
        return names[number]
    return ", ".join(
        f"{value:g}" if values.dtype.kind == "f" else str(value) for value in values.ravel()[:_MOST_VALUES]
    )


def _received_range(data: Prepared) -> tuple[float, float] | None:
    """The lowest and the highest value of some samples, as a model receives them; None for text."""
    part: Part = data.train.take(np.arange(min(NUM_SAMPLES, data.train.num_samples)))
    changes = [preparing(each) for each in data.preprocessing] or [None] * len(part.inputs)
    numbers = [
        np.asarray(change(tf.constant(values), None)) if change else values
        for values, change in zip(part.inputs, changes, strict=True)
        if values.dtype.kind in "biuf" and values.size
    ]
    if not numbers:
        return None
    return float(min(values.min() for values in numbers)), float(max(values.max() for values in numbers))
