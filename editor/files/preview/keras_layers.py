"""What is known of Keras 3.15's own layers without Keras: their weights, and the layers that they make inside.

Measured with Keras itself; `tests/files/preview/test_keras_layers.py` holds each line against each layer class.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from editor.files.repair.old_names import KERAS_1_CLASS, SAME_CLASS

Settings = Mapping[str, Any]
"""The arguments of a layer: `config` of its serialized form."""


@dataclass(frozen=True)
class OwnWeight:
    """A weight that a layer itself owns.

    Attributes:
        name: Keras's variable name.
        attribute: The layer's attribute that holds it; the name as a rule.
        is_statistics: Whether it never trains.
        stored_at: Its number in Keras 3's weights file; -1 if that is its place in the layer, None if it is not there.
    """

    name: str
    attribute: str = ""
    is_statistics: bool = False
    stored_at: int | None = -1

    @property
    def held_by(self) -> str:
        """The attribute that holds it."""
        return self.attribute or self.name


def names_in(text: str) -> frozenset[str]:
    """The names in a text."""
    return frozenset(text.split())


def _weights(*names: str) -> tuple[OwnWeight, ...]:
    return tuple(map(OwnWeight, names))


def _statistics(*names: str) -> tuple[OwnWeight, ...]:
    return tuple(OwnWeight(name, is_statistics=True) for name in names)


def _with_bias(*names: str) -> Callable[[Settings], tuple[OwnWeight, ...] | None]:
    return lambda settings: _weights(*names, *(["bias"] if settings.get("use_bias", True) else []))


def _kernel_and_bias(settings: Settings) -> tuple[OwnWeight, ...] | None:
    has_bias = settings.get("use_bias", True)
    return _computed("kernel", settings, has_bias)


def _einsum(settings: Settings) -> tuple[OwnWeight, ...] | None:
    return _computed("kernel", settings, settings.get("bias_axes") is not None)


def _computed(name: str, settings: Settings, has_bias: bool) -> tuple[OwnWeight, ...] | None:
    """A matrix and what LoRA or quantization make of it."""
    mode, _, block_size = quantization_of(settings).partition("/")
    # Keras merges both into the matrix on saving (fact F23).
    rank = settings.get("lora_rank")
    lora = tuple(OwnWeight(f"lora_{name}_{part}", stored_at=None) for part in "ab") if rank else ()
    bias = (OwnWeight("bias", stored_at=1),) if has_bias else ()
    held_by = f"_{name}" if rank or mode == "int4" else name
    match mode:
        case "":
            return (OwnWeight(name, held_by), *bias, *lora)
        case "int4" | "int8":
            is_by_block = mode == "int4" and block_size not in ("", "-1", "None")
            added = (f"{name}_scale", *((f"{name}_zero", "g_idx") if is_by_block else ()))
            numbers = (OwnWeight(each, "", True, at) for at, each in enumerate(added, 1 + has_bias))
            return (*bias, *lora, OwnWeight(name, held_by, is_statistics=True, stored_at=0), *numbers)
        case "float8" if name == "kernel":
            added = tuple(f"{of}_{what}" for of in ("inputs", name, "outputs_grad") for what in _OF_FLOAT8)
            numbers = (OwnWeight(each, stored_at=at) for at, each in enumerate(added, 1 + has_bias))
            return (*numbers, OwnWeight(name, held_by, stored_at=0), *bias, *lora)
    return None


def _embedding(settings: Settings) -> tuple[OwnWeight, ...] | None:
    return _computed("embeddings", settings, has_bias=False)


def _reversible_embedding(settings: Settings) -> tuple[OwnWeight, ...] | None:
    if quantization_of(settings) or settings.get("lora_rank"):
        return None
    return _weights("embeddings", *([] if settings.get("tie_weights", True) else ["reverse_embeddings"]))


def _scale_and_center(settings: Settings) -> tuple[OwnWeight, ...]:
    names = (("gamma", "scale"), ("beta", "center"))
    return _weights(*(name for name, setting in names if settings.get(setting, True)))


def _batch_normalization(settings: Settings) -> tuple[OwnWeight, ...]:
    renorm = ("moving_stddev", "renorm_mean", "renorm_stddev") if settings.get("renorm") else ()
    return (*_scale_and_center(settings), *_statistics("moving_mean", "moving_variance", *renorm))


def _normalization(settings: Settings) -> tuple[OwnWeight, ...]:
    if settings.get("mean") is not None:
        return ()
    adapted = (OwnWeight(name, f"adapt_{name}", is_statistics=True) for name in ("mean", "variance"))
    return (*adapted, *_statistics("count"))


def _attention(settings: Settings) -> tuple[OwnWeight, ...]:
    scale = ["scale"] if settings.get("use_scale", False) else []
    return _weights(*scale, *(["concat_score_weight"] if settings.get("score_mode") == "concat" else []))


def _additive_attention(settings: Settings) -> tuple[OwnWeight, ...]:
    return _weights("scale") if settings.get("use_scale", True) else ()


def _spectral(settings: Settings) -> tuple[OwnWeight, ...] | None:
    inner = settings.get("layer")
    class_name = inner.get("class_name") if isinstance(inner, dict) else None
    weights = own_weights(class_name, settings_of(inner)) if isinstance(class_name, str) else None
    matrix = next((weight for weight in weights or () if weight.name in ("kernel", "embeddings")), None)
    if matrix and settings_of(inner).get("lora_rank"):
        # What it takes over is computed, and no weight.
        return _statistics("vector_u")
    return (OwnWeight(matrix.name, attribute="kernel"), *_statistics("vector_u")) if matrix else None


def _spectrogram(settings: Settings) -> tuple[OwnWeight, ...]:
    left_out = {"imag": "real", "real": "imag"}.get(str(settings.get("mode")))
    return _weights(*(f"{part}_kernel" for part in ("real", "imag") if part != left_out))


_OF_FLOAT8 = ("scale", "amax_history")
_CELL = _with_bias("kernel", "recurrent_kernel")
_SEPARABLE = _with_bias("depthwise_kernel", "pointwise_kernel")

_OWN: dict[str, Callable[[Settings], tuple[OwnWeight, ...] | None]] = {
    **{f"Conv{number}D": _kernel_and_bias for number in (1, 2, 3)},
    **{f"Conv{number}DTranspose": _kernel_and_bias for number in (1, 2, 3)},
    **{f"DepthwiseConv{number}D": _with_bias("kernel") for number in (1, 2)},
    **{f"SeparableConv{number}D": _SEPARABLE for number in (1, 2)},
    **dict.fromkeys(("ConvLSTMCell", "GRUCell", "LSTMCell", "SimpleRNNCell"), _CELL),
    "AdditiveAttention": _additive_attention,
    "Attention": _attention,
    "BatchNormalization": _batch_normalization,
    "Dense": _kernel_and_bias,
    "EinsumDense": _einsum,
    "Embedding": _embedding,
    "GroupNormalization": _scale_and_center,
    "LayerNormalization": _scale_and_center,
    "Normalization": _normalization,
    "PReLU": lambda _settings: _weights("alpha"),
    "ReversibleEmbedding": _reversible_embedding,
    "RMSNormalization": lambda _settings: _weights("scale"),
    "SpectralNormalization": _spectral,
    "STFTSpectrogram": _spectrogram,
}

_OF_EACH_DIMENSION = names_in(
    """
    AdaptiveAveragePooling AdaptiveMaxPooling AveragePooling ConvLSTM Cropping GlobalAveragePooling GlobalMaxPooling
    MaxPooling SpatialDropout UpSampling ZeroPadding
    """
)
_WITHOUT_WEIGHTS = names_in(
    """
    Activation ActivityRegularization Add AlphaDropout AugMix AutoContrast Average Bidirectional CategoryEncoding
    CenterCrop Concatenate ContrastLimitedAdaptiveHistogramEqualization CutMix Discretization Dot Dropout ELU
    Equalization Flatten GRU GaussianDropout GaussianNoise GroupedQueryAttention HashedCrossing Hashing Identity
    InputLayer IntegerLookup LSTM Lambda Layer LeakyReLU Masking MaxNumBoundingBoxes Maximum MelSpectrogram Minimum
    MixUp MultiHeadAttention Multiply Permute Pipeline RNN RandAugment RandomBrightness RandomColorDegeneration
    RandomColorJitter RandomContrast RandomCrop RandomElasticTransform RandomErasing RandomFlip RandomGaussianBlur
    RandomGrayscale RandomHue RandomInvert RandomPerspective RandomPosterization RandomRotation RandomSaturation
    RandomSharpness RandomShear RandomTranslation RandomZoom ReLU RepeatVector Rescaling Reshape Resizing SimpleRNN
    Softmax Solarization StackedRNNCells StringLookup Subtract TextVectorization TimeDistributed
    UnitNormalization Wrapper
    """
).union(f"{name}{number}D" for number in (1, 2, 3) for name in _OF_EACH_DIMENSION)

GRAPHS = frozenset({"Functional", "Model", "Sequential"})
"""Keras's own classes whose layers stand in their configuration as a graph."""

