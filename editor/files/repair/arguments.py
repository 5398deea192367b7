"""Brings the arguments of one of Keras's own layers to those that today's class takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from editor.errors import ModelError
from editor.files.repair.kinds import RepairNotes
from editor.files.repair.old_names import INITIALIZERS, KERAS_1_ARGUMENTS

Config = dict[str, Any]


@dataclass(frozen=True)
class Subject:
    """The layer whose arguments are looked at.

    Attributes:
        class_name: Today's class.
        name: For people.
        is_of_old_keras: Whether Keras 1 or 2 wrote it.
        has_module: Whether it is written in the newer form, with a module, in which Keras overlooks nothing.
    """

    class_name: str
    name: str
    is_of_old_keras: bool
    has_module: bool = False


_RECURRENT = ("RNN", "SimpleRNN", "GRU", "LSTM", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D")
_LOOKUPS = ("TextVectorization", "StringLookup", "IntegerLookup")
_ATTENTION = ("Attention", "AdditiveAttention")
_WITHOUT_GROUPS = (
    "Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose", "DepthwiseConv1D", "DepthwiseConv2D", "SeparableConv1D",
    "SeparableConv2D",
)  # fmt: skip
_ANY = ("*",)


def _is_false(value: Any) -> bool:
    return value is False or value is None


def _is_one(value: Any) -> bool:
    return value in (1, None)


def _always(_value: Any) -> bool:
    return True


def _is_none(value: Any) -> bool:
    return value is None


def _is_zero(value: Any) -> bool:
    return value in (0, 0.0, None)


_GONE: tuple[tuple[str, tuple[str, ...], Callable[[Any], bool]], ...] = (
    ("time_major", _RECURRENT, _is_false),
    ("implementation", ("RNN", "SimpleRNN", "SimpleRNNCell", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"), _always),
    ("consume_less", _RECURRENT, _always),
    ("groups", _WITHOUT_GROUPS, _is_one),
    # A depthwise convolution has a kernel of another name; these were written without being used.
    ("kernel_initializer", ("DepthwiseConv1D", "DepthwiseConv2D", "SeparableConv1D", "SeparableConv2D"), _always),
    ("kernel_regularizer", ("DepthwiseConv1D", "DepthwiseConv2D", "SeparableConv1D", "SeparableConv2D"), _is_none),
    ("kernel_constraint", ("DepthwiseConv1D", "DepthwiseConv2D", "SeparableConv1D", "SeparableConv2D"), _is_none),
    ("filters", ("DepthwiseConv1D", "DepthwiseConv2D"), _always),
    ("causal", _ATTENTION, _is_false),
    ("softmax_robust_masking", ("MultiHeadAttention",), _always),
    ("query_shape", ("MultiHeadAttention",), _always),
    ("key_shape", ("MultiHeadAttention",), _always),
    ("value_shape", ("MultiHeadAttention",), _always),
    ("rng_type", _ANY, _always),
    ("force_generator", _ANY, _always),
    ("fused", ("BatchNormalization",), _always),
    ("virtual_batch_size", ("BatchNormalization",), _is_none),
    ("adjustment", ("BatchNormalization",), _is_none),
    ("mode", ("BatchNormalization",), _is_zero),
    ("noise_shape", ("SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D"), _always),
    ("trainable", ("SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "Discretization"), _always),
    ("input_length", ("Embedding", *_RECURRENT, "Dense", "Conv1D"), _always),
    ("sparse", ("Embedding",), _is_false),
    ("dropout", ("Embedding",), _is_zero),
    ("input_dim", (*_RECURRENT, "Dense", "Conv1D"), _always),
    ("output_shape", ("Conv2DTranspose",), _always),
    ("weights", ("Embedding", "PReLU"), _is_none),
    ("partitioner", _ANY, _is_none),
    # What Keras 2 wrote beside a Lambda's functions; plain Keras passes over it too.
    ("function_type", ("Lambda",), _always),
    ("module", ("Lambda",), _always),
    ("output_shape_type", ("Lambda",), _always),
    ("output_shape_module", ("Lambda",), _always),
)
"""Arguments that today's classes do not take: of which classes, and at which values they had no effect."""

_QUIET = frozenset({"function_type", "input_length", "module", "output_shape_module", "output_shape_type"})
"""Today's classes take these for old files' sake, or they have nothing to do; plain Keras takes them too."""


