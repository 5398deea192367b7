"""The shapes of the weights of Keras's commonest layers, by plain rules, for files that have no weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from editor.files.preview.drafts import Variable
from editor.files.preview.keras_layers import OwnWeight, Settings, settings_of
from editor.files.preview.quantized_rules import added_variable
from editor.files.preview.shape_rules import product, sizes_of, split
from editor.layers.records import Shape

_Sizes = tuple[int | None, ...]


def ruled_variables(
    class_name: str, settings: Settings, own: tuple[OwnWeight, ...], given: Shape | None
) -> list[Variable] | None:
    """The variables that a layer would have; None where a size is not certain.

    Args:
        class_name: A class of Keras.
        settings: Its arguments.
        own: Its weights by the table.
        given: The shape of its input; None if that is not known.
    """
    rule = _RULES.get(class_name)
    dtype = variable_dtype(settings)
    if rule is None or not dtype:
        return None

    def size_of(name: str) -> tuple[int, ...]:
        return tuple(map(int, cast("tuple[int, ...]", rule(name, settings, given))))

    try:
        found = [added_variable(weight.name, class_name, settings, size_of) for weight in own]
    # Arguments of a wrong type or number, or no shape to go by.
    except (TypeError, ValueError, IndexError, KeyError, AttributeError):
        return None
    types = _TYPES.get(class_name, {})
    return [
        Variable(shape, types.get(weight.name, kind or dtype)) for weight, (shape, kind) in zip(own, found, strict=True)
    ]


def variable_dtype(settings: Settings) -> str:
    """The type of a layer's variables by its policy; empty if it is not certain."""
    dtype = settings.get("dtype", "float32") or "float32"
    policy = settings_of(dtype)
    name: Any = policy.get("source_name") or policy.get("name") if isinstance(dtype, dict) else dtype
    if not isinstance(name, str):
        return ""
    if name in ("mixed_float16", "mixed_bfloat16"):
        return "float32"
    return name if name in ("float16", "bfloat16", "float32", "float64") else ""


def attention_sizes(class_name: str, settings: Settings, given: list[Shape]) -> dict[str, list[tuple[int, ...]]]:
    """The shapes of matrix and bias of each layer that an attention makes, by its name; empty where one is not certain.

    Args:
        class_name: `MultiHeadAttention` or `GroupedQueryAttention`.
        settings: Its arguments.
        given: The shapes of query, value and key.
    """
    try:
        query, value, key = (int(cast("int", shape[-1])) for shape in given)
        if class_name == "MultiHeadAttention":
            heads = of_keys = int(settings["num_heads"])
            size = int(settings["key_dim"])
            of_value = int(settings.get("value_dim") or size)
            output = settings.get("output_shape")
        else:
            heads, of_keys = int(settings["num_query_heads"]), int(settings["num_key_value_heads"])
            size = of_value = int(settings["head_dim"])
            output = None
        last = [query] if output is None else [output] if isinstance(output, int) else [int(each) for each in output]
    except (KeyError, TypeError, ValueError):
        return {}
    asked = [(query, heads, size), (heads, size)]
    return {
        "query": asked,
        "gate": asked,
        "key": [(key, of_keys, size), (of_keys, size)],
        "value": [(value, of_keys, of_value), (of_keys, of_value)],
        "attention_output": [(heads, of_value, *last), tuple(last)],
    }


def _dense(name: str, settings: Settings, given: Shape | None) -> _Sizes:
    return (given[-1], settings["units"]) if name == "kernel" and given else _of(name, "bias", settings["units"])


def _of(name: str, wanted: str, *sizes: int | None) -> _Sizes:
    if name != wanted:
        raise KeyError(name)
    return sizes


def _convolution(name: str, settings: Settings, given: Shape | None) -> _Sizes:
    if name == "bias":
        return (settings["filters"],)
    places, channels = split(settings, given or ())
    groups = settings.get("groups", 1)
    inner = None if channels is None else channels // groups
    return (*sizes_of(settings["kernel_size"], len(places)), inner, settings["filters"])


def _transposed(name: str, settings: Settings, given: Shape | None) -> _Sizes:
    if name == "bias":
        return (settings["filters"],)
    places, channels = split(settings, given or ())
    return (*sizes_of(settings["kernel_size"], len(places)), settings["filters"], channels)


def _depthwise(name: str, settings: Settings, given: Shape | None) -> _Sizes:
    places, channels = split(settings, given or ())
    multiplier = settings.get("depth_multiplier", 1)
    if name == "bias":
        return (product((channels, multiplier)),)
    return (*sizes_of(settings["kernel_size"], len(places)), channels, multiplier)


