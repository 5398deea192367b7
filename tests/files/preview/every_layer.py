"""One or more examples of every layer class that Keras has, for holding a table of them against."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import keras
from keras import layers

NOT_HERE = frozenset({"FlaxLayer", "JaxLayer", "TFSMLayer", "TorchModuleWrapper"})
"""Layers that hold what is not Keras's: modules of other libraries, whole SavedModels."""

Example = tuple[Callable[[], keras.Layer], Any]
"""How to make a layer, and the shapes of its inputs; a list of shapes are several arguments."""

_IMAGE = (None, 8, 8, 3)
_SIGNAL = (None, 8, 3)
_VOLUME = (None, 6, 6, 6, 2)
_ROW = (None, 4)
_BUILT = "built"
"""For a layer that can be built and not called."""


_IMAGE_LAYERS = """AugMix AutoContrast ContrastLimitedAdaptiveHistogramEqualization CutMix Equalization MixUp
RandAugment RandomColorJitter RandomElasticTransform RandomErasing RandomFlip RandomGaussianBlur RandomGrayscale
RandomInvert RandomPerspective RandomShear Solarization"""
_WITH_FACTOR = """RandomBrightness RandomColorDegeneration RandomContrast RandomHue RandomRotation RandomSaturation
RandomSharpness"""


def _sizes(dimensions: int) -> tuple[int | None, ...]:
    return {1: _SIGNAL, 2: _IMAGE, 3: _VOLUME}[dimensions]


def _by_dimension() -> dict[str, Example]:
    examples: dict[str, Example] = {}
    for number in (1, 2, 3):
        shape = _sizes(number)
        for name in ("AveragePooling", "MaxPooling", "AdaptiveAveragePooling", "AdaptiveMaxPooling"):
            examples[f"{name}{number}D"] = (lambda n=f"{name}{number}D": getattr(layers, n)(2)), shape
        for name in ("GlobalAveragePooling", "GlobalMaxPooling", "Cropping", "UpSampling", "ZeroPadding"):
            examples[f"{name}{number}D"] = (lambda n=f"{name}{number}D": getattr(layers, n)()), shape
        examples[f"SpatialDropout{number}D"] = (lambda n=f"SpatialDropout{number}D": getattr(layers, n)(0.2)), shape
        for name in ("Conv", "SeparableConv", "ConvTranspose"):
            full = f"Conv{number}DTranspose" if name == "ConvTranspose" else f"{name}{number}D"
            if hasattr(layers, full):
                examples[full] = (lambda n=full: getattr(layers, n)(4, 3)), shape
                examples[f"{full} bare"] = (lambda n=full: getattr(layers, n)(4, 2, use_bias=False)), shape
        if number < 3:
            depthwise = f"DepthwiseConv{number}D"
            examples[depthwise] = (lambda n=depthwise: getattr(layers, n)(3, depth_multiplier=2)), shape
            examples[f"{depthwise} bare"] = (lambda n=depthwise: getattr(layers, n)(3, use_bias=False)), shape
        recurrent = f"ConvLSTM{number}D"
        clip = (None, 2, *shape[1:])
        examples[recurrent] = (lambda n=recurrent: getattr(layers, n)(2, 3, dropout=0.1)), clip
        examples[f"{recurrent} bare"] = (lambda n=recurrent: getattr(layers, n)(2, 3, use_bias=False)), clip
    examples["Conv2D in groups"] = (lambda: layers.Conv2D(6, 3, groups=3)), _IMAGE
    examples["Conv2D channels first"] = (lambda: layers.Conv2D(6, (1, 3), data_format="channels_first")), _IMAGE
    examples["SeparableConv2D multiplied"] = (lambda: layers.SeparableConv2D(6, 3, depth_multiplier=2)), _IMAGE
    return examples


