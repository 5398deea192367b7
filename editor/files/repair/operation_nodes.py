"""The layers `TensorFlowOpLayer` of TensorFlow 2.0 to 2.3, which hold a node of a graph: as calls of TensorFlow."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from editor.files.graph_nodes import node_definition
from editor.files.repair.nodes import Call

_SAME = MappingProxyType(
    {
        name: function
        for function, names in {
            "add": "Add AddV2", "subtract": "Sub", "multiply": "Mul", "math.truediv": "RealDiv Div",
            "math.floormod": "FloorMod", "math.floordiv": "FloorDiv", "math.pow": "Pow", "math.maximum": "Maximum",
            "math.minimum": "Minimum", "math.greater": "Greater", "math.greater_equal": "GreaterEqual",
            "math.less": "Less", "math.less_equal": "LessEqual", "math.equal": "Equal", "math.not_equal": "NotEqual",
            "math.logical_and": "LogicalAnd", "math.logical_or": "LogicalOr", "math.logical_not": "LogicalNot",
            "math.squared_difference": "SquaredDifference", "math.negative": "Neg", "math.abs": "Abs",
            "math.exp": "Exp", "math.log": "Log", "math.log1p": "Log1p", "math.sqrt": "Sqrt", "math.rsqrt": "Rsqrt",
            "math.square": "Square", "math.sin": "Sin", "math.cos": "Cos", "math.tanh": "Tanh", "math.floor": "Floor",
            "math.ceil": "Ceil", "math.sign": "Sign", "math.round": "Round", "math.erf": "Erf",
            "math.sigmoid": "Sigmoid", "nn.relu": "Relu", "nn.relu6": "Relu6", "nn.elu": "Elu", "nn.selu": "Selu",
            "nn.softplus": "Softplus", "nn.softsign": "Softsign", "nn.softmax": "Softmax",
            "nn.log_softmax": "LogSoftmax", "reshape": "Reshape", "pad": "Pad PadV2 MirrorPad", "where": "SelectV2",
        }.items()
        for name in names.split()
    }
)  # fmt: skip
"""By the operation, where all that it is told stands among its arguments, in TensorFlow's own order."""

_REDUCING = MappingProxyType(
    {"Mean": "mean", "Sum": "sum", "Max": "max", "Min": "min", "Prod": "prod", "Any": "any", "All": "all"}
)
_WITH_AXIS = MappingProxyType({"ExpandDims": "expand_dims", "ReverseV2": "reverse", "ArgMax": "math.argmax"})
_NAMED = MappingProxyType(
    {
        "Transpose": ("transpose", ("perm",)), "Tile": ("tile", ("multiples",)),
        "ClipByValue": ("clip_by_value", ("clip_value_min", "clip_value_max")),
    }
)  # fmt: skip
_TYPES = MappingProxyType(
    {
        "DT_BOOL": "bool", "DT_FLOAT": "float32", "DT_DOUBLE": "float64", "DT_HALF": "float16", "DT_INT32": "int32",
        "DT_INT64": "int64", "DT_UINT8": "uint8",
    }
)  # fmt: skip


def node_operation(config: Mapping[str, Any]) -> str:
    """The operation that such a layer holds; empty where it is no node."""
    return str(node_definition(config.get("node_def")).get("op", ""))


def call_of_node(config: Mapping[str, Any], call: Call) -> tuple[str, Call]:
    """TensorFlow's function that does the same, with its arguments; the operation itself where none is known."""
    operation, args = node_operation(config), call[0]
    attributes = node_definition(config.get("node_def")).get("attr", {})
    if operation in _SAME:
        return _SAME[operation], _paired(_SAME[operation], operation, args, attributes)
    if operation in _REDUCING and len(args) == 2:
        keepdims = bool(attributes.get("keep_dims", {}).get("b"))
        return f"math.reduce_{_REDUCING[operation]}", ([args[0]], {"axis": args[1], "keepdims": keepdims})
    if operation in _WITH_AXIS and len(args) == 2:
        return _WITH_AXIS[operation], ([args[0]], {"axis": args[1]})
    if operation in _NAMED and len(args) == 1 + len(_NAMED[operation][1]):
        function, names = _NAMED[operation]
        return function, ([args[0]], dict(zip(names, args[1:], strict=True)))
    return _with_attributes(operation, args, attributes)


