"""What a model needs done to the values of an image: found from its layers and the data; without Keras."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from msgspec.structs import replace

from editor.errors import DataError
from editor.files.application_guess import guess_application
from editor.files.applications import ApplicationFacts, applications, facts_of
from editor.layers.records import LayerRecord, Shape
from editor.training.data.parts import Array, Prepared, Preprocessing, StreamPart
from editor.training.data_options import PREPROCESSINGS, DataOptions
from editor.training.model_facts import ModelFacts, WantedPreprocessing
from editor.training.words import AUTOMATIC

NONE, ZERO_TO_ONE, MINUS_ONE_TO_ONE = PREPROCESSINGS[1:]
WHITE = 255.0

_SCALING = frozenset({"Rescaling", "Normalization"})
_ARITHMETIC = frozenset({"TrueDivide", "Divide", "Multiply", "Subtract", "Add"})
"""Operations that `images / 255` and Keras's own `preprocess_input` leave in a model."""
_FEW_LEVELS = 100
"""Images whose highest value is lower than this have fewer levels than 8 bits, as scans of digits with 0 to 16."""
_PIXELS_LOOKED_AT = 1 << 24
_COLOR_CHANNELS = 3
_IMAGE_CHANNELS = (1, 3, 4)


def wanted_preprocessing(root: LayerRecord, first_operations: Mapping[str, str] | None = None) -> WantedPreprocessing:
    """What a model wants of images, by its layers, and for an application by the shapes of its weights or its name.

    Args:
        root: The model.
        first_operations: Classes of the layers and operations before the first weights, by name.
    """
    scaling = next((record.name for record in _walk(root) if record.class_name in _SCALING), "")
    operations = (first_operations or {}).items()
    if scaling := scaling or next((name for name, kind in operations if kind in _ARITHMETIC), ""):
        return WantedPreprocessing(NONE, f"The model scales images itself, in its layer {scaling!r}.")
    guesses = guess_application(root)
    facts = facts_of(guesses[0].application) if guesses else _application_by_name(root)
    if facts is None:
        return WantedPreprocessing()
    if facts.has_preprocessing:
        return WantedPreprocessing(NONE, f"The layers are those of {facts.title}, which takes 0 to 255 as they are.")
    reason = f"The layers are those of {facts.title}, whose weights were trained with its preprocess_input."
    return WantedPreprocessing(facts.module, reason)


def with_preprocessing(data: Prepared, options: DataOptions, facts: ModelFacts) -> Prepared:
    """Data with what is done to the values of each input, and to training samples at random.

    Raises:
        DataError: What was chosen does not go with the data.
    """
    is_own = isinstance(data.train, StreamPart) and options.preprocessing == AUTOMATIC
    wanted = WantedPreprocessing(NONE, "The function prepares its samples itself.") if is_own else facts.preprocessing
    chosen = tuple(
        choose_preprocessing(values, facts.input_shape(place), options.preprocessing, wanted)
        for place, values in enumerate(data.train.inputs)
    )
    told = next(((values, each) for values, each in zip(data.train.inputs, chosen, strict=True) if each.reason), None)
    report = replace(data.report, **_told(*told)) if told else data.report
    return dataclasses.replace(data, preprocessing=chosen, augmentation=options.augmentation, report=report)


def _told(values: Array, preprocessing: Preprocessing) -> dict[str, Any]:
    facts = {"preprocessing": preprocessing.name, "preprocessing_reason": preprocessing.reason}
    lowest, highest = value_range(values)
    match preprocessing.name:
        case "none":
            scale, shift = 1.0, 0.0
        case "zero-to-one":
            scale, shift = 1 / preprocessing.white, 0.0
        case "minus-one-to-one":
            scale, shift = 2 / preprocessing.white, -1.0
        case _:
            # Each channel has its own range then, and only Keras knows it.
            return facts
    return {**facts, "value_range": (lowest * scale + shift, highest * scale + shift)}


