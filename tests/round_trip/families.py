"""The families of models that must survive a round trip: small, offline, with random weights."""

from __future__ import annotations

import importlib.util
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import keras
import numpy as np

from tests import models
from tests.cases.small_cnn import SmallCNN
from tests.round_trip import hard_models, unusual_models

CUSTOM_OBJECTS = {"SmallCNN": SmallCNN}
HAS_KERAS_HUB = importlib.util.find_spec("keras_hub") is not None
NO_KERAS_HUB = "KerasHub is not installed (pip install frostline[families])"
_FREE_SIZE = 8
_NOISE = 0.02


@dataclass(frozen=True)
class Family:
    """One kind of model.

    Attributes:
        build: Gives a new one at every call; not seeded.
        is_quick: Whether a state of it takes well under a second, so that every run of the tests can afford it.
        renames: Whether it has automatic names that no file keeps, so that paths differ after every loading (fact F9).
        merges: Whether Keras merges weights on saving, so that outputs and flags are equal and weights are not (fact
            F23).
        code: The Python file that defines its classes, for a process that knows none of them.
        refusal: Part of the sentence with which saving it is refused; empty where it can be saved.
        skipped: Why it cannot be built here; empty where it can.
    """

    name: str
    build: Callable[[], keras.Model]
    is_quick: bool = False
    renames: bool = False
    merges: bool = False
    code: Path | None = None
    refusal: str = ""
    skipped: str = ""

    def model(self) -> keras.Model:
        """A model with the same weights at every call, none of them at the value it was initialised to."""
        keras.utils.set_random_seed(zlib.crc32(self.name.encode()))
        model = self.build()
        source = np.random.default_rng(models.SEED)
        # Normalization's numbers are worked out once, when it is loaded or adapted.
        left_out = {
            id(weight)
            for layer in model._flatten_layers()
            if isinstance(layer, keras.layers.Normalization)
            for weight in layer.weights
        }
        for weight in model.weights:
            if id(weight) not in left_out and "float" in str(weight.dtype):
                weight.assign(weight + source.normal(0, _NOISE, weight.shape))
        return model


def inputs_of(model: keras.Model, num_samples: int = 2) -> Any:
    """Random inputs in the structure of a model's own: floats from 0 to 1; whole numbers 0 and 1."""
    source = np.random.default_rng(models.SEED)

    def sample(shape: Any, dtype: str) -> np.ndarray:
        sizes = (num_samples, *(_FREE_SIZE if size is None else size for size in shape[1:]))
        if "int" in dtype or "bool" in dtype:
            return source.integers(0, 2, sizes).astype(dtype)
        return source.uniform(size=sizes).astype("float32")

    if getattr(model, "_inputs_struct", None) is not None:
        return keras.tree.map_structure(lambda tensor: sample(tensor.shape, str(tensor.dtype)), model._inputs_struct)
    if getattr(model, "inputs", None):
        return sample(model.inputs[0].shape, str(model.inputs[0].dtype))
    return sample(next(iter(model._build_shapes_dict.values())), "float32")


def outputs_of(model: keras.Model) -> list[np.ndarray]:
    """What a model gives for `inputs_of`, not training; all its outputs, in the order of their structure."""
    outputs = keras.tree.flatten(model(inputs_of(model), training=False))
    return [np.asarray(keras.ops.convert_to_numpy(output)) for output in outputs]


# -- keras.applications ---------------------------------------------------------------------------------------

_APPLICATIONS: dict[str, tuple[int, dict[str, Any]]] = {
    "ConvNeXtTiny": (32, {}),
    "DenseNet121": (32, {}),
    "EfficientNetB0": (32, {}),
    "EfficientNetV2B0": (32, {}),
    "InceptionResNetV2": (75, {}),
    "InceptionV3": (75, {}),
    "MobileNet": (32, {"alpha": 0.25}),
    "MobileNetV2": (32, {"alpha": 0.35}),
    "MobileNetV3Small": (32, {"minimalistic": True}),
    "NASNetMobile": (32, {}),
    "ResNet50": (32, {}),
    "ResNet50V2": (32, {}),
    "VGG16": (32, {}),
    "VGG19": (32, {}),
    "Xception": (71, {}),
}
"""One of each family, with the smallest input that it takes."""
_QUICK_APPLICATIONS = ("MobileNet",)


def _application(name: str) -> Family:
    size, settings = _APPLICATIONS[name]

    def build() -> keras.Model:
        make = getattr(keras.applications, name)
        return make(weights=None, include_top=False, pooling="avg", input_shape=(size, size, 3), **settings)

    return Family(name, build, is_quick=name in _QUICK_APPLICATIONS)


# -- KerasHub -------------------------------------------------------------------------------------------------

_TEXT = {"vocabulary_size": 12, "num_layers": 2, "num_heads": 2, "hidden_dim": 8, "intermediate_dim": 8}


def _bert() -> keras.Model:
    from keras_hub.models import BertBackbone

    return BertBackbone(**_TEXT, max_sequence_length=_FREE_SIZE)


def _gpt2() -> keras.Model:
    from keras_hub.models import GPT2Backbone

    return GPT2Backbone(**_TEXT, max_sequence_length=_FREE_SIZE)


def _vit() -> keras.Model:
    from keras_hub.models import ViTBackbone

    return ViTBackbone(
        image_shape=(16, 16, 3), patch_size=8, num_layers=2, num_heads=2, hidden_dim=8, mlp_dim=8, dropout_rate=0.1
    )


