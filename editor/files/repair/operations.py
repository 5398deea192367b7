"""TensorFlow operations that Keras 2 kept as layers, as operations of Keras 3."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from editor.errors import ModelError
from editor.files.repair.nodes import Call

OPERATION_LAYERS = frozenset({"TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer"})

_NUMPY, _NN, _CORE, _MATH = (f"keras.src.ops.{name}" for name in ("numpy", "nn", "core", "math"))


@dataclass(frozen=True)
class _Operation:
    """Keras's operation for one of TensorFlow's.

    Attributes:
        settings: Arguments of the operation's class, by TensorFlow's name of each.
        second: TensorFlow's name of the second argument, where there is one.
    """

    module: str
    class_name: str
    settings: Mapping[str, str] = field(default_factory=dict)
    second: str = ""


def _binary(names: Mapping[str, str], second: str) -> dict[str, _Operation]:
    return {old: _Operation(_NUMPY, new, second=second) for old, new in names.items()}


def _unary(module: str, names: Mapping[str, str], **settings: str) -> dict[str, _Operation]:
    return {old: _Operation(module, new, settings) for old, new in names.items()}


_OPERATIONS: Mapping[str, _Operation] = MappingProxyType(
    {
        **_binary(
            {
                "math.add": "Add", "__operators__.add": "Add", "add": "Add",
                "math.subtract": "Subtract", "subtract": "Subtract",
                "math.multiply": "Multiply", "multiply": "Multiply",
                "math.divide": "Divide", "math.truediv": "TrueDivide", "realdiv": "TrueDivide",
                "math.floormod": "Mod", "math.pow": "Power", "pow": "Power",
                "math.maximum": "Maximum", "maximum": "Maximum",
                "math.minimum": "Minimum", "minimum": "Minimum",
                "math.greater": "Greater", "math.greater_equal": "GreaterEqual", "math.less": "Less",
                "math.less_equal": "LessEqual", "math.equal": "Equal", "math.not_equal": "NotEqual",
                "__operators__.eq": "Equal", "__operators__.ne": "NotEqual",
                "math.logical_and": "LogicalAnd", "math.logical_or": "LogicalOr",
            },
            second="y",
        ),
        "linalg.matmul": _Operation(_NUMPY, "Matmul", second="b"),
        "matmul": _Operation(_NUMPY, "Matmul", second="b"),
        **_unary(
            _NUMPY,
            {
                "math.exp": "Exp", "exp": "Exp", "math.log": "Log", "math.sqrt": "Sqrt", "sqrt": "Sqrt",
                "math.square": "Square", "square": "Square", "math.abs": "Absolute", "abs": "Absolute",
                "math.negative": "Negative", "negative": "Negative", "math.sin": "Sin", "math.cos": "Cos",
                "math.tanh": "Tanh", "nn.tanh": "Tanh", "tanh": "Tanh", "math.floor": "Floor", "math.ceil": "Ceil",
                "math.sign": "Sign", "math.logical_not": "LogicalNot", "math.round": "Round",
                "math.reciprocal": "Reciprocal",
            },
        ),
        **_unary(
            _NN,
            {
                "nn.relu": "Relu", "relu": "Relu", "nn.relu6": "Relu6", "math.sigmoid": "Sigmoid",
                "nn.sigmoid": "Sigmoid", "sigmoid": "Sigmoid", "nn.silu": "Silu", "nn.swish": "Silu", "nn.elu": "Elu",
                "nn.selu": "Selu", "nn.softplus": "Softplus", "math.softplus": "Softplus",
            },
        ),
        "math.rsqrt": _Operation(_MATH, "Rsqrt"),
        "nn.softmax": _Operation(_NN, "Softmax", {"axis": "axis"}),
        "nn.log_softmax": _Operation(_NN, "LogSoftmax", {"axis": "axis"}),
        "nn.gelu": _Operation(_NN, "Gelu", {"approximate": "approximate"}),
        "nn.leaky_relu": _Operation(_NN, "LeakyRelu", {"alpha": "negative_slope"}),
        **_unary(
            _NUMPY,
            {
                "math.reduce_mean": "Mean", "math.reduce_sum": "Sum", "math.reduce_max": "Max",
                "math.reduce_min": "Min", "math.reduce_prod": "Prod", "math.reduce_any": "Any",
                "math.reduce_all": "All",
            },
            axis="axis",
            keepdims="keepdims",
        ),
        "concat": _Operation(_NUMPY, "Concatenate", {"axis": "axis"}),
        "stack": _Operation(_NUMPY, "Stack", {"axis": "axis"}),
        "reshape": _Operation(_NUMPY, "Reshape", {"shape": "newshape"}),
        "transpose": _Operation(_NUMPY, "Transpose", {"perm": "axes"}),
        "compat.v1.transpose": _Operation(_NUMPY, "Transpose", {"perm": "axes"}),
        "expand_dims": _Operation(_NUMPY, "ExpandDims", {"axis": "axis"}),
        "squeeze": _Operation(_NUMPY, "Squeeze", {"axis": "axis"}),
        "compat.v1.squeeze": _Operation(_NUMPY, "Squeeze", {"axis": "axis"}),
        "tile": _Operation(_NUMPY, "Tile", {"multiples": "repeats"}),
        "reverse": _Operation(_NUMPY, "Flip", {"axis": "axis"}),
        "math.argmax": _Operation(_NUMPY, "Argmax", {"axis": "axis"}),
        "clip_by_value": _Operation(
            _NUMPY, "Clip", {"clip_value_min": "x_min", "clip_value_max": "x_max"}
        ),
        "cast": _Operation(_CORE, "Cast", {"dtype": "dtype"}),
        "__operators__.getitem": _Operation(_NUMPY, "GetItem"),
    }
)  # fmt: skip
"""By TensorFlow's name. What is not here is refused, as nothing tells whether Keras does the same."""