def _simple() -> dict[str, Example]:
    return {
        "Activation": (lambda: layers.Activation("relu"), _ROW),
        "ActivityRegularization": (layers.ActivityRegularization, _ROW),
        "AlphaDropout": (lambda: layers.AlphaDropout(0.1), _ROW),
        "Dropout": (lambda: layers.Dropout(0.1), _ROW),
        "ELU": (layers.ELU, _ROW),
        "Flatten": (layers.Flatten, _IMAGE),
        "GaussianDropout": (lambda: layers.GaussianDropout(0.1), _ROW),
        "GaussianNoise": (lambda: layers.GaussianNoise(0.1), _ROW),
        "Identity": (layers.Identity, _ROW),
        "Lambda": (lambda: layers.Lambda(keras.ops.abs), _ROW),
        "Layer": (layers.Layer, None),
        "InputLayer": (lambda: layers.InputLayer((4,)), None),
        "LeakyReLU": (layers.LeakyReLU, _ROW),
        "Masking": (layers.Masking, _SIGNAL),
        "Permute": (lambda: layers.Permute((2, 1)), _SIGNAL),
        "ReLU": (layers.ReLU, _ROW),
        "RepeatVector": (lambda: layers.RepeatVector(2), _ROW),
        "Reshape": (lambda: layers.Reshape((2, 2)), _ROW),
        "Softmax": (layers.Softmax, _ROW),
        "UnitNormalization": (layers.UnitNormalization, _ROW),
        **{
            name: (getattr(layers, name), [[_ROW, _ROW]])
            for name in ("Add", "Average", "Concatenate", "Maximum", "Minimum", "Multiply", "Subtract")
        },
        "Dot": (lambda: layers.Dot(1), [[_ROW, _ROW]]),
    }


def _lora_and_quantized() -> dict[str, Example]:
    def with_lora(make: Callable[[], keras.Layer], shape: Any) -> Callable[[], keras.Layer]:
        def made() -> keras.Layer:
            layer = make()
            layer.build(shape)
            layer.enable_lora(2)
            return layer

        return made

    def quantized(make: Callable[[], keras.Layer], shape: Any, mode: str) -> Callable[[], keras.Layer]:
        def made() -> keras.Layer:
            layer = make()
            if not layer.built:
                layer.build(shape)
            layer.quantize(mode)
            # As it is loaded: another order than that of a layer that is quantized later.
            loaded = type(layer).from_config(layer.get_config())
            loaded.build(shape)
            return loaded

        return made

    able: dict[str, Example] = {
        "Dense": (lambda: layers.Dense(3), _ROW),
        "Dense bare": (lambda: layers.Dense(3, use_bias=False), _ROW),
        "EinsumDense": (lambda: layers.EinsumDense("abc,cd->abd", (None, 6), bias_axes="d"), _SIGNAL),
        "Embedding": (lambda: layers.Embedding(7, 3), (None, 5)),
    }
    return {
        **{f"{title} with LoRA": (with_lora(*example), None) for title, example in able.items()},
        "Conv2D with LoRA": (with_lora(lambda: layers.Conv2D(3, 2), _IMAGE), None),
        **{
            f"{title} in {mode}": (quantized(*example, mode), None)
            for title, example in able.items()
            for mode in ("int8", "int4", "float8")
            if (title, mode) != ("Embedding", "float8")
        },
        **{
            f"{title} with LoRA in {mode}": (quantized(with_lora(*able[title]), able[title][1], mode), None)
            for title, mode in (
                ("Dense", "int4"),
                ("EinsumDense", "int8"),
                ("Dense bare", "float8"),
                ("Embedding", "int4"),
            )
        },
    }


def _with_weights() -> dict[str, Example]:
    return {
        "Dense": (lambda: layers.Dense(3), _SIGNAL),
        "Dense bare": (lambda: layers.Dense(3, use_bias=False), _ROW),
        "Dense with a layer": (lambda: layers.Dense(3, activation=layers.ReLU()), _ROW),
        "Activation with a layer": (lambda: layers.Activation(layers.LeakyReLU()), _ROW),
        "EinsumDense": (lambda: layers.EinsumDense("abc,cd->abd", (None, 6), bias_axes="d"), _SIGNAL),
        "EinsumDense bare": (lambda: layers.EinsumDense("ab,bc->ac", 6), _ROW),
        "Embedding": (lambda: layers.Embedding(7, 3), (None, 5)),
        "ReversibleEmbedding": (lambda: layers.ReversibleEmbedding(7, 3), (None, 5)),
        "ReversibleEmbedding untied": (lambda: layers.ReversibleEmbedding(7, 3, tie_weights=False), (None, 5)),
        **_lora_and_quantized(),
        "PReLU": (layers.PReLU, _IMAGE),
        "PReLU shared": (lambda: layers.PReLU(shared_axes=[1, 2]), _IMAGE),
        "BatchNormalization": (layers.BatchNormalization, _IMAGE),
        "BatchNormalization bare": (lambda: layers.BatchNormalization(scale=False, center=False), _IMAGE),
        "BatchNormalization renorm": (lambda: layers.BatchNormalization(renorm=True), _IMAGE),
        "BatchNormalization axis": (lambda: layers.BatchNormalization(axis=1), _SIGNAL),
        "GroupNormalization": (lambda: layers.GroupNormalization(3), _IMAGE),
        "GroupNormalization bare": (lambda: layers.GroupNormalization(3, scale=False), _IMAGE),
        "LayerNormalization": (layers.LayerNormalization, _IMAGE),
        "LayerNormalization axes": (lambda: layers.LayerNormalization(axis=[1, 2], center=False), _IMAGE),
        "RMSNormalization": (layers.RMSNormalization, _ROW),
        "Normalization": (layers.Normalization, _IMAGE),
        "Normalization given": (lambda: layers.Normalization(mean=0.5, variance=2.0), _IMAGE),
        "Normalization whole": (lambda: layers.Normalization(axis=None), _IMAGE),
        "Attention": (layers.Attention, [[_SIGNAL, _SIGNAL]]),
        "Attention scaled": (
            lambda: layers.Attention(use_scale=True, score_mode="concat", dropout=0.1),
            [[_SIGNAL, _SIGNAL]],
        ),
        "AdditiveAttention": (layers.AdditiveAttention, [[_SIGNAL, _SIGNAL]]),
        "AdditiveAttention bare": (lambda: layers.AdditiveAttention(use_scale=False), [[_SIGNAL, _SIGNAL]]),
    }