def _whisper() -> keras.Model:
    from keras_hub.models import WhisperBackbone

    return WhisperBackbone(
        **_TEXT, num_mels=4, max_encoder_sequence_length=2 * _FREE_SIZE, max_decoder_sequence_length=_FREE_SIZE
    )


def _segformer() -> keras.Model:
    from keras_hub.models import MiTBackbone, SegFormerBackbone

    encoder = MiTBackbone(
        image_shape=(32, 32, 3),
        num_layers=2,
        layerwise_depths=[1, 1],
        layerwise_num_heads=[1, 2],
        layerwise_sr_ratios=[2, 1],
        layerwise_patch_sizes=[7, 3],
        layerwise_strides=[4, 2],
        hidden_dims=[4, 8],
        max_drop_path_rate=0.1,
    )
    return SegFormerBackbone(image_encoder=encoder, projection_filters=4)


def _deeplab() -> keras.Model:
    from keras_hub.models import DeepLabV3Backbone, ResNetBackbone

    encoder = ResNetBackbone(
        input_conv_filters=[64],
        input_conv_kernel_sizes=[3],
        stackwise_num_filters=[64, 64],
        stackwise_num_blocks=[1, 1],
        stackwise_num_strides=[1, 2],
        block_type="bottleneck_block",
        image_shape=(32, 32, 3),
    )
    return DeepLabV3Backbone(
        image_encoder=encoder,
        low_level_feature_key="P2",
        spatial_pyramid_pooling_key="P3",
        dilation_rates=[2, 3],
        upsampling_size=2,
        projection_filters=4,
        image_shape=(32, 32, 3),
    )


_HUB: dict[str, Callable[[], keras.Model]] = {
    "BERT": _bert,
    "GPT-2": _gpt2,
    "ViT": _vit,
    "Whisper": _whisper,
    "SegFormer": _segformer,
    "DeepLabV3": _deeplab,
}


def _hub(name: str) -> Family:
    return Family(
        name,
        _HUB[name],
        code=Path(__file__).with_name("hub_classes.py"),
        is_quick=name == "BERT",
        renames=name in ("SegFormer", "DeepLabV3"),
        skipped="" if HAS_KERAS_HUB else NO_KERAS_HUB,
    )


# -- small and hard -------------------------------------------------------------------------------------------

_IN_TWO_SUBMODELS = "Keras cannot save a layer that is in two submodels"
_HARD: tuple[Family, ...] = (
    Family("Bidirectional", hard_models.bidirectional),
    Family("TimeDistributed", hard_models.time_distributed, is_quick=True),
    Family("StackedRNNCells", hard_models.stacked_cells, is_quick=True),
    Family("MultiHeadAttention", hard_models.attention, is_quick=True),
    Family("two-input siamese", hard_models.two_input_siamese, is_quick=True),
    Family("tied embedding", hard_models.tied_embedding),
    Family("sublayer of three composites", hard_models.lenders),
    Family("subclassed, with lists, dicts and aliases", hard_models.attributes, is_quick=True, renames=True),
    Family("subclassed in subclassed", hard_models.subclassed_in_subclassed, is_quick=True),
    Family("three levels of composites", hard_models.three_levels, is_quick=True),
    Family("layer that holds a Functional", hard_models.holds_functional, is_quick=True),
    Family("names with slashes", hard_models.slashes, is_quick=True),
    Family("one name in two submodels", hard_models.same_names),
    Family("weights without a name", hard_models.nameless_weights, is_quick=True),
    Family("custom layers without a name", hard_models.nameless, renames=True),
    Family("custom layer without get_config", hard_models.config_found_out, renames=True),
    Family("custom layer without get_config, with an object", hard_models.no_config, refusal="get_config"),
    Family("LoRA", hard_models.lora, is_quick=True, merges=True),
)


_UNUSUAL: tuple[Family, ...] = (
    Family("inputs and outputs in dicts", unusual_models.dict_inputs_and_outputs),
    Family("preprocessing layers", unusual_models.preprocessing),
    Family("types of 2, 4 and 8 bytes", unusual_models.mixed_types),
    Family("quantized", unusual_models.quantized),
    Family("submodel and one layer of it", unusual_models.part_of_a_submodel),
    Family("attribute called layers", unusual_models.attribute_called_layers),
    Family("weight of two layers", unusual_models.tied_weight),
    Family("Functional with a class of its own", unusual_models.extended_functional),
    Family("root with statistics", unusual_models.root_with_statistics, is_quick=True, renames=True),
    Family("compiled and trained", unusual_models.trained_before),
)


def _shared_model(builder: Callable[[], keras.Model]) -> Family:
    is_in_two = builder is models.shared_twice
    return Family(
        builder.__name__.replace("_", " "),
        builder,
        code=Path(models.__file__),
        renames=builder is models.after_layers,
        is_quick=builder in (models.composites, models.bare_normalization, models.shared_twice),
        refusal=_IN_TWO_SUBMODELS if is_in_two else "",
    )


def _with_code(families: tuple[Family, ...], module: ModuleType) -> tuple[Family, ...]:
    return tuple(replace(family, code=Path(str(module.__file__))) for family in families)


FAMILIES: tuple[Family, ...] = (
    *map(_application, _APPLICATIONS),
    *map(_hub, _HUB),
    *_with_code(_HARD, hard_models),
    *_with_code(_UNUSUAL, unusual_models),
    *map(_shared_model, models.BUILDERS),
)
"""All of them."""