_DEFAULTS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {"nn.gelu": {"approximate": False}, "math.argmax": {"axis": 0}, "nn.softmax": {"axis": -1}}
)
"""What TensorFlow does where the file says nothing and Keras would do otherwise."""

_NODE_OP = re.compile(r'\bop: "(\w+)"')
_SPELLED = MappingProxyType({"addv2": "add", "biasadd": "add", "mul": "multiply", "sub": "subtract", "neg": "negative"})


def function_of(class_name: str, config: Mapping[str, Any]) -> str:
    """TensorFlow's name of the operation in such a layer."""
    if class_name == "SlicingOpLambda":
        return "__operators__.getitem"
    if class_name == "TFOpLambda":
        return str(config.get("function", ""))
    found = _NODE_OP.search(str(config.get("node_def", "")))
    name = found[1].lower() if found else ""
    return _SPELLED.get(name, name)


def operation(function: str, name: str) -> dict[str, Any]:
    """The serialized operation, still without its settings.

    Raises:
        ModelError: Keras has none that is known to do the same.
    """
    known = _OPERATIONS.get(function)
    if known is None:
        raise ModelError(
            f"The layer {name!r} computes TensorFlow's {function or 'unnamed'!r}, for which there is no repair.",
            hint="Open it with the Keras that wrote it, and replace this by a layer of Keras.",
        )
    return {
        "module": known.module,
        "class_name": known.class_name,
        "config": {"name": name},
        "registered_name": known.class_name,
        "name": name,
    }


def call_of(function: str, call: Call, name: str) -> tuple[Call, dict[str, Any]]:
    """The arguments of a call as Keras's operation takes them, and the settings of the operation.

    Raises:
        ModelError: It is called with something that Keras's operation does not take.
    """
    known = _OPERATIONS[function]
    args, kwargs = list(call[0]), {key: value for key, value in call[1].items() if value is not None}
    kwargs.pop("name", None)
    if function == "__operators__.getitem":
        return ([*args, _slices(kwargs.pop("slice_spec", []))], {}), {}
    if known.second and known.second in kwargs:
        args.append(kwargs.pop(known.second))
    settings = {**_DEFAULTS.get(function, {})}
    for old, new in known.settings.items():
        if old in kwargs:
            settings[new] = kwargs.pop(old)
    if "approximate" in settings:
        settings["approximate"] = bool(settings["approximate"])
    left = {key: value for key, value in kwargs.items() if value not in (False, 1.0)}
    if left or not all(map(_is_plain, settings.values())):
        raise ModelError(
            f"The layer {name!r} calls TensorFlow's {function!r} in a way that Keras 3 cannot "
            f"({', '.join(sorted(left or settings))}).",
            hint="Open it with the Keras that wrote it, and replace this by a layer of Keras.",
        )
    return (args, {}), settings


def with_constants(call: Call, config: Mapping[str, Any]) -> Call:
    """The call of a `TensorFlowOpLayer`, whose constants stand in its configuration by their place."""
    first = call[0][0]
    args = list(first) if isinstance(first, list) else [first]
    for place, value in sorted((config.get("constants") or {}).items(), key=lambda item: int(item[0])):
        args.insert(int(place), value)
    return args, {}


def _is_plain(value: Any) -> bool:
    if isinstance(value, list):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, bool | int | float | str)


def _slices(spec: Any) -> Any:
    """The key of a slice: parts with a start, a stop and a step, numbers, and the three dots."""
    match spec:
        case {"start": start, "stop": stop, "step": step}:
            return {"class_name": "__slice__", "config": {"start": start, "stop": stop, "step": step}}
        case "...":
            return {"class_name": "__ellipsis__", "config": {}}
        case list():
            return [_slices(part) for part in spec]
    return spec