OPAQUE = frozenset({"FlaxLayer", "JaxLayer", "TFSMLayer", "TorchModuleWrapper"})
"""Keras's own classes whose weights another library decides."""

KERAS_CLASSES = frozenset(_OWN) | _WITHOUT_WEIGHTS | GRAPHS | OPAQUE
"""All layer classes of Keras 3.15 by their own names."""

ALIASES: dict[str, str] = {
    "Model": "Functional",
    "GroupQueryAttention": "GroupedQueryAttention",
    **SAME_CLASS,
    **KERAS_1_CLASS,
    "AvgPool1D": "AveragePooling1D",
    "AvgPool2D": "AveragePooling2D",
    "AvgPool3D": "AveragePooling3D",
    "MaxPool1D": "MaxPooling1D",
    "MaxPool2D": "MaxPooling2D",
    "MaxPool3D": "MaxPooling3D",
    **{f"Convolution{number}D": f"Conv{number}D" for number in (1, 2, 3)},
    **{f"Convolution{number}DTranspose": f"Conv{number}DTranspose" for number in (1, 2, 3)},
    **{f"SeparableConvolution{number}D": f"SeparableConv{number}D" for number in (1, 2)},
    **{f"GlobalAvgPool{number}D": f"GlobalAveragePooling{number}D" for number in (1, 2, 3)},
    **{f"GlobalMaxPool{number}D": f"GlobalMaxPooling{number}D" for number in (1, 2, 3)},
}
"""Other names under which a configuration may have a class, with the name that it has when Keras 3 has loaded it."""


