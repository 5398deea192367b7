"""TensorFlow's computations with numbers that take several operations of Keras 3; the arguments are TensorFlow's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import reduce
from types import MappingProxyType
from typing import Any

from editor.files.repair.making import Making


def _add_n(make: Making, inputs: Any) -> Any:
    values = inputs if isinstance(inputs, list) else [inputs]
    return reduce(lambda total, value: make("numpy.Add", total, value), values[1:], values[0])


def _bias_add(make: Making, value: Any, bias: Any, data_format: str = "NHWC") -> Any:
    if not data_format.startswith("NC"):
        return make("numpy.Add", value, bias)
    added = make("numpy.Add", make("numpy.Moveaxis", value, source=1, destination=-1), bias)
    return make("numpy.Moveaxis", added, source=-1, destination=1)


def _sum_of_squares(make: Making, x: Any, axis: Any, *, keepdims: bool) -> Any:
    return make("numpy.Sum", make("numpy.Square", x), axis=axis, keepdims=keepdims)


def _l2_normalize(make: Making, x: Any, axis: Any = None, epsilon: float = 1e-12) -> Any:
    total = _sum_of_squares(make, x, axis, keepdims=True)
    return make("numpy.Multiply", x, make("math.Rsqrt", make("numpy.Maximum", total, epsilon)))


def _norm(
    make: Making, tensor: Any, ord: Any = "euclidean", axis: Any = None, keepdims: bool = False  # noqa: A002
) -> Any:  # fmt: skip
    if ord == "euclidean" or (ord == 2 and isinstance(axis, int)):
        return make("numpy.Sqrt", _sum_of_squares(make, tensor, axis, keepdims=keepdims))
    if ord != 1 or not isinstance(axis, int):
        raise make.refused("ord")
    return make("numpy.Sum", make("numpy.Absolute", tensor), axis=axis, keepdims=keepdims)


def _euclidean_norm(make: Making, input_tensor: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return make("numpy.Sqrt", _sum_of_squares(make, input_tensor, axis, keepdims=keepdims))


def _squared_difference(make: Making, x: Any, y: Any) -> Any:
    return make("numpy.Square", make("numpy.Subtract", x, y))


def _scalar_mul(make: Making, scalar: Any, x: Any) -> Any:
    return make("numpy.Multiply", scalar, x)


def _xlogy(make: Making, x: Any, y: Any) -> Any:
    product = make("numpy.Multiply", x, make("numpy.Log", y))
    return make("numpy.Where", make("numpy.Equal", x, 0), make("numpy.ZerosLike", product), product)


def _clip_by_norm(make: Making, t: Any, clip_norm: Any, axes: Any = None) -> Any:
    norm = make("numpy.Sqrt", _sum_of_squares(make, t, axes, keepdims=True))
    return make("numpy.Divide", make("numpy.Multiply", t, clip_norm), make("numpy.Maximum", norm, clip_norm))


def _cumsum(make: Making, x: Any, axis: int = 0, exclusive: bool = False, reverse: bool = False) -> Any:
    turned = make("numpy.Flip", x, axis=axis) if reverse else x
    total = make("numpy.Cumsum", turned, axis=axis)
    total = make("numpy.Subtract", total, turned) if exclusive else total
    return make("numpy.Flip", total, axis=axis) if reverse else total


def _sort(make: Making, values: Any, axis: int = -1, direction: str = "ASCENDING") -> Any:
    ordered = make("numpy.Sort", values, axis=axis)
    return make("numpy.Flip", ordered, axis=axis) if direction == "DESCENDING" else ordered


def _argsort(make: Making, values: Any, axis: int = -1, direction: str = "ASCENDING", stable: bool = False) -> Any:
    values = make("numpy.Negative", values) if direction == "DESCENDING" else values
    return make("numpy.Argsort", values, axis=axis)


def _in_top_k(make: Making, predictions: Any, targets: Any, k: int) -> Any:
    return make("math.InTopK", targets, predictions, k=k)


def _matmul(make: Making, a: Any, b: Any, transpose_a: bool = False, transpose_b: bool = False) -> Any:
    a = make("numpy.Swapaxes", a, axis1=-2, axis2=-1) if transpose_a else a
    b = make("numpy.Swapaxes", b, axis1=-2, axis2=-1) if transpose_b else b
    return make("numpy.Matmul", a, b)


def _matvec(make: Making, a: Any, b: Any, transpose_a: bool = False) -> Any:
    a = make("numpy.Swapaxes", a, axis1=-2, axis2=-1) if transpose_a else a
    return make("numpy.Squeeze", make("numpy.Matmul", a, make("numpy.ExpandDims", b, axis=-1)), axis=-1)


def _matrix_transpose(make: Making, a: Any) -> Any:
    return make("numpy.Swapaxes", a, axis1=-2, axis2=-1)


def _trace(make: Making, x: Any) -> Any:
    return make("numpy.Trace", x, offset=0, axis1=-2, axis2=-1)


def _diag_part(make: Making, tensor: Any, k: int = 0) -> Any:
    return make("numpy.Diagonal", tensor, offset=k, axis1=-2, axis2=-1)


def _band_part(make: Making, tensor: Any, num_lower: Any, num_upper: Any) -> Any:
    if not isinstance(num_lower, int) or not isinstance(num_upper, int):
        raise make.refused("num_lower", "num_upper")
    value = make("numpy.Tril", tensor, k=num_upper) if num_upper >= 0 else tensor
    return make("numpy.Triu", value, k=-num_lower) if num_lower >= 0 else value


def _svd(make: Making, tensor: Any, full_matrices: bool = False, compute_uv: bool = True) -> Any:
    if compute_uv:
        # Keras gives the three in another order.
        raise make.refused("compute_uv")
    return make("linalg.SVD", tensor, full_matrices=full_matrices, compute_uv=False)


def _crelu(make: Making, features: Any, axis: int = -1) -> Any:
    parts = [make("nn.Relu", features), make("nn.Relu", make("numpy.Negative", features))]
    return make("numpy.Concatenate", parts, axis=axis)


def _gelu(make: Making, features: Any, approximate: bool = False) -> Any:
    return make("nn.Gelu", features, approximate=bool(approximate))


def _silu(make: Making, features: Any, beta: Any = 1.0) -> Any:
    if beta == 1:
        return make("nn.Silu", features)
    return make("numpy.Multiply", features, make("nn.Sigmoid", make("numpy.Multiply", features, beta)))


def _dropout(make: Making, x: Any, rate: Any) -> Any:
    if rate != 0:
        # It drops while it predicts, too.
        raise make.refused("rate")
    return make("numpy.Copy", x)


def _batch_normalization(  # noqa: PLR0913 - as many as TensorFlow has
    make: Making, x: Any, mean: Any, variance: Any, *, variance_epsilon: Any, offset: Any = None, scale: Any = None
) -> Any:
    factor = make("math.Rsqrt", make("numpy.Add", variance, variance_epsilon))
    factor = factor if scale is None else make("numpy.Multiply", factor, scale)
    found = make("numpy.Multiply", make("numpy.Subtract", x, mean), factor)
    return found if offset is None else make("numpy.Add", found, offset)


def _sigmoid_cross_entropy(make: Making, labels: Any, logits: Any) -> Any:
    positive = make("numpy.Subtract", make("nn.Relu", logits), make("numpy.Multiply", logits, labels))
    small = make("numpy.Exp", make("numpy.Negative", make("numpy.Absolute", logits)))
    return make("numpy.Add", positive, make("numpy.Log1p", small))


def _zero_fraction(make: Making, value: Any) -> Any:
    return make("numpy.Mean", make("core.Cast", make("numpy.Equal", value, 0), dtype="float32"))


def _l2_loss(make: Making, t: Any) -> Any:
    return make("numpy.Multiply", make("numpy.Sum", make("numpy.Square", t)), 0.5)


NUMBER_RULES: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {
        "math.add_n": _add_n,
        "add_n": _add_n,
        "math.accumulate_n": _add_n,
        "nn.bias_add": _bias_add,
        "math.l2_normalize": _l2_normalize,
        "nn.l2_normalize": _l2_normalize,
        "linalg.l2_normalize": _l2_normalize,
        "norm": _norm,
        "linalg.norm": _norm,
        "math.reduce_euclidean_norm": _euclidean_norm,
        "math.squared_difference": _squared_difference,
        "math.scalar_mul": _scalar_mul,
        "math.xlogy": _xlogy,
        "clip_by_norm": _clip_by_norm,
        "math.cumsum": _cumsum,
        "sort": _sort,
        "argsort": _argsort,
        "math.in_top_k": _in_top_k,
        "linalg.matmul": _matmul,
        "matmul": _matmul,
        "linalg.matvec": _matvec,
        "linalg.matrix_transpose": _matrix_transpose,
        "linalg.trace": _trace,
        "linalg.diag_part": _diag_part,
        "linalg.band_part": _band_part,
        "linalg.svd": _svd,
        "nn.crelu": _crelu,
        "nn.gelu": _gelu,
        "nn.silu": _silu,
        "nn.swish": _silu,
        "nn.dropout": _dropout,
        "nn.batch_normalization": _batch_normalization,
        "nn.sigmoid_cross_entropy_with_logits": _sigmoid_cross_entropy,
        "math.zero_fraction": _zero_fraction,
        "nn.zero_fraction": _zero_fraction,
        "nn.l2_loss": _l2_loss,
    }
)