def _separable(name: str, settings: Settings, given: Shape | None) -> _Sizes:
    if name == "bias":
        return (settings["filters"],)
    places, channels = split(settings, given or ())
    multiplier = settings.get("depth_multiplier", 1)
    if name == "depthwise_kernel":
        return (*sizes_of(settings["kernel_size"], len(places)), channels, multiplier)
    return (*(1,) * len(places), product((channels, multiplier)), settings["filters"])


def _embedding(name: str, settings: Settings, given: Shape | None) -> _Sizes:
    return _of(name, "embeddings", settings["input_dim"], settings["output_dim"])


def _along_axes(_name: str, settings: Settings, given: Shape | None) -> _Sizes:
    axis = settings.get("axis", -1)
    axes = axis if isinstance(axis, list) else [axis]
    return tuple((given or ())[each] for each in axes)


def _slopes(_name: str, settings: Settings, given: Shape | None) -> _Sizes:
    shared = settings.get("shared_axes") or ()
    return tuple(1 if at in shared else size for at, size in enumerate((given or ())[1:], 1))


def _cell(gates: int) -> Callable[[str, Settings, Shape | None], _Sizes]:
    def sizes(name: str, settings: Settings, given: Shape | None) -> _Sizes:
        units = settings["units"]
        if name == "kernel":
            return (given or ())[-1], gates * units
        if name == "recurrent_kernel":
            return units, gates * units
        # In Keras 1 and 2 the default was False, and was written.
        is_double = gates == _GRU_GATES and settings.get("reset_after", True)
        return (2, gates * units) if is_double else (gates * units,)

    return sizes


def _einsum(name: str, settings: Settings, given: Shape | None) -> _Sizes:
    left, outputs = settings["equation"].split("->")
    inputs, kernel = left.split(",")
    output_shape = settings["output_shape"]
    output_shape = [output_shape] if isinstance(output_shape, int) else list(output_shape)
    given = given or ()
    if not (inputs + kernel + outputs).isalpha() or (len(inputs), len(outputs)) != (len(given), len(output_shape) + 1):
        raise KeyError(name)
    sizes = {**dict(zip(outputs[1:], output_shape, strict=True)), **dict(zip(inputs, given, strict=True))}
    if name == "kernel":
        return tuple(sizes[axis] for axis in kernel)
    axes = settings["bias_axes"]
    first = min(map(outputs.index, axes))
    return tuple(sizes[axis] if axis in axes else 1 for axis in outputs[first:])


def _scores(_name: str, _settings: Settings, _given: Shape | None) -> _Sizes:
    return ()


def _additive_scores(_name: str, _settings: Settings, given: Shape | None) -> _Sizes:
    return (given or ())[-1:]


def _reversible(name: str, settings: Settings, given: Shape | None) -> _Sizes:
    sizes = settings["input_dim"], settings["output_dim"]
    return sizes if name == "embeddings" else sizes[::-1]


def _normalization(name: str, settings: Settings, given: Shape | None) -> _Sizes:
    axes = settings.get("axis", -1)
    axes = [] if axes is None else [axes] if isinstance(axes, int) else axes
    return (
        ()
        if name == "count"
        else tuple((given or ())[axis] for axis in sorted(axis % len(given or ()) for axis in axes))
    )


def _convolutional_cell(name: str, settings: Settings, given: Shape | None) -> _Sizes:
    """What is given is a sequence: batch, time, places and channels."""
    filters, given = settings["filters"], given or ()
    if name == "bias":
        return (4 * filters,)
    channels = given[2] if settings.get("data_format") == "channels_first" else given[-1]
    sizes = sizes_of(settings["kernel_size"], len(given) - 3)
    return (*sizes, channels if name == "kernel" else filters, 4 * filters)


_GRU_GATES = 3
_TYPES: dict[str, dict[str, str]] = {"Normalization": {"count": "int64"}}
"""Types of weights that do not have the type of their layer."""

_RULES: dict[str, Callable[[str, Settings, Shape | None], _Sizes]] = {
    **{f"Conv{number}D": _convolution for number in (1, 2, 3)},
    **{f"Conv{number}DTranspose": _transposed for number in (1, 2, 3)},
    **{f"DepthwiseConv{number}D": _depthwise for number in (1, 2)},
    **{f"SeparableConv{number}D": _separable for number in (1, 2)},
    **dict.fromkeys(
        ("BatchNormalization", "GroupNormalization", "LayerNormalization", "RMSNormalization"), _along_axes
    ),
    "AdditiveAttention": _additive_scores,
    "Attention": _scores,
    "ConvLSTMCell": _convolutional_cell,
    "Dense": _dense,
    "EinsumDense": _einsum,
    "Embedding": _embedding,
    "GRUCell": _cell(_GRU_GATES),
    "LSTMCell": _cell(4),
    "Normalization": _normalization,
    "PReLU": _slopes,
    "ReversibleEmbedding": _reversible,
    "SimpleRNNCell": _cell(1),
}