def own_weights(class_name: str, settings: Settings) -> tuple[OwnWeight, ...] | None:
    """The weights that a layer itself owns, in the order in which Keras 3 has them; None where that is not known."""
    if class_name in _OWN:
        return _OWN[class_name](settings)
    return () if class_name in _WITHOUT_WEIGHTS or class_name in GRAPHS else None


def quantization_of(settings: Settings) -> str:
    """The mode in which a layer was quantized, such as `int8`; empty if it was not."""
    dtype = settings.get("dtype")
    policy = settings_of(dtype)
    mode, name = policy.get("mode"), policy.get("name") if policy else dtype
    if isinstance(mode, str):
        return mode
    return name.partition("_from_")[0] if isinstance(name, str) and "_from_" in name else ""


def settings_of(place: Any) -> dict[str, Any]:
    """The arguments in a serialized object; empty where they are no dict."""
    settings = place.get("config") if isinstance(place, dict) else None
    return settings if isinstance(settings, dict) else {}


# -- calls and random numbers -------------------------------------------------------------------------------------

_DROPOUTS = {
    **dict.fromkeys(("AlphaDropout", "Dropout", "GaussianDropout"), "rate"),
    **{f"SpatialDropout{number}D": "rate" for number in (1, 2, 3)},
    "AdditiveAttention": "dropout",
    "Attention": "dropout",
    "GaussianNoise": "stddev",
}
_SEEDED = names_in(
    """
    AugMix ConvLSTMCell CutMix GRUCell LSTMCell MixUp RandAugment RandomBrightness RandomColorDegeneration
    RandomColorJitter RandomContrast RandomCrop RandomElasticTransform RandomErasing RandomFlip RandomGaussianBlur
    RandomGrayscale RandomHue RandomInvert RandomPerspective RandomPosterization RandomRotation RandomSaturation
    RandomSharpness RandomShear RandomTranslation RandomZoom SimpleRNNCell Solarization
    """
)


def num_seed_generators(class_name: str, settings: Settings) -> int:
    """How many generators of random numbers a layer itself has; their states are among `model.variables` (fact F27)."""
    if class_name in _DROPOUTS:
        return int(bool(settings.get(_DROPOUTS[class_name], 0)))
    return int(class_name in _SEEDED)


_NOT_TRAINING = names_in(
    """
    AdditiveAttention AlphaDropout Attention ConvLSTM1D ConvLSTM2D ConvLSTM3D ConvLSTMCell Dropout FlaxLayer GRU GRUCell
    GaussianDropout GaussianNoise JaxLayer LSTM LSTMCell RNN SimpleRNN SimpleRNNCell SpatialDropout1D SpatialDropout2D
    SpatialDropout3D SpectralNormalization StackedRNNCells TFSMLayer
    """
)
_TRAINING = names_in(
    """
    AugMix AutoContrast CenterCrop ContrastLimitedAdaptiveHistogramEqualization CutMix Equalization MaxNumBoundingBoxes
    MixUp Pipeline RandAugment RandomBrightness RandomColorDegeneration RandomColorJitter RandomContrast RandomCrop
    RandomElasticTransform RandomErasing RandomFlip RandomGaussianBlur RandomGrayscale RandomHue RandomInvert
    RandomPerspective RandomPosterization RandomRotation RandomSaturation RandomSharpness RandomShear RandomTranslation
    RandomZoom Resizing Solarization
    """
)


def default_training(class_name: str) -> bool | None:
    """The default of `training` in a layer's call, which Keras writes into the graph as if it had been given."""
    return False if class_name in _NOT_TRAINING else True if class_name in _TRAINING else None
