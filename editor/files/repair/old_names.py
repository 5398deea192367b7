"""What classes and arguments were called in Keras 1 and 2, and what they are called today."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from editor.files.repair.keras_layers import KERAS_LAYERS

SAME_CLASS: Mapping[str, str] = MappingProxyType(
    {
        "BatchNormalizationV1": "BatchNormalization",
        "BatchNormalizationV2": "BatchNormalization",
        "SyncBatchNormalization": "BatchNormalization",
        "CuDNNGRU": "GRU",
        "CuDNNLSTM": "LSTM",
        "DenseV1": "Dense",
        "GRUV1": "GRU",
        "GRUV2": "GRU",
        "GRUCellV1": "GRUCell",
        "GRUCellV2": "GRUCell",
        "LSTMV1": "LSTM",
        "LSTMV2": "LSTM",
        "LSTMCellV1": "LSTMCell",
        "LSTMCellV2": "LSTMCell",
        "LayerNormalizationV1": "LayerNormalization",
        "UnifiedGRU": "GRU",
        "UnifiedLSTM": "LSTM",
        "ThresholdedReLU": "ReLU",
    }
)
"""Classes of Keras 2 and tf.keras whose work another class does today."""

KERAS_1_CLASS: Mapping[str, str] = MappingProxyType(
    {
        "AtrousConv1D": "Conv1D",
        "AtrousConv2D": "Conv2D",
        "AtrousConvolution1D": "Conv1D",
        "AtrousConvolution2D": "Conv2D",
        "Convolution1D": "Conv1D",
        "Convolution2D": "Conv2D",
        "Convolution3D": "Conv3D",
        "Deconvolution2D": "Conv2DTranspose",
        "SeparableConvolution2D": "SeparableConv2D",
        "TimeDistributedDense": "Dense",
    }
)
"""Classes of Keras 1 whose work another class does today."""

_NAME_IN_KERAS: Mapping[str, str] = MappingProxyType({"GroupedQueryAttention": "GroupQueryAttention"})
"""Classes of today that an `.h5` does not call as `keras.layers` does."""

_COMMON = {
    "init": "kernel_initializer",
    "W_regularizer": "kernel_regularizer",
    "b_regularizer": "bias_regularizer",
    "W_constraint": "kernel_constraint",
    "b_constraint": "bias_constraint",
    "bias": "use_bias",
}
_CONVOLUTION = {
    **_COMMON,
    "nb_filter": "filters",
    "border_mode": "padding",
    "subsample": "strides",
    "subsample_length": "strides",
    "filter_length": "kernel_size",
    "atrous_rate": "dilation_rate",
    "depthwise_init": "depthwise_initializer",
    "pointwise_init": "pointwise_initializer",
}
_RECURRENT = {
    **_COMMON,
    "output_dim": "units",
    "inner_init": "recurrent_initializer",
    "inner_activation": "recurrent_activation",
    "U_regularizer": "recurrent_regularizer",
    "dropout_W": "dropout",
    "dropout_U": "recurrent_dropout",
}
_POOLING_1D = {"pool_length": "pool_size", "stride": "strides", "border_mode": "padding"}
_POOLING = {"border_mode": "padding"}
_RATE = {"p": "rate"}

_CONVOLUTIONS = ("Conv1D", "Conv2D", "Conv3D", "Conv2DTranspose", "SeparableConv2D")

KERAS_1_ARGUMENTS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "Dense": {**_COMMON, "output_dim": "units"},
        **dict.fromkeys(_CONVOLUTIONS, _CONVOLUTION),
        **dict.fromkeys(("GRU", "LSTM", "SimpleRNN"), _RECURRENT),
        **dict.fromkeys(("MaxPooling1D", "AveragePooling1D"), _POOLING_1D),
        **dict.fromkeys(("MaxPooling2D", "AveragePooling2D", "MaxPooling3D", "AveragePooling3D"), _POOLING),
        **dict.fromkeys(("Dropout", "SpatialDropout1D", "SpatialDropout2D", "GaussianDropout"), _RATE),
        "GaussianNoise": {"sigma": "stddev"},
        "UpSampling1D": {"length": "size"},
        "PReLU": {"init": "alpha_initializer"},
        "BatchNormalization": {"beta_init": "beta_initializer", "gamma_init": "gamma_initializer"},
        "Embedding": {
            "init": "embeddings_initializer",
            "W_regularizer": "embeddings_regularizer",
            "W_constraint": "embeddings_constraint",
        },
    }
)
"""Arguments of Keras 1 by today's class: only their names differ."""

INITIALIZERS: Mapping[str, str] = MappingProxyType(
    {"normal": "random_normal", "uniform": "random_uniform", "one": "ones", "zero": "zeros"}
)
"""Short names of Keras 1."""

NOT_TODAY = frozenset(
    {
        "CuDNNConvLSTM2D", "DenseFeatures", "Highway", "LocallyConnected1D", "LocallyConnected2D", "MaxoutDense",
        "ParametricSoftPlus", "ParametricSoftplus", "RandomFourierFeatures", "RandomHeight", "RandomWidth", "SReLU",
    }
)  # fmt: skip
"""Classes of old Keras that no class of today's can stand for."""


def class_of_today(class_name: str, given: frozenset[str]) -> str | None:
    """Today's class for one of Keras's of any version; None for a class that is not Keras's."""
    if class_name in given:
        return None
    name = class_name.removeprefix("Keras>")
    name = SAME_CLASS.get(name, KERAS_1_CLASS.get(name, name))
    return name if name in KERAS_LAYERS else _NAME_IN_KERAS.get(name)
