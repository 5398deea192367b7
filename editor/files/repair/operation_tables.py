"""Operations of TensorFlow for which Keras 3 has one that does the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True)
class Plain:
    """Keras's operation for one of TensorFlow's.

    Attributes:
        place: Module and class in `keras.src.ops`.
        tensors: TensorFlow's names of the tensors after the first one.
        settings: Keras's names of arguments of the class, by TensorFlow's.
        defaults: What TensorFlow does where the file says nothing and Keras would do otherwise.
        passed_over: Arguments that change nothing but the integer type, or nothing at all.
    """

    place: str
    tensors: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    passed_over: frozenset[str] = frozenset()


def _all(table: Mapping[str, str], *tensors: str, **settings: str) -> dict[str, Plain]:
    """Entries by class; the names of TensorFlow's functions are separated by blanks."""
    return {name: Plain(place, tensors, settings) for place, names in table.items() for name in names.split()}


_BINARY = _all(
    {
        "numpy.Add": "math.add __operators__.add add",
        "numpy.Subtract": "math.subtract subtract",
        "numpy.Multiply": "math.multiply multiply",
        "numpy.Divide": "math.divide divide",
        "numpy.TrueDivide": "math.truediv realdiv truediv",
        "numpy.DivideNoNan": "math.divide_no_nan",
        "numpy.FloorDivide": "floor_div math.floordiv floordiv",
        "numpy.Mod": "math.floormod floormod math.mod",
        "numpy.Power": "math.pow pow",
        "numpy.Maximum": "math.maximum maximum",
        "numpy.Minimum": "math.minimum minimum",
        "numpy.Greater": "math.greater greater",
        "numpy.GreaterEqual": "math.greater_equal greater_equal",
        "numpy.Less": "math.less less",
        "numpy.LessEqual": "math.less_equal less_equal",
        "numpy.Equal": "math.equal equal __operators__.eq",
        "numpy.NotEqual": "math.not_equal not_equal __operators__.ne",
        "numpy.LogicalAnd": "math.logical_and logical_and",
        "numpy.LogicalOr": "math.logical_or logical_or",
        "numpy.LogicalXor": "math.logical_xor logical_xor",
    },
    "y",
)
_UNARY = _all(
    {
        "numpy.Exp": "math.exp exp", "numpy.Expm1": "math.expm1", "numpy.Log": "math.log log",
        "numpy.Log1p": "math.log1p", "numpy.Sqrt": "math.sqrt sqrt", "numpy.Square": "math.square square",
        "numpy.Absolute": "math.abs abs", "numpy.Negative": "math.negative negative", "numpy.Sin": "math.sin sin",
        "numpy.Cos": "math.cos cos", "numpy.Tan": "math.tan tan", "numpy.Arcsin": "math.asin",
        "numpy.Arccos": "math.acos", "numpy.Arctan": "math.atan", "numpy.Sinh": "math.sinh", "numpy.Cosh": "math.cosh",
        "numpy.Tanh": "math.tanh nn.tanh tanh", "numpy.Arcsinh": "math.asinh", "numpy.Arccosh": "math.acosh",
        "numpy.Arctanh": "math.atanh", "numpy.Floor": "math.floor floor", "numpy.Ceil": "math.ceil ceil",
        "numpy.Sign": "math.sign sign", "numpy.LogicalNot": "math.logical_not logical_not",
        "numpy.Round": "math.round math.rint round", "numpy.Reciprocal": "math.reciprocal reciprocal",
        "numpy.Isnan": "math.is_nan", "numpy.Isinf": "math.is_inf", "numpy.Isfinite": "math.is_finite",
        "numpy.Real": "math.real", "numpy.Copy": "identity", "core.StopGradient": "stop_gradient",
        "math.Rsqrt": "math.rsqrt rsqrt", "math.Erf": "math.erf", "math.Erfc": "math.erfc",
        "nn.Relu": "nn.relu relu", "nn.Relu6": "nn.relu6 relu6", "nn.Sigmoid": "math.sigmoid nn.sigmoid sigmoid",
        "nn.LogSigmoid": "math.log_sigmoid", "nn.Elu": "nn.elu elu", "nn.Selu": "nn.selu selu",
        "nn.Softplus": "nn.softplus math.softplus softplus", "nn.Softsign": "nn.softsign softsign",
        "image.RGBToHSV": "image.rgb_to_hsv", "image.HSVToRGB": "image.hsv_to_rgb",
        "linalg.Det": "linalg.det", "linalg.Inv": "linalg.inv", "linalg.Cholesky": "linalg.cholesky",
    }
)  # fmt: skip
_REDUCING = _all(
    {
        "numpy.Mean": "math.reduce_mean reduce_mean", "numpy.Sum": "math.reduce_sum reduce_sum",
        "numpy.Max": "math.reduce_max reduce_max", "numpy.Min": "math.reduce_min reduce_min",
        "numpy.Prod": "math.reduce_prod reduce_prod", "numpy.Any": "math.reduce_any reduce_any",
        "numpy.All": "math.reduce_all reduce_all", "numpy.Std": "math.reduce_std",
        "numpy.Var": "math.reduce_variance", "math.Logsumexp": "math.reduce_logsumexp reduce_logsumexp",
    },
    axis="axis",
    keepdims="keepdims",
    keep_dims="keepdims",
)  # fmt: skip