def choose_preprocessing(
    values: Array, sample_shape: Shape | None, chosen: str, wanted: WantedPreprocessing
) -> Preprocessing:
    """What is done to the values of an input.

    Args:
        values: Samples to train on, `(num_samples, …)`.
        sample_shape: What the model takes as one sample; None where it does not tell.
        chosen: One of `PREPROCESSINGS`, or the name of a module of `keras.applications`.
        wanted: What the model wants.

    Raises:
        DataError: There is no such preprocessing, or it does not go with the channels of the images.
    """
    if not are_images(values, sample_shape):
        return Preprocessing()
    lowest, highest = value_range(values)
    white = _white_of(values, highest)
    if chosen != AUTOMATIC:
        _check_chosen(chosen, values.shape[-1])
        return Preprocessing(chosen, "It was chosen.", white=white)
    if lowest < 0:
        reason = f"The values go from {lowest:g} to {highest:g}: they are prepared already."
        return Preprocessing(NONE, reason, lowest, highest)
    if wanted.name == AUTOMATIC or (wanted.name != NONE and values.shape[-1] != _COLOR_CHANNELS):
        return Preprocessing(*_by_range(lowest, highest, white), white=white)
    return Preprocessing(wanted.name, wanted.reason, white=white)


def _by_range(lowest: float, highest: float, white: float) -> tuple[str, str]:
    if white <= 1:
        return NONE, "The values are from 0 to 1 already."
    if highest > white:
        return NONE, f"The values go up to {highest:g}, which is more than images have."
    return ZERO_TO_ONE, f"The values go from {lowest:g} to {highest:g}, and {white:g} becomes 1."


def are_images(values: Array, sample_shape: Shape | None) -> bool:
    """Whether the samples of an input are images: height, width and 1, 3 or 4 channels, or a grey one without."""
    is_number = values.dtype.kind in "uif"
    has_channels = values.ndim == 4 and values.shape[-1] in _IMAGE_CHANNELS
    is_grey = values.ndim == 3 and values.dtype == np.uint8 and sample_shape is not None and len(sample_shape) == 2
    return is_number and (has_channels or is_grey)


def value_range(values: Array) -> tuple[float, float]:
    """The lowest and the highest value, of at most some million values from all over an array."""
    per_sample = max(int(np.prod(values.shape[1:])), 1)
    step = max(len(values) * per_sample // _PIXELS_LOOKED_AT, 1)
    seen = values[::step]
    return float(seen.min()), float(seen.max())


def _white_of(values: Array, highest: float) -> float:
    if values.dtype == np.uint8 and highest >= _FEW_LEVELS:
        return WHITE
    if highest <= 1:
        return 1.0
    if highest < _FEW_LEVELS:
        return highest
    return WHITE if highest <= WHITE or values.dtype != np.uint16 else float(np.iinfo(np.uint16).max)


def _check_chosen(chosen: str, num_channels: int) -> None:
    modules = sorted({facts.module for facts in applications()})
    if chosen not in (*PREPROCESSINGS, *modules):
        raise DataError(
            f"There is no preprocessing called {chosen!r}.",
            hint=f"Use one of: {', '.join((*PREPROCESSINGS, *modules))}.",
            field="preprocessing",
        )
    if chosen in modules and num_channels != _COLOR_CHANNELS:
        raise DataError(
            f"The preprocessing of {chosen} takes images with 3 channels, but these have {num_channels}.",
            hint=f"Use {ZERO_TO_ONE}, or a model with 3 channels.",
            field="preprocessing",
        )


# -- a model's layers -----------------------------------------------------------------------------------------


def _walk(record: LayerRecord) -> Iterator[LayerRecord]:
    yield record
    for child in record.children:
        yield from _walk(child)


def _application_by_name(root: LayerRecord) -> ApplicationFacts | None:
    """An application that a model, or a model inside it, is named after: a part of one has not all of its weights."""
    names = [_plain(record.name) for record in _walk(root) if record.is_graph]
    names += [_plain(str(root.config.get("name", "")))]
    fitting = [facts for facts in applications() if any(name.startswith(_plain(facts.name)) for name in names)]
    return max(fitting, key=lambda facts: len(facts.name), default=None)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
