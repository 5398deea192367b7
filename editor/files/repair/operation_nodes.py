"""The operations of a graph that Keras 2.0 to 2.3 kept as `TensorFlowOpLayer`, called as TensorFlow's functions are.

Such a layer has the operation as TensorFlow's graph has it (`NodeDef`): what is an argument of a function stands among
its attributes, or as a constant among its inputs.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from editor.files.graph_nodes import node_definition
from editor.files.repair.nodes import Call

_CHANNELS_FIRST = base64.b64encode(b"NCHW").decode()
"""Text stands in base 64."""
_REDUCTIONS = {op: f"math.reduce_{op.lower()}" for op in ("Mean", "Sum", "Max", "Min", "Prod", "Any", "All")}
_FUNCTIONS: Mapping[str, str] = MappingProxyType(
    {
        **_REDUCTIONS,
        "Abs": "math.abs", "Add": "math.add", "AddN": "add_n", "AddV2": "math.add",
        "ArgMax": "math.argmax", "BatchMatMul": "linalg.matmul",
        "BatchMatMulV2": "linalg.matmul", "BiasAdd": "nn.bias_add", "Cast": "cast",
        "Ceil": "math.ceil", "ClipByValue": "clip_by_value", "ConcatV2": "concat",
        "Cos": "math.cos", "Elu": "nn.elu", "Equal": "math.equal", "Exp": "math.exp", "ExpandDims": "expand_dims",
        "Floor": "math.floor", "FloorDiv": "math.floordiv", "FloorMod": "math.floormod", "Greater": "math.greater",
        "GreaterEqual": "math.greater_equal", "LeakyRelu": "nn.leaky_relu", "Less": "math.less",
        "LessEqual": "math.less_equal", "Log": "math.log", "LogSoftmax": "nn.log_softmax",
        "LogicalAnd": "math.logical_and", "LogicalNot": "math.logical_not", "LogicalOr": "math.logical_or",
        "MatMul": "linalg.matmul", "Maximum": "math.maximum", "Minimum": "math.minimum", "Mul": "math.multiply",
        "Neg": "math.negative", "NotEqual": "math.not_equal", "Pack": "stack", "Pow": "math.pow",
        "RealDiv": "math.truediv", "Reciprocal": "math.reciprocal", "Relu": "nn.relu", "Relu6": "nn.relu6",
        "Reshape": "reshape", "ReverseV2": "reverse", "Round": "math.round", "Rsqrt": "math.rsqrt", "Selu": "nn.selu",
        "Sigmoid": "math.sigmoid", "Sign": "math.sign", "Sin": "math.sin", "Softmax": "nn.softmax",
        "Softplus": "math.softplus", "Sqrt": "math.sqrt", "Square": "math.square",
        "SquaredDifference": "math.squared_difference", "Squeeze": "squeeze", "StridedSlice": "__operators__.getitem",
        "Sub": "math.subtract", "Tanh": "math.tanh", "Tile": "tile", "Transpose": "transpose",
    }
)  # fmt: skip
"""The function that makes such an operation, by its name."""

_LAST: Mapping[str, str] = MappingProxyType(
    {
        "ArgMax": "axis",
        "ExpandDims": "axis",
        "ReverseV2": "axis",
        "Reshape": "shape",
        "Tile": "multiples",
        "Transpose": "perm",
    }
    | dict.fromkeys(_REDUCTIONS, "axis")
)
"""What the last input is called as an argument of the function."""

_ATTRIBUTES: Mapping[str, str] = MappingProxyType(
    {
        "DstT": "dtype",
        "adj_x": "transpose_a", "adj_y": "transpose_b", "alpha": "alpha", "axis": "axis", "data_format": "data_format",
        "keep_dims": "keepdims",
        "squeeze_dims": "axis", "transpose_a": "transpose_a", "transpose_b": "transpose_b",
    }
)  # fmt: skip
_TYPES = MappingProxyType(
    {
        "DT_BFLOAT16": "bfloat16", "DT_BOOL": "bool", "DT_DOUBLE": "float64", "DT_FLOAT": "float32",
        "DT_HALF": "float16", "DT_INT8": "int8", "DT_INT16": "int16", "DT_INT32": "int32", "DT_INT64": "int64",
        "DT_UINT8": "uint8",
    }
)  # fmt: skip
_MASKS = ("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask")


def node_function(config: Mapping[str, Any]) -> str:
    """TensorFlow's name of the function; that of the operation where no function is known for it, empty without one."""
    op = str(_node(config).get("op", ""))
    return _FUNCTIONS.get(op, op)