def _recurrent() -> dict[str, Example]:
    return {
        "SimpleRNN": (lambda: layers.SimpleRNN(3, dropout=0.2), _SIGNAL),
        "SimpleRNN bare": (lambda: layers.SimpleRNN(3, use_bias=False), _SIGNAL),
        "GRU": (lambda: layers.GRU(3), _SIGNAL),
        "GRU reset before": (lambda: layers.GRU(3, reset_after=False, recurrent_dropout=0.1), _SIGNAL),
        "GRU bare": (lambda: layers.GRU(3, use_bias=False), _SIGNAL),
        "LSTM": (lambda: layers.LSTM(3), _SIGNAL),
        "LSTM stateful": (lambda: layers.LSTM(3, stateful=True, use_bias=False), (2, 4, 3)),
        "RNN": (lambda: layers.RNN(layers.LSTMCell(3)), _SIGNAL),
        "SimpleRNNCell": (lambda: layers.RNN(layers.SimpleRNNCell(3, name="inside"), name="outside"), _SIGNAL),
        "GRUCell": (lambda: layers.RNN(layers.GRUCell(3)), _SIGNAL),
        "LSTMCell": (lambda: layers.RNN(layers.LSTMCell(3, dropout=0.1)), _SIGNAL),
        "StackedRNNCells": (
            lambda: layers.RNN(layers.StackedRNNCells([layers.LSTMCell(3), layers.GRUCell(2), layers.LSTMCell(4)])),
            _SIGNAL,
        ),
        "RNN of cells": (lambda: layers.RNN([layers.LSTMCell(3), layers.GRUCell(2)]), _SIGNAL),
        "Bidirectional": (lambda: layers.Bidirectional(layers.LSTM(3, name="text")), _SIGNAL),
        "Bidirectional of two": (
            lambda: layers.Bidirectional(
                layers.GRU(3, name="ahead"), backward_layer=layers.GRU(3, name="back", go_backwards=True)
            ),
            _SIGNAL,
        ),
        "Bidirectional of cells": (lambda: layers.Bidirectional(layers.RNN(layers.LSTMCell(3))), _SIGNAL),
        "TimeDistributed": (lambda: layers.TimeDistributed(layers.Dense(2)), _SIGNAL),
        "TimeDistributed model": (
            lambda: layers.TimeDistributed(keras.Sequential([keras.Input((3,)), layers.Dense(2), layers.Dense(2)])),
            _SIGNAL,
        ),
        "SpectralNormalization": (lambda: layers.SpectralNormalization(layers.Conv2D(2, 3)), _IMAGE),
        "SpectralNormalization of Embedding": (
            lambda: layers.SpectralNormalization(layers.Embedding(7, 3)),
            (None, 5),
        ),
        "Wrapper": (lambda: layers.Wrapper(layers.Dense(2)), _BUILT),
    }


