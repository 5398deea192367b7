"""Whether Keras itself has what a configuration names; found by comparing names, never by importing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

from editor.files.keras_names import CLASSES, FUNCTIONS, IDENTIFIERS

FUNCTION_CLASSES = frozenset({"function", "Function"})
"""The `class_name` of a function by name."""


def _all(table: Mapping[str, str], keys: Iterable[str] | None = None) -> frozenset[str]:
    return frozenset(" ".join(table[key] for key in keys or table).split())


def _places(table: Mapping[str, str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for module, names in table.items():
        for name in names.split():
            found.setdefault(name, []).append(module)
    return found


_CLASS_PLACES = _places(CLASSES)
_FUNCTION_PLACES = _places(FUNCTIONS)
_CLASS_NAMES = _all(CLASSES)
_OPTIMIZERS = frozenset(CLASSES["keras.optimizers"].split())
_FUNCTION_NAMES = _all(FUNCTIONS) | _all(IDENTIFIERS)

# What Keras 1 and 2 had; a file that names it can be repaired.
_OLD_CLASSES = frozenset(
    """
    AtrousConvolution1D AtrousConvolution2D AveragePooling BatchNormalizationV1 BatchNormalizationV2 CategoryCrossing
    ClassMethod Conv2DTranspose Convolution1D Convolution1DTranspose Convolution2D Convolution2DTranspose
    Convolution3D Convolution3DTranspose ConvLSTM2DCell CuDNNGRU CuDNNLSTM Deconvolution2D Deconvolution3D
    DenseFeatures DepthwiseConvolution2D Graph GRUV1 GRUV2 GRUCellV2 Highway InstanceMethod InstanceProperty Layer
    LocallyConnected1D LocallyConnected2D LSTMV1 LSTMV2 LSTMCellV2 MaxoutDense Merge Model Network
    ParametricSoftplus PeepholeLSTMCell RandomFourierFeatures RandomHeight RandomWidth RepeatVector SReLU
    SeparableConvolution1D SeparableConvolution2D SlicingOpLambda SyncBatchNormalization TFOpLambda TensorFlowOpLayer
    ThresholdedReLU TimeDistributedDense
    GlorotNormalV1 GlorotNormalV2 GlorotUniformV1 GlorotUniformV2 HeNormalV1 HeNormalV2 HeUniformV1 HeUniformV2
    IdentityV2 LecunNormalV1 LecunNormalV2 LecunUniformV1 LecunUniformV2 OnesV1 OnesV2 OrthogonalV2 RandomNormalV1
    RandomNormalV2 RandomUniformV1 RandomUniformV2 TruncatedNormalV1 TruncatedNormalV2 VarianceScalingV1
    VarianceScalingV2 ZerosV1 ZerosV2 ConstantV1 ConstantV2
    AUC MeanRelativeError MeanTensor SumOverBatchSize Policy PolicyV1 LossFunctionWrapper
    LossScaleOptimizerV1 LossScaleOptimizerV3 CosineProximity LogCosh CosineDecayRestarts NoisyLinearCosineDecay
    LinearCosineDecay DynamicLossScale
    AtrousConv1D AtrousConv2D GroupedQueryAttention
    """.split()  # noqa: SIM905
)
_OLD_FUNCTIONS = frozenset(
    """
    acc ce cosine cosine_distance cosine_proximity crossentropy kullback_leibler_divergence logcosh
    matthews_correlation softmax_v2 sparse_top_k_categorical_accuracy top_k_categorical_accuracy uniform normal
    zero one l1_l2 l1l2 maxnorm nonneg unitnorm activity_l1 activity_l2 activity_l1l2 weight_l1l2
    ActivityRegularizer L1L2Regularizer WeightRegularizer
    """.split()  # noqa: SIM905
)
_MODULES_OF_KERAS = re.compile(r"(keras|tf_keras|tensorflow\.keras|tensorflow\.python\.keras)(\.|$)")

# Functions of TensorFlow that compute and do nothing else: what an old file may call by name. Others read and write
# files, run Python or load libraries.
_PURE_TENSORFLOW = re.compile(
    r"(tf\.)?(compat\.v[12]\.)?"
    r"((math|nn|linalg|signal|image|strings|bitwise|random|dtypes|__operators__|_operators__|keras\.(backend|activations))\.\w+"
    r"|abs|add|add_n|argmax|argmin|argsort|batch_to_space|boolean_mask|broadcast_to|cast|clip_by_norm|clip_by_value"
    r"|complex|concat|convert_to_tensor|cos|cosh|cumsum|divide|einsum|equal|exp|expand_dims|eye|fill|floor|floor_div|gather"
    r"|gather_nd|greater|greater_equal|identity|less|less_equal|logical_and|logical_not|logical_or|matmul|maximum"
    r"|meshgrid|minimum|multiply|negative|norm|not_equal|one_hot|ones|ones_like|pad|pow|range|rank|realdiv"
    r"|reduce_(all|any|logsumexp|max|mean|min|prod|sum)|repeat|reshape|reverse|reverse_sequence|roll|round|rsqrt"
    r"|scatter_nd|sequence_mask|shape|sigmoid|sign|sin|sinh|size|slice|sort|space_to_batch|split|sqrt|square|squeeze"
    r"|stack|stop_gradient|strided_slice|subtract|tan|tanh|tensor_scatter_nd_\w+|tensordot|tile|transpose|truediv"
    r"|unstack|where|zeros|zeros_like)"
)
_IMPURE_OPERATION = re.compile(
    r"File|Read|Write|Save|Restore|PyFunc|Print|Load|Delete|Rename|Copy|Queue|Dataset|Iterator|Rpc|Send|Recv|Remote"
    r"|Collective|Table|Library|Debug|Summary|Custom|Call"
)


# Keras came late to these classes, and people had their own of the same names: what Keras's always write.
_ALWAYS_WRITTEN: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "AdditiveAttention": frozenset({"use_scale"}),
        "Attention": frozenset({"use_scale"}),
        "MultiHeadAttention": frozenset({"num_heads", "key_dim"}),
    }
)
_OF_ANY_CLASS = frozenset(
    {"name", "trainable", "dtype", "batch_input_shape", "dynamic", "causal", "dropout", "score_mode", "seed"}
)


def has_class(entry: Mapping[str, Any]) -> bool:
    """Whether Keras has, or had, the class of a serialized object."""
    name = entry.get("class_name")
    if isinstance(name, str) and optimizer_class(name) != name:
        return True
    is_known = name in _CLASS_NAMES or name in _OLD_CLASSES
    return _is_from_keras(entry, name) and is_known and not is_namesake(entry)


def is_namesake(entry: Mapping[str, Any]) -> bool:
    """Whether a layer's class has but its name from Keras's: it has other arguments, and no module says whose it is."""
    settings, always = entry.get("config"), _ALWAYS_WRITTEN.get(str(entry.get("class_name")))
    if always is None or not isinstance(settings, dict) or "module" in entry:
        return False
    return always.isdisjoint(settings) and not settings.keys() <= _OF_ANY_CLASS


def has_function(entry: Mapping[str, Any]) -> bool:
    """Whether Keras has, or had, a function that is serialized by name (`class_name` is `function`)."""
    name = entry.get("config")
    return _is_from_keras(entry, name) and (name in _FUNCTION_NAMES or name in _OLD_FUNCTIONS)


def keras_module(entry: Mapping[str, Any]) -> str:
    """The module where today's Keras has what a serialized object names.

    `has_class` or `has_function` is true of it. Its own where it is there; else one that is called alike, as
    `keras.initializers` for `keras.src.initializers.random_initializers`.
    """
    is_function = entry["class_name"] in FUNCTION_CLASSES
    name, module = entry["config"] if is_function else entry["class_name"], str(entry.get("module"))
    if is_function and module == "builtins":
        return module
    places = (_FUNCTION_PLACES if is_function else _CLASS_PLACES).get(name, ())
    if module in places:
        return module
    parts = module.split(".")
    alike = [place for place in places if place.rpartition(".")[2] in parts]
    default = "builtins" if is_function else "keras.layers"
    return next(iter((*alike, *places)), default)


def operation_module(class_name: str) -> str:
    """Where Keras 3 has an operation, such as `NotEqual`; empty if there is none of this name."""
    return next((place for place in _CLASS_PLACES.get(class_name, ()) if place.startswith("keras.src.ops.")), "")


def optimizer_class(name: str) -> str:
    """The class of a serialized optimizer; Keras 2.11 to 2.15 wrote its own as `Custom>Adam`."""
    short = name.removeprefix("Custom>")
    return short if short in _OPTIMIZERS else name


def has_identifier(kind: str, name: str) -> bool:
    """Whether a string stands for something of Keras.

    Args:
        kind: What the argument takes: one of `IDENTIFIERS`.
        name: Such as `relu` for an activation.
    """
    known = _identifiers(kind)
    return name in known or name in _OLD_FUNCTIONS or (kind == "optimizer" and name.lower() in known)


@cache
def _identifiers(kind: str) -> frozenset[str]:
    return _all(IDENTIFIERS, ("loss", "metric") if kind in ("loss", "metric") else (kind,))


def is_pure_tensorflow(name: str) -> bool:
    """Whether a function of TensorFlow that a `TFOpLambda` names computes and does nothing else."""
    return _PURE_TENSORFLOW.fullmatch(name) is not None


def is_pure_operation(name: str) -> bool:
    """Whether an operation of a TensorFlow graph computes and does nothing else."""
    return _IMPURE_OPERATION.search(name) is None


def _is_from_keras(entry: Mapping[str, Any], name: Any) -> bool:
    """Whether what an entry says of its origin leaves only Keras."""
    registered = entry.get("registered_name")
    if not isinstance(name, str) or (registered and registered not in (name, entry.get("class_name"))):
        return False
    if "module" not in entry:
        return True
    # Keras 3 writes null for what comes from the script that was run.
    module = entry["module"]
    is_function = entry.get("class_name") in FUNCTION_CLASSES
    return isinstance(module, str) and (
        _MODULES_OF_KERAS.match(module) is not None or (is_function and module == "builtins")
    )