def node_call(call: Call, config: Mapping[str, Any]) -> Call:
    """The call with the arguments of the function.

    Args:
        call: Of the layer, with its tensors alone.
        config: Its arguments, among them the constants by their place.
    """
    node = _node(config)
    op, attributes = str(node.get("op", "")), _attributes(node)
    first = call[0][0]
    args = list(first) if isinstance(first, list) else [first]
    for place, value in sorted((config.get("constants") or {}).items(), key=lambda item: int(item[0])):
        args.insert(int(place), _plain(value))
    if op == "StridedSlice":
        return ([args[0], _slices(args, attributes)], {}) if len(args) == 4 else (args, {})
    kwargs = {_ATTRIBUTES[key]: value for key, value in attributes.items() if key in _ATTRIBUTES and value != []}
    if op == "ConcatV2":
        return [args[:-1]], {"axis": args[-1]}
    if op in ("AddN", "Pack"):
        return [args], kwargs
    if op == "ClipByValue" and len(args) == 3:
        return args[:1], {"clip_value_min": args[1], "clip_value_max": args[2]}
    if op in _LAST and len(args) > 1:
        kwargs[_LAST[op]] = args.pop()
    return args, kwargs


def _node(config: Mapping[str, Any]) -> Mapping[str, Any]:
    return node_definition(config.get("node_def"))


def _attributes(node: Mapping[str, Any]) -> dict[str, Any]:
    """The values of the attributes: numbers, flags, and lists of numbers."""
    found: dict[str, Any] = {}
    attributes = node.get("attr")
    for key, value in attributes.items() if isinstance(attributes, dict) else ():
        match value:
            case {"b": bool(plain)} | {"f": int(plain)} | {"f": float(plain)}:
                found[key] = plain
            case {"i": int(number)} | {"i": str(number)} if str(number).lstrip("-").isdecimal():
                found[key] = int(number)
            case {"type": str(name)}:
                found[key] = _TYPES.get(name, name)
            case {"s": text} if text == _CHANNELS_FIRST:
                # The other order of axes is what all do anyway.
                found[key] = "NCHW"
            case {"list": {"i": list(numbers)}}:
                found[key] = [int(number) for number in numbers if str(number).lstrip("-").isdecimal()]
    return found


def _plain(value: Any) -> Any:
    """An array of numbers as a list: Keras 2 writes it as an object in either of two forms."""
    match value:
        case {"type": "ndarray", "value": plain} | {"class_name": "__numpy__", "config": {"value": plain}}:
            return plain
    return value


def _slices(args: list[Any], attributes: Mapping[str, Any]) -> list[Any]:
    """The parts of a slice, as Keras 2 writes them: a bit of each mask stands for one of them."""
    begin_mask, end_mask, ellipsis_mask, new_axis_mask, shrink_mask = (attributes.get(key, 0) for key in _MASKS)
    parts: list[Any] = []
    for at, (start, stop, step) in enumerate(zip(*args[1:], strict=False)):
        bit = 1 << at
        if ellipsis_mask & bit:
            parts.append("...")
        elif new_axis_mask & bit:
            parts.append(None)
        elif shrink_mask & bit:
            parts.append(start)
        else:
            ends = {"start": None if begin_mask & bit else start, "stop": None if end_mask & bit else stop}
            parts.append({**ends, "step": step})
    return parts