_OLD_FORMS = frozenset({"dim_ordering", "forget_bias_init", "kernel_dim1", "nb_row"})
"""Arguments of Keras 1 that have another form today, and not only another name."""


def repair_arguments(config: Config, subject: Subject, notes: RepairNotes) -> None:
    """Repairs the arguments of one layer in place.

    Raises:
        ModelError: An argument that today's class does not take has a value with an effect.
    """
    if subject.is_of_old_keras:
        _rename_those_of_keras_1(config, subject, notes)
        _drop_gone(config, subject, notes)
    _add_defaults(config, subject, notes)
    if _plain_numbers(config):
        notes.add("value-form", "Numbers are written as such instead of as arrays", subject.name)
    _repair_values(config, subject, notes)


def todays_arguments(class_name: str, settings: Mapping[str, Any]) -> Mapping[str, Any]:
    """The arguments of a layer under today's names; `settings` itself unless Keras 1 wrote it.

    Args:
        class_name: Today's class.
        settings: As the file has them; unchanged.
    """
    if _OLD_FORMS.isdisjoint(settings) and KERAS_1_ARGUMENTS.get(class_name, {}).keys().isdisjoint(settings):
        return settings
    config = dict(settings)
    subject, notes = Subject(class_name, "", is_of_old_keras=True), RepairNotes()
    _rename_those_of_keras_1(config, subject, notes)
    _add_defaults(config, subject, notes)
    return config


# -- gone and renamed -------------------------------------------------------------------------------------------


def _drop_gone(config: Config, subject: Subject, notes: RepairNotes) -> None:
    for key, classes, is_harmless in _GONE:
        if key not in config or (classes is not _ANY and subject.class_name not in classes):
            continue
        value = config[key]
        if not is_harmless(value):
            raise ModelError(
                f"The {subject.class_name} {subject.name!r} sets {key!r} to {value!r}, which Keras 3 cannot do.",
                hint="Open it with the Keras that wrote it, and rebuild it without this.",
            )
        del config[key]
        if key not in _QUIET or subject.has_module:
            shown = f" ({value})" if isinstance(value, bool | int) else ""
            notes.add("argument-gone", f"{key!r}{shown}, which Keras 3 no longer takes, is left out", subject.name)


def _rename_those_of_keras_1(config: Config, subject: Subject, notes: RepairNotes) -> None:
    before = set(config)
    for old, new in KERAS_1_ARGUMENTS.get(subject.class_name, {}).items():
        if old in config:
            config[new] = config.pop(old)
    _join_those_of_keras_1(config, subject)
    if before - set(config):
        notes.add("argument-renamed", "The arguments of Keras 1 are given their names of today", subject.name)


def _join_those_of_keras_1(config: Config, subject: Subject) -> None:
    """Arguments that have another form, too."""
    for key in ("nb_row", "kernel_dim1"):
        if key in config:
            parts = ("nb_row", "nb_col") if key == "nb_row" else ("kernel_dim1", "kernel_dim2", "kernel_dim3")
            config["kernel_size"] = [config.pop(part) for part in parts]
    if "dim_ordering" in config:
        ordering = config.pop("dim_ordering")
        if ordering in ("th", "tf"):
            config["data_format"] = "channels_first" if ordering == "th" else "channels_last"
    if "forget_bias_init" in config:
        config["unit_forget_bias"] = config.pop("forget_bias_init") in ("one", "ones")
    for key in ("kernel_size", "strides", "dilation_rate"):
        if subject.class_name == "Conv1D" and isinstance(config.get(key), list):
            config[key] = config[key][0]


def _add_defaults(config: Config, subject: Subject, notes: RepairNotes) -> None:
    """What an old Keras did without saying so, and today's does otherwise."""
    if subject.is_of_old_keras and subject.class_name in ("GRU", "GRUCell") and "reset_after" not in config:
        config["reset_after"] = False
        notes.add("argument-added", "'reset_after' is False, as in the Keras that wrote it", subject.name)
    if subject.class_name == "ReLU" and "theta" in config:
        config["threshold"] = config.pop("theta")


# -- values -----------------------------------------------------------------------------------------------------


