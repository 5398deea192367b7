"""TensorFlow's work on images, with pools and convolutions, in operations of Keras 3; the arguments are TensorFlow's.

Channels stand last, as everywhere in TensorFlow on this kind of machine; anything else is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from editor.files.repair.making import Making

_LAST = "channels_last"
_METHODS = frozenset({"bicubic", "bilinear", "lanczos3", "lanczos5", "nearest"})


def _resize(make: Making, images: Any, size: Any, method: str = "bilinear", antialias: bool = False) -> Any:
    if method not in _METHODS:
        raise make.refused("method")
    # TensorFlow gives fractions for whole numbers.
    images = images if method == "nearest" else make("core.Cast", images, dtype="float32")
    return make("image.Resize", images, size=size, interpolation=method, antialias=antialias, data_format=_LAST)


def _flip_left_right(make: Making, image: Any) -> Any:
    return make("numpy.Flip", image, axis=-2)


def _flip_up_down(make: Making, image: Any) -> Any:
    return make("numpy.Flip", image, axis=-3)


def _rot90(make: Making, image: Any, k: int = 1) -> Any:
    return make("numpy.Rot90", image, k=k, axes=[-3, -2])


def _to_grayscale(make: Making, images: Any) -> Any:
    return make("image.RGBToGrayscale", images, data_format=_LAST)


def _to_rgb(make: Making, images: Any) -> Any:
    return make("numpy.Concatenate", [images, images, images], axis=-1)


def _standardized(make: Making, image: Any) -> Any:
    axis = [-1, -2, -3]
    image = make("core.Cast", image, dtype="float32")
    count = make("numpy.Sum", make("numpy.OnesLike", image), axis=axis, keepdims=True)
    spread = make("numpy.Maximum", make("numpy.Std", image, axis=axis, keepdims=True), make("math.Rsqrt", count))
    centered = make("numpy.Subtract", image, make("numpy.Mean", image, axis=axis, keepdims=True))
    return make("numpy.Divide", centered, spread)


def _crop(
    make: Making, image: Any, offset_height: int, offset_width: int, target_height: int, target_width: int
) -> Any:
    rows = {"start": offset_height, "stop": offset_height + target_height, "step": None}
    columns = {"start": offset_width, "stop": offset_width + target_width, "step": None}
    key = [{"class_name": "__slice__", "config": part} for part in (rows, columns, dict.fromkeys(rows))]
    return make("numpy.GetItem", image, [{"class_name": "__ellipsis__", "config": {}}, *key])


def _patches(make: Making, images: Any, sizes: Any, strides: Any, rates: Any, padding: str) -> Any:
    settings = {"size": _inner(make, sizes), "strides": _inner(make, strides)}
    rate = _one(_inner(make, rates))
    padding = padding.lower()
    return make("image.ExtractPatches", images, **settings, dilation_rate=rate, padding=padding, data_format=_LAST)


# -- pools and convolutions -----------------------------------------------------------------------------------------


def _inner(make: Making, sizes: Any, names: str = "strides") -> Any:
    """Sizes along the spatial axes: TensorFlow takes 1 for batch and channels too, or leaves them out."""
    if isinstance(sizes, int):
        return sizes
    if not isinstance(sizes, list) or not all(isinstance(size, int) for size in sizes):
        raise make.refused(names)
    return sizes[1:-1] if len(sizes) > 2 and sizes[0] == sizes[-1] == 1 else sizes


def _settings(make: Making, padding: Any, data_format: str) -> dict[str, Any]:
    if not isinstance(padding, str) or padding.lower() not in ("same", "valid"):
        raise make.refused("padding")
    if data_format.startswith("NC"):
        raise make.refused("data_format")
    return {"padding": padding.lower(), "data_format": _LAST}


def _pool(place: str) -> Callable[..., Any]:
    def pool(make: Making, value: Any, ksize: Any, strides: Any, padding: Any, data_format: str = "") -> Any:
        sizes = {"pool_size": _inner(make, ksize, "ksize"), "strides": _inner(make, strides)}
        return make(place, value, **sizes, **_settings(make, padding, data_format))

    return pool


def _convolution(place: str) -> Callable[..., Any]:
    def convolution(
        make: Making, value: Any, *, strides: Any, padding: Any, data_format: str = "", use_cudnn_on_gpu: bool = True,
        **named: Any,
    ) -> Any:  # fmt: skip
        # TensorFlow's functions call these each by another name.
        kernel, rates = _one_of(named, "filter", "filters"), _one_of(named, "dilations", "dilation_rate", "rate")
        if kernel is None or named:
            raise make.refused(*(named or ["filters"]))
        rate = _inner(make, rates, "dilations") if rates is not None else 1
        settings = {"strides": _one(_inner(make, strides)), "dilation_rate": _one(rate)}
        return make(place, value, kernel, **settings, **_settings(make, padding, data_format))

    return convolution


def _one(sizes: Any) -> Any:
    """The one number for all axes, as some of Keras's operations want it."""
    return sizes[0] if isinstance(sizes, list) and len(set(sizes)) == 1 else sizes


def _one_of(named: dict[str, Any], *names: str) -> Any:
    return next((named.pop(name) for name in names if name in named), None)


def _conv1d(make: Making, value: Any, stride: Any, **named: Any) -> Any:
    return _convolution("nn.Conv")(make, value, strides=stride, **named)


IMAGE_RULES: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {
        "image.resize": _resize,
        "image.flip_left_right": _flip_left_right,
        "image.flip_up_down": _flip_up_down,
        "image.rot90": _rot90,
        "image.rgb_to_grayscale": _to_grayscale,
        "image.grayscale_to_rgb": _to_rgb,
        "image.per_image_standardization": _standardized,
        "image.crop_to_bounding_box": _crop,
        "image.extract_patches": _patches,
        **dict.fromkeys(("nn.max_pool", "nn.max_pool1d", "nn.max_pool2d", "nn.max_pool3d"), _pool("nn.MaxPool")),
        **dict.fromkeys(("nn.avg_pool", "nn.avg_pool1d", "nn.avg_pool2d", "nn.avg_pool3d"), _pool("nn.AveragePool")),
        **dict.fromkeys(("nn.conv2d", "nn.conv3d", "nn.convolution"), _convolution("nn.Conv")),
        "nn.conv1d": _conv1d,
        "nn.depthwise_conv2d": _convolution("nn.DepthwiseConv"),
    }
)