def _attention() -> dict[str, Example]:
    return {
        "MultiHeadAttention": (lambda: layers.MultiHeadAttention(2, 3, dropout=0.1), [_SIGNAL, _SIGNAL]),
        "MultiHeadAttention bare": (
            lambda: layers.MultiHeadAttention(2, 3, value_dim=4, use_bias=False, output_shape=5),
            [_SIGNAL, _SIGNAL],
        ),
        "MultiHeadAttention gated": (lambda: layers.MultiHeadAttention(2, 3, use_gate=True), [_SIGNAL, _SIGNAL]),
        "MultiHeadAttention axes": (
            lambda: layers.MultiHeadAttention(2, 3, attention_axes=(1, 2)),
            [_IMAGE, _IMAGE, (None, 8, 8, 5)],
        ),
        "GroupedQueryAttention": (lambda: layers.GroupQueryAttention(3, 4, 2, dropout=0.1), [_SIGNAL, _SIGNAL]),
        "GroupedQueryAttention gated": (
            lambda: layers.GroupQueryAttention(3, 4, 2, use_bias=False, use_gate=True),
            [_SIGNAL, _SIGNAL],
        ),
    }


def _preprocessing() -> dict[str, Example]:
    images = _IMAGE_LAYERS.split()
    with_factor = _WITH_FACTOR.split()
    text = ["a", "b", "c"]
    return {
        **{name: (getattr(layers, name), _IMAGE) for name in images},
        **{name: ((lambda n=name: getattr(layers, n)(0.2)), _IMAGE) for name in with_factor},
        "RandomColorJitter of all": (
            lambda: layers.RandomColorJitter(
                brightness_factor=0.1, contrast_factor=0.1, saturation_factor=0.1, hue_factor=0.1
            ),
            _IMAGE,
        ),
        "RandomPosterization": (lambda: layers.RandomPosterization(4), _IMAGE),
        "RandomTranslation": (lambda: layers.RandomTranslation(0.1, 0.1), _IMAGE),
        "RandomZoom": (lambda: layers.RandomZoom(0.1), _IMAGE),
        "RandomCrop": (lambda: layers.RandomCrop(4, 4), _IMAGE),
        "CenterCrop": (lambda: layers.CenterCrop(4, 4), _IMAGE),
        "Resizing": (lambda: layers.Resizing(4, 4), _IMAGE),
        "Rescaling": (lambda: layers.Rescaling(0.5), _IMAGE),
        "Pipeline": (
            lambda: layers.Pipeline([layers.Rescaling(0.5), layers.RandomFlip(), layers.Rescaling(1)]),
            _IMAGE,
        ),
        "MaxNumBoundingBoxes": (lambda: layers.MaxNumBoundingBoxes(3), None),
        "CategoryEncoding": (lambda: layers.CategoryEncoding(4), (None, 3)),
        "Discretization": (lambda: layers.Discretization([0.5, 1.0]), _ROW),
        "HashedCrossing": (lambda: layers.HashedCrossing(4), None),
        "Hashing": (lambda: layers.Hashing(4), None),
        "IntegerLookup": (lambda: layers.IntegerLookup(vocabulary=[1, 2, 3]), None),
        "StringLookup": (lambda: layers.StringLookup(vocabulary=text), None),
        "TextVectorization": (lambda: layers.TextVectorization(vocabulary=text), None),
        "MelSpectrogram": (lambda: layers.MelSpectrogram(fft_length=64, sequence_stride=32), (None, 256)),
        "STFTSpectrogram real": (
            lambda: layers.STFTSpectrogram(mode="real", frame_length=16, window=None),
            (None, 64, 1),
        ),
        "STFTSpectrogram": (lambda: layers.STFTSpectrogram(frame_length=16, window=None), (None, 64, 1)),
    }


EXAMPLES: dict[str, Example] = {
    **_by_dimension(),
    **_simple(),
    **_with_weights(),
    **_recurrent(),
    **_attention(),
    **_preprocessing(),
}
"""By a title that begins with the class."""


def every_class() -> frozenset[str]:
    """The names of all layer classes that Keras has."""
    found = (getattr(layers, name) for name in dir(layers))
    return frozenset(each.__name__ for each in found if inspect.isclass(each) and issubclass(each, keras.Layer))


def built(title: str) -> keras.Layer:
    """An example that has all its weights."""
    make, shapes = EXAMPLES[title]
    layer = make()
    if shapes is None:
        return layer
    if shapes == _BUILT:
        layer.build(_ROW)
        return layer
    arguments = [_tensors(layer, shape) for shape in (shapes if isinstance(shapes, list) else [shapes])]
    layer(*arguments)
    return layer


def _tensors(layer: keras.Layer, shape: Any) -> Any:
    if isinstance(shape, list):
        return [_tensors(layer, each) for each in shape]
    return keras.KerasTensor(shape, dtype="int32" if "Embedding" in type(layer).__name__ else "float32")