def _plain_numbers(config: Config) -> bool:
    """Takes NumPy's numbers and arrays, as Keras 2 wrote them, for what they are; tells whether there were some."""
    found = False
    for key, value in config.items():
        match value:
            case {"type": "ndarray", "value": number}:
                config[key] = number
                found = True
            case {"class_name": str(), "config": dict(inner)}:
                found |= _plain_numbers(inner)
    # Keras 2.3 wrote a number of one element as a list.
    for key in ("alpha", "max_value", "negative_slope", "threshold"):
        if isinstance(config.get(key), list) and len(config[key]) == 1:
            config[key] = config[key][0]
            found = True
    return found


def _repair_values(config: Config, subject: Subject, notes: RepairNotes) -> None:
    if isinstance(config.get("dtype"), dict):
        _repair_dtype(config, subject, notes)
    if subject.class_name == "Attention" and config.get("score_mode") == "dot" and not subject.has_module:
        text = "'score_mode' is the word 'dot', which Keras takes for its function of this name in an .h5 file"
        notes.add("word", text, subject.name)
    axis = config.get("axis")
    if subject.class_name == "BatchNormalization" and isinstance(axis, list) and len(axis) == 1:
        config["axis"] = int(axis[0])
        notes.add("value-form", f"'axis' is the number {axis[0]} instead of a list of it", subject.name)
    elif isinstance(axis, list) and len(axis) != 1 and not subject.has_module:
        notes.add("axis-list", f"'axis' stays {axis}; plain Keras leaves such a list out", subject.name)
    _note_state(config, subject, notes)
    for key, value in config.items():
        if subject.is_of_old_keras and (key.endswith("_initializer") or key == "initializer"):
            config[key] = _initializer(value, subject, notes)
        elif key.endswith(("_regularizer", "_constraint")):
            config[key] = _penalty(value)


def _note_state(config: Config, subject: Subject, notes: RepairNotes) -> None:
    """What Keras 2 had as weights of a layer, and Keras 3 has not: plain Keras leaves it out, or refuses the file."""
    if not subject.is_of_old_keras:
        return
    if subject.class_name == "Discretization" and config.get("num_bins") is not None:
        notes.add("state", "Its bins are made of what it gathered of its data", subject.name)
    elif subject.class_name in _LOOKUPS and config.get("idf_weights") is not None:
        notes.add("state", "What each word counts is taken from the configuration", subject.name)


def _repair_dtype(config: Config, subject: Subject, notes: RepairNotes) -> None:
    dtype = config["dtype"]
    if dtype.get("class_name") not in ("Policy", "PolicyV1"):
        return
    name = (dtype.get("config") or {}).get("name")
    if isinstance(name, str):
        config["dtype"] = "float32" if name in ("infer", "_infer") else name
        notes.add("value-form", f"The data type is written as {config['dtype']!r} instead of as a policy", subject.name)
    else:
        del config["dtype"]


def _initializer(value: Any, subject: Subject, notes: RepairNotes) -> Any:
    match value:
        case str() if value in INITIALIZERS:
            return INITIALIZERS[value]
        case {"class_name": str(class_name), "config": dict(settings)}:
            kept = {key: each for key, each in settings.items() if key not in ("dtype", "partition_info")}
            if kept != settings:
                notes.add("value-form", "Initializers are taken without a data type of their own", subject.name)
            if class_name.endswith(("V1", "V2")):
                notes.add(
                    "class-renamed", f"The initializer {class_name} is called {class_name[:-2]} today", subject.name
                )
            today = class_name[:-2] if class_name.endswith(("V1", "V2")) else class_name
            return {**value, "class_name": today, "config": kept}
    return value


_PENALTIES: Mapping[str, tuple[str, Mapping[str, str]]] = MappingProxyType(
    {
        "L1L2Regularizer": ("L1L2", {"l1": "l1", "l2": "l2"}),
        "WeightRegularizer": ("L1L2", {"l1": "l1", "l2": "l2"}),
        "ActivityRegularizer": ("L1L2", {"l1": "l1", "l2": "l2"}),
        "MaxNorm": ("MaxNorm", {"m": "max_value", "axis": "axis"}),
        "NonNeg": ("NonNeg", {}),
        "UnitNorm": ("UnitNorm", {"axis": "axis"}),
    }
)


def _penalty(value: Any) -> Any:
    """A regularizer or constraint; Keras 1 wrote its arguments beside its name."""
    match value:
        case {"name": str(name), **settings} if name in _PENALTIES and "class_name" not in value:
            class_name, keys = _PENALTIES[name]
            config = {new: settings[old] for old, new in keys.items() if old in settings}
            return {"class_name": class_name, "config": config}
    return value
