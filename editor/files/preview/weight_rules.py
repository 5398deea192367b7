"""The shapes of the weights of Keras's commonest layers, by plain rules, for files that have no weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from editor.files.preview.drafts import Variable
from editor.files.preview.keras_layers import OwnWeight, Settings, settings_of
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
    try:
        sizes = [rule(weight.name, settings, given) for weight in own]
        known = [tuple(int(size) for size in each if size is not None) for each in sizes]
    # Arguments of a wrong type or number, or no shape to go by.
    except (TypeError, ValueError, IndexError, KeyError, AttributeError):
        return None
    if any(None in each for each in sizes):
        return None
    return [Variable(shape, dtype) for shape in known]


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


_GRU_GATES = 3
_RULES: dict[str, Callable[[str, Settings, Shape | None], _Sizes]] = {
    **{f"Conv{number}D": _convolution for number in (1, 2, 3)},
    **{f"Conv{number}DTranspose": _transposed for number in (1, 2, 3)},
    **{f"DepthwiseConv{number}D": _depthwise for number in (1, 2)},
    **{f"SeparableConv{number}D": _separable for number in (1, 2)},
    **dict.fromkeys(
        ("BatchNormalization", "GroupNormalization", "LayerNormalization", "RMSNormalization"), _along_axes
    ),
    "Dense": _dense,
    "Embedding": _embedding,
    "GRUCell": _cell(_GRU_GATES),
    "LSTMCell": _cell(4),
    "PReLU": _slopes,
    "SimpleRNNCell": _cell(1),
}