_INTEGERS = frozenset({"output_type", "index_type"})
_AXIS = {"axis": "axis"}

PLAIN: Mapping[str, Plain] = MappingProxyType(
    {
        **_BINARY,
        **_UNARY,
        **_REDUCING,
        "math.atan2": Plain("numpy.Arctan2", ("x",)),
        "linalg.cross": Plain("numpy.Cross", ("b",)),
        "linalg.solve": Plain("linalg.Solve", ("rhs",)),
        "linalg.qr": Plain("linalg.Qr"),
        "linalg.eigh": Plain("linalg.Eigh"),
        "tensordot": Plain("numpy.Tensordot", ("b",), {"axes": "axes"}),
        "linalg.tensordot": Plain("numpy.Tensordot", ("b",), {"axes": "axes"}),
        "math.unsorted_segment_sum": Plain("math.SegmentSum", ("segment_ids",), {"num_segments": "num_segments"}),
        "math.unsorted_segment_max": Plain("math.SegmentMax", ("segment_ids",), {"num_segments": "num_segments"}),
        "nn.softmax": Plain("nn.Softmax", (), _AXIS, {"axis": -1}),
        "nn.log_softmax": Plain("nn.LogSoftmax", (), _AXIS),
        "nn.leaky_relu": Plain("nn.LeakyRelu", (), {"alpha": "negative_slope"}, {"negative_slope": 0.2}),
        "nn.depth_to_space": Plain("nn.DepthToSpace", (), {"block_size": "block_size"}),
        "nn.space_to_depth": Plain("nn.SpaceToDepth", (), {"block_size": "block_size"}),
        "math.argmax": Plain("numpy.Argmax", (), _AXIS, {"axis": 0}, _INTEGERS),
        "math.argmin": Plain("numpy.Argmin", (), _AXIS, {"axis": 0}, _INTEGERS),
        "math.count_nonzero": Plain("numpy.CountNonzero", (), _AXIS, passed_over=frozenset({"dtype"})),
        "math.top_k": Plain("math.TopK", (), {"k": "k", "sorted": "sorted"}, {"k": 1}, _INTEGERS),
        "nn.top_k": Plain("math.TopK", (), {"k": "k", "sorted": "sorted"}, {"k": 1}, _INTEGERS),
        "math.cumprod": Plain("numpy.Cumprod", (), _AXIS, {"axis": 0}),
        "cast": Plain("core.Cast", (), {"dtype": "dtype"}),
        "saturate_cast": Plain("core.SaturateCast", (), {"dtype": "dtype"}),
        "zeros_like": Plain("numpy.ZerosLike", (), {"dtype": "dtype"}, passed_over=frozenset({"optimize"})),
        "ones_like": Plain("numpy.OnesLike", (), {"dtype": "dtype"}, passed_over=frozenset({"optimize"})),
        "where": Plain("numpy.Where", ("x", "y")),
        "transpose": Plain("numpy.Transpose", (), {"perm": "axes"}),
        "expand_dims": Plain("numpy.ExpandDims", (), _AXIS),
        "squeeze": Plain("numpy.Squeeze", (), _AXIS),
        "tile": Plain("numpy.Tile", (), {"multiples": "repeats"}),
        "repeat": Plain("numpy.Repeat", (), {"repeats": "repeats", "axis": "axis"}),
        "reverse": Plain("numpy.Flip", (), _AXIS),
        "roll": Plain("numpy.Roll", (), {"shift": "shift", "axis": "axis"}),
        "broadcast_to": Plain("numpy.BroadcastTo", (), {"shape": "shape"}),
        "clip_by_value": Plain("numpy.Clip", (), {"clip_value_min": "x_min", "clip_value_max": "x_max"}),
    }
)
"""By TensorFlow's name without `compat.v1`."""
