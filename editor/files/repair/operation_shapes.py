"""TensorFlow's ways to cut, join and reorder tensors, in operations of Keras 3; the arguments are TensorFlow's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import accumulate
from math import prod
from types import MappingProxyType
from typing import Any

from editor.files.repair.making import Making, constant
from editor.files.repair.nodes import Reference
from editor.files.repair.sizes import Size


def _concat(make: Making, values: Any, axis: Any) -> Any:
    return make("numpy.Concatenate", _each(values), axis=axis)


def _stack(make: Making, values: Any, axis: int = 0) -> Any:
    return make("numpy.Stack", _each(values), axis=axis)


def _each(values: Any) -> list[Any]:
    parts = values if isinstance(values, list) else [values]
    return [constant(part) for part in parts]


def _unstack(make: Making, value: Any, num: int | None = None, axis: int = 0) -> Any:
    return make("core.Unstack", value, num=num, axis=axis)


def _split(make: Making, value: Any, num_or_size_splits: Any, axis: int = 0) -> Any:
    if isinstance(num_or_size_splits, list):
        sizes = num_or_size_splits[:-1]
        if any(not isinstance(size, int) or size < 0 for size in sizes):
            raise make.refused("num_or_size_splits")
        num_or_size_splits = list(accumulate(sizes))
    return make("numpy.Split", value, indices_or_sections=num_or_size_splits, axis=axis)


def _reshape(make: Making, tensor: Any, shape: Any) -> Any:
    if not isinstance(shape, list):
        raise make.refused("shape")
    # What is counted while it runs follows from the rest, where it is one number.
    sizes = [-1 if isinstance(size, Size) else size for size in shape]
    if sizes.count(-1) == 2 and shape[0] == Size(tensor, 0) and -1 in shape:
        sizes = _with_rest(sizes, make.input_shape)
    if sizes.count(-1) > 1:
        raise make.refused("shape")
    return make("numpy.Reshape", tensor, newshape=sizes)


def _with_rest(sizes: list[Any], static: Any) -> list[Any]:
    """A shape that keeps the first axis, with the number in place of the -1 behind it, if the file tells it."""
    if not isinstance(static, list) or None in static[1:]:
        return sizes
    rest = prod(static[1:]) // max(1, prod(size for size in sizes if size != -1))
    return [sizes[0], *(rest if size == -1 else size for size in sizes[1:])]


def _gather(
    make: Making, params: Any, indices: Any, axis: int = 0, batch_dims: int = 0, validate_indices: bool = True
) -> Any:
    if batch_dims != 0:
        raise make.refused("batch_dims")
    return make("numpy.Take", params, indices, axis=axis)


def _embedding_lookup(
    make: Making, params: Any, ids: Any, partition_strategy: str = "mod", validate_indices: bool = True
) -> Any:
    return make("numpy.Take", params, ids, axis=0)


def _boolean_mask(make: Making, tensor: Any, mask: Any, axis: int = 0) -> Any:
    if not isinstance(mask, list) or not all(isinstance(each, bool) for each in mask):
        raise make.refused("mask")
    return make("numpy.Take", tensor, [at for at, each in enumerate(mask) if each], axis=axis)


def _scatter(make: Making, tensor: Any, indices: Any, updates: Any) -> Any:
    return make("core.ScatterUpdate", tensor, indices, updates)


def _one_hot(  # noqa: PLR0913 - as many as TensorFlow has
    make: Making, indices: Any, depth: int, *, on_value: float = 1.0, off_value: float = 0.0, axis: int = -1,
    dtype: str = "float32",
) -> Any:  # fmt: skip
    found = make("nn.OneHot", indices, num_classes=depth, axis=axis, dtype=dtype)
    if (on_value, off_value) == (1, 0):
        return found
    return make("numpy.Add", make("numpy.Multiply", found, on_value - off_value), off_value)


def _sequence_mask(make: Making, lengths: Any, maxlen: Any, dtype: str = "bool") -> Any:
    if not isinstance(maxlen, int):
        raise make.refused("maxlen")
    found = make("numpy.Less", list(range(maxlen)), make("numpy.ExpandDims", lengths, axis=-1))
    return found if dtype == "bool" else make("core.Cast", found, dtype=dtype)


def _pad(make: Making, tensor: Any, paddings: Any, mode: str = "CONSTANT", constant_values: Any = 0) -> Any:
    call = {"constant_values": constant_values} if mode == "CONSTANT" and constant_values != 0 else {}
    return make("numpy.Pad", tensor, call=call, pad_width=paddings, mode=mode.lower())


def _convert(make: Making, value: Any, dtype: str = "", dtype_hint: str = "") -> Any:
    return make("core.Cast", value, dtype=dtype) if dtype else make("numpy.Copy", value)


def _size(make: Making, tensor: Any, out_type: str = "int32") -> Any:
    return make("numpy.Sum", make("numpy.OnesLike", tensor, dtype=out_type))


def _getitem(make: Making, tensor: Any, slice_spec: Any) -> Any:
    return make("numpy.GetItem", tensor, _key(make, slice_spec))


def _key(make: Making, spec: Any) -> Any:
    """The key of a slice: parts with a start, a stop and a step, numbers, and the three dots."""
    match spec:
        case {"start": start, "stop": stop, "step": step}:
            if any(isinstance(each, Reference | Size) for each in (start, stop, step)):
                raise make.refused("slice_spec")
            return {"class_name": "__slice__", "config": {"start": start, "stop": stop, "step": step}}
        case "..." | {"class_name": "__ellipsis__"}:
            return {"class_name": "__ellipsis__", "config": {}}
        case list():
            return [_key(make, part) for part in spec]
        case None | int():
            return spec
    raise make.refused("slice_spec")


def _slice(make: Making, input_: Any, begin: Any, size: Any) -> Any:
    if not all(isinstance(each, int) for part in (begin, size) if isinstance(part, list) for each in part):
        raise make.refused("begin", "size")
    ends = [None if length == -1 else start + length for start, length in zip(begin, size, strict=True)]
    return make("numpy.GetItem", input_, [_part(start, end) for start, end in zip(begin, ends, strict=True)])


def _strided_slice(make: Making, input_: Any, begin: Any, end: Any, strides: Any = None) -> Any:
    strides = strides or [1] * len(begin)
    if not all(isinstance(each, int) for part in (begin, end, strides) for each in part):
        raise make.refused("begin", "end")
    return make("numpy.GetItem", input_, [_part(*part) for part in zip(begin, end, strides, strict=True)])


def _part(start: int, stop: int | None, step: int | None = None) -> Any:
    return {"class_name": "__slice__", "config": {"start": start, "stop": stop, "step": step}}


def _frame(make: Making, signal: Any, frame_length: int, frame_step: int, axis: int = -1) -> Any:
    if axis != -1:
        raise make.refused("axis")
    return make("math.ExtractSequences", signal, sequence_length=frame_length, sequence_stride=frame_step)


SHAPE_RULES: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {
        "concat": _concat,
        "stack": _stack,
        "unstack": _unstack,
        "split": _split,
        "reshape": _reshape,
        "gather": _gather,
        "nn.embedding_lookup": _embedding_lookup,
        "boolean_mask": _boolean_mask,
        "tensor_scatter_nd_update": _scatter,
        "one_hot": _one_hot,
        "sequence_mask": _sequence_mask,
        "pad": _pad,
        "convert_to_tensor": _convert,
        "size": _size,
        "__operators__.getitem": _getitem,
        "slice": _slice,
        "strided_slice": _strided_slice,
        "signal.frame": _frame,
    }
)