def _paired(function: str, operation: str, args: list[Any], attributes: Mapping[str, Any]) -> Call:
    names = {"pad": ["paddings", "constant_values"], "reshape": ["shape"], "where": ["x", "y"]}.get(function, ["y"])
    mode = {"mode": _text(attributes.get("mode", {}))} if operation == "MirrorPad" else {}
    return args[:1], {**dict(zip(names, args[1:], strict=False)), **mode}


def _with_attributes(operation: str, args: list[Any], attributes: Mapping[str, Any]) -> tuple[str, Call]:
    """Where something stands in the attributes of the node, or all tensors are one argument."""
    found = _joined(operation, args, attributes) or _product(operation, args, attributes)
    match operation, args:
        case "Squeeze", [value]:
            axes = attributes.get("squeeze_dims", {}).get("list", {}).get("i", [])
            found = "squeeze", ([value], {"axis": [int(axis) for axis in axes]} if axes else {})
        case "Cast", [value] if attributes.get("DstT", {}).get("type") in _TYPES:
            found = "cast", ([value], {"dtype": _TYPES[attributes["DstT"]["type"]]})
        case "BiasAdd", [value, bias]:
            found = "nn.bias_add", ([value, bias], {"data_format": _text(attributes.get("data_format", {})) or "NHWC"})
        case "LeakyRelu", [value]:
            found = "nn.leaky_relu", ([value], {"alpha": float(attributes.get("alpha", {}).get("f", 0.2))})
        case "StridedSlice", [value, list(begin), list(end), list(strides)]:
            found = "__operators__.getitem", ([value], {"slice_spec": _slices(begin, end, strides, attributes)})
    return found or (operation, (args, {}))


def _joined(operation: str, args: list[Any], attributes: Mapping[str, Any]) -> tuple[str, Call] | None:
    match operation, args:
        case "ConcatV2", [*values, axis]:
            return "concat", ([values], {"axis": axis})
        case "Pack", values:
            return "stack", ([values], {"axis": int(attributes.get("axis", {}).get("i", 0))})
        case "AddN", values:
            return "add_n", ([values], {})
    return None


def _product(operation: str, args: list[Any], attributes: Mapping[str, Any]) -> tuple[str, Call] | None:
    names = ("transpose_a", "transpose_b") if operation == "MatMul" else ("adj_x", "adj_y")
    if operation not in ("MatMul", "BatchMatMul", "BatchMatMulV2") or len(args) != 2:
        return None
    first, second = (bool(attributes.get(name, {}).get("b")) for name in names)
    return "matmul", (args, {"transpose_a": first, "transpose_b": second})


def _slices(begin: list[int], end: list[int], strides: list[int], attributes: Mapping[str, Any]) -> list[Any]:
    """What a strided slice takes, part by part; each mask has a bit for each."""

    def has(mask: str, at: int) -> bool:
        return bool(int(attributes.get(f"{mask}_mask", {}).get("i", 0)) >> at & 1)

    parts: list[Any] = []
    for at, (start, stop, step) in enumerate(zip(begin, end, strides, strict=True)):
        if has("ellipsis", at):
            parts.append("...")
        elif has("new_axis", at):
            parts.append(None)
        elif has("shrink_axis", at):
            parts.append(start)
        else:
            ends = None if has("begin", at) else start, None if has("end", at) else stop
            parts.append({"start": ends[0], "stop": ends[1], "step": step})
    return parts


def _text(attribute: Mapping[str, Any]) -> str:
    """Text stands in base 64, as everything of bytes in this form."""
    try:
        return base64.b64decode(attribute.get("s", ""), validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        return ""
