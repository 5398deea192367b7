"""The output shapes of Keras's commonest layers, by plain rules; a layer without a certain rule has none."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from editor.files.preview.keras_layers import Settings, names_in, settings_of
from editor.layers.records import Shape

_SAME = names_in(
    """
    Activation ActivityRegularization AlphaDropout BatchNormalization Dropout ELU GaussianDropout GaussianNoise
    GroupNormalization Identity LayerNormalization LeakyReLU Masking PReLU RMSNormalization ReLU Softmax
    SpatialDropout1D SpatialDropout2D SpatialDropout3D UnitNormalization
    """
)
_MERGED = names_in("Add Average Maximum Minimum Multiply Subtract")
_RECURRENT = names_in("GRU LSTM SimpleRNN")


def output_shape(class_name: str, settings: Settings, inputs: tuple[Shape, ...]) -> Shape | None:
    """The shape of a layer's one output; None where no rule is certain.

    Args:
        class_name: A class of Keras.
        settings: Its arguments.
        inputs: One shape for each input, the batch first.
    """
    if not inputs:
        return None
    try:
        return _ruled(class_name, settings, inputs)
    # Arguments of a wrong type or number: the file is wrong, and so would be any shape.
    except (TypeError, ValueError, IndexError, KeyError, AttributeError):
        return None


def _ruled(class_name: str, settings: Settings, inputs: tuple[Shape, ...]) -> Shape | None:
    if class_name in _SAME and len(inputs) == 1:
        return inputs[0]
    if class_name in _MERGED:
        return inputs[0] if len(set(inputs)) == 1 else None
    if class_name == "Concatenate":
        return _joined(settings, inputs)
    if class_name == "MultiHeadAttention":
        return inputs[0] if settings.get("output_shape") is None else None
    rule = _RULES.get(class_name)
    return rule(settings, inputs[0]) if rule and len(inputs) == 1 else None


def _joined(settings: Settings, inputs: tuple[Shape, ...]) -> Shape | None:
    first = list(inputs[0])
    axis = settings.get("axis", -1) % len(first)
    others = {(*shape[:axis], *shape[axis + 1 :]) for shape in inputs}
    if len(others) != 1:
        return None
    sizes = [shape[axis] for shape in inputs]
    first[axis] = None if None in sizes else sum(size for size in sizes if size is not None)
    return tuple(first)


def _dense(settings: Settings, shape: Shape) -> Shape:
    return (*shape[:-1], settings["units"])


def _embedding(settings: Settings, shape: Shape) -> Shape:
    return (*shape, settings["output_dim"])


def _flat(_settings: Settings, shape: Shape) -> Shape:
    return shape[0], product(shape[1:])


def product(sizes: tuple[int | None, ...]) -> int | None:
    """The number of values in these dimensions; None where one is free."""
    return None if None in sizes else math.prod(size for size in sizes if size is not None)


def _reshaped(settings: Settings, shape: Shape) -> Shape | None:
    target = list(settings["target_shape"])
    if -1 in target:
        total, known = product(shape[1:]), math.prod(size for size in target if size != -1)
        target[target.index(-1)] = None if total is None or not known else total // known
    return (shape[0], *target)


def _permuted(settings: Settings, shape: Shape) -> Shape:
    return (shape[0], *(shape[at] for at in settings["dims"]))


def _repeated(settings: Settings, shape: Shape) -> Shape:
    return shape[0], settings["n"], shape[1]


def _recurrent(settings: Settings, shape: Shape) -> Shape | None:
    if settings.get("return_state"):
        return None
    return (*shape[:2], settings["units"]) if settings.get("return_sequences") else (shape[0], settings["units"])


def _both_ways(settings: Settings, shape: Shape) -> Shape | None:
    inner = settings["layer"]
    one = _recurrent(settings_of(inner), shape) if inner.get("class_name") in _RECURRENT else None
    mode = settings.get("merge_mode", "concat")
    if one is None or mode is None:
        return None
    return (*one[:-1], (one[-1] or 0) * 2) if mode == "concat" else one


def _each_step(settings: Settings, shape: Shape) -> Shape | None:
    inner = settings["layer"]
    one = output_shape(inner["class_name"], settings_of(inner), ((shape[0], *shape[2:]),))
    return one and (one[0], shape[1], *one[1:])


# -- places -------------------------------------------------------------------------------------------------------


def _is_first(settings: Settings) -> bool:
    """Whether the channels come first."""
    return settings.get("data_format") == "channels_first"


def split(settings: Settings, shape: Shape) -> tuple[tuple[int | None, ...], int | None]:
    """The sizes of the places and the number of channels."""
    return (shape[2:], shape[1]) if _is_first(settings) else (shape[1:-1], shape[-1])


def _with_places(settings: Settings, shape: Shape, places: list[int | None], channels: int | None) -> Shape:
    return (shape[0], channels, *places) if _is_first(settings) else (shape[0], *places, channels)


def sizes_of(value: Any, count: int) -> tuple[int, ...]:
    """One whole number for each dimension."""
    return (value,) * count if isinstance(value, int) else tuple(value)


def _slid(size: int | None, window: int, stride: int, padding: str) -> int | None:
    if size is None:
        return None
    if padding == "valid":
        return (size - window) // stride + 1
    return -(-size // stride)


def _windowed(settings: Settings, shape: Shape, key: str, channels: int | None) -> Shape | None:
    places, _ = split(settings, shape)
    count = len(places)
    windows = sizes_of(settings[key], count)
    strides = settings.get("strides")
    default = windows if key == "pool_size" else (1,) * count
    steps = default if strides is None else sizes_of(strides, count)
    dilations = sizes_of(settings.get("dilation_rate", 1), count)
    padding = settings.get("padding", "valid")
    if padding not in ("valid", "same", "causal"):
        return None
    wide = [dilation * (window - 1) + 1 for dilation, window in zip(dilations, windows, strict=True)]
    slid = [_slid(size, window, step, padding) for size, window, step in zip(places, wide, steps, strict=True)]
    return _with_places(settings, shape, slid, channels)


def _convolved(settings: Settings, shape: Shape) -> Shape | None:
    return _windowed(settings, shape, "kernel_size", settings["filters"])


def _transposed(settings: Settings, shape: Shape) -> Shape | None:
    """As `compute_conv_transpose_output_shape` of Keras has it."""
    places, _ = split(settings, shape)
    count = len(places)
    windows, steps, dilations = (
        sizes_of(settings.get(key, default), count)
        for key, default in (("kernel_size", None), ("strides", 1), ("dilation_rate", 1))
    )
    added, padding = settings.get("output_padding"), settings.get("padding", "valid")
    if padding not in ("valid", "same"):
        return None
    more = (None,) * count if added is None else sizes_of(added, count)
    wide = [dilation * (window - 1) + 1 for dilation, window in zip(dilations, windows, strict=True)]
    spread = [
        _spread(size, window, step, extra, padding)
        for size, window, step, extra in zip(places, wide, steps, more, strict=True)
    ]
    return _with_places(settings, shape, spread, settings["filters"])


def _spread(size: int | None, window: int, step: int, extra: int | None, padding: str) -> int | None:
    if size is None:
        return None
    if padding == "valid":
        return (size - 1) * step + window + (max(window, step) - window if extra is None else extra)
    return size * step if extra is None else (size - 1) * step + window % 2 + extra


def _depthwise(settings: Settings, shape: Shape) -> Shape | None:
    _, channels = split(settings, shape)
    number = None if channels is None else channels * settings.get("depth_multiplier", 1)
    return _windowed(settings, shape, "kernel_size", number)


def _pooled(settings: Settings, shape: Shape) -> Shape | None:
    return _windowed(settings, shape, "pool_size", split(settings, shape)[1])


def _all_pooled(settings: Settings, shape: Shape) -> Shape | None:
    places, channels = split(settings, shape)
    return (
        _with_places(settings, shape, [1] * len(places), channels) if settings.get("keepdims") else (shape[0], channels)
    )


def _edges(settings: Settings, shape: Shape, key: str, sign: int) -> Shape:
    places, channels = split(settings, shape)
    edges = settings[key]
    pairs = [(edges, edges)] * len(places) if isinstance(edges, int) else list(edges)
    if len(places) == 1 and all(isinstance(each, int) for each in pairs):
        pairs = [(pairs[0], pairs[1])]
    sums = [sum(sizes_of(pair, 2)) for pair in pairs]
    grown = [None if size is None else size + sign * change for size, change in zip(places, sums, strict=True)]
    return _with_places(settings, shape, grown, channels)


def _padded(settings: Settings, shape: Shape) -> Shape:
    return _edges(settings, shape, "padding", 1)


def _cropped(settings: Settings, shape: Shape) -> Shape:
    return _edges(settings, shape, "cropping", -1)


def _enlarged(settings: Settings, shape: Shape) -> Shape:
    places, channels = split(settings, shape)
    factors = sizes_of(settings.get("size", 2), len(places))
    grown = [None if size is None else size * factor for size, factor in zip(places, factors, strict=True)]
    return _with_places(settings, shape, grown, channels)


_RULES: dict[str, Callable[[Settings, Shape], Shape | None]] = {
    **dict.fromkeys(_RECURRENT, _recurrent),
    **{f"Conv{number}D": _convolved for number in (1, 2, 3)},
    **{f"Conv{number}DTranspose": _transposed for number in (1, 2, 3)},
    **{f"SeparableConv{number}D": _convolved for number in (1, 2)},
    **{f"DepthwiseConv{number}D": _depthwise for number in (1, 2)},
    **{f"{kind}Pooling{number}D": _pooled for kind in ("Average", "Max") for number in (1, 2, 3)},
    **{f"Global{kind}Pooling{number}D": _all_pooled for kind in ("Average", "Max") for number in (1, 2, 3)},
    **{f"ZeroPadding{number}D": _padded for number in (1, 2, 3)},
    **{f"Cropping{number}D": _cropped for number in (1, 2, 3)},
    **{f"UpSampling{number}D": _enlarged for number in (1, 2, 3)},
    "Bidirectional": _both_ways,
    "Dense": _dense,
    "Embedding": _embedding,
    "Flatten": _flat,
    "Permute": _permuted,
    "RepeatVector": _repeated,
    "Reshape": _reshaped,
    "TimeDistributed": _each_step,
}
