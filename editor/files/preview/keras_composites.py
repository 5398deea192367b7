"""The layers that Keras 3.15's own layers hold: attributes, classes, order. Measured, and tested, with Keras itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from editor.files.preview.keras_layers import KERAS_CLASSES, Settings, names_in, settings_of

_AUGMENTATIONS = names_in(
    """
    auto_contrast equalization random_brightness random_color_degeneration random_contrast random_posterization
    random_rotation random_sharpness random_shear random_translation solarization
    """
)


WITH_ACTIVATION = names_in("Activation Dense EinsumDense").union(
    *(
        (f"Conv{number}D", f"Conv{number}DTranspose", f"DepthwiseConv{number}D", f"SeparableConv{number}D")
        for number in (1, 2, 3)
    )
)
"""Classes that take a function as their activation, and a layer too."""


@dataclass(frozen=True)
class InnerLayer:
    """A layer that another holds.

    Attributes:
        attribute: The attribute that holds it.
        place: It, serialized: as the configuration has it, or, if the outer layer makes it for itself, with as much of
            its settings as is certain.
        at: Its index if the attribute is a list.
        is_made: Whether the outer layer makes it, so that the configuration has no flag of its own for it (fact F16).
    """

    attribute: str
    place: dict[str, Any]
    at: int | None = None
    is_made: bool = False


def inner_layers(class_name: str, settings: Settings) -> tuple[InnerLayer, ...]:
    """The layers that a layer of Keras holds, in the order in which it makes them (`_layers`)."""
    return tuple(_inner(class_name, settings))


def _inner(class_name: str, settings: Settings) -> Iterator[InnerLayer]:
    match class_name:
        case "RNN" | "StackedRNNCells" | "Pipeline" | "TimeDistributed" | "SpectralNormalization" | "Wrapper":
            yield from _in_configuration(class_name, settings)
        case "Bidirectional":
            yield from _directions(settings)
        case "GRU" | "LSTM" | "SimpleRNN":
            yield _made("cell", f"{class_name}Cell", _cell_settings(settings))
        case "ConvLSTM1D" | "ConvLSTM2D" | "ConvLSTM3D":
            yield _made("cell", "ConvLSTMCell", _cell_settings(settings))
        case "MultiHeadAttention" | "GroupedQueryAttention":
            yield from _attention_layers("" if class_name == "MultiHeadAttention" else "_", settings)
        case "TextVectorization":
            yield _made("_lookup_layer", "StringLookup", {})
        case _ if class_name in WITH_ACTIVATION:
            function = settings.get("activation")
            if isinstance(function, dict) and function.get("class_name") in KERAS_CLASSES:
                # Else it is a function.
                yield from _given("activation", function)
        case _:
            # Weightless; only the order in which each makes them is not kept here.
            yield from (_made(name, _camel(name), {}) for name in _augmentations(class_name, settings))


def _in_configuration(class_name: str, settings: Settings) -> Iterator[InnerLayer]:
    match class_name:
        case "RNN":
            cell = settings.get("cell")
            if isinstance(cell, list):
                cell = {"class_name": "StackedRNNCells", "config": {"cells": cell}}
            yield from _given("cell", cell)
        case "StackedRNNCells":
            yield from _listed("cells", settings.get("cells"))
        case "Pipeline":
            yield from _listed("layers", settings.get("layers"))
        case _:
            yield from _given("layer", settings.get("layer"))


def _augmentations(class_name: str, settings: Settings) -> list[str]:
    if class_name in ("AugMix", "RandAugment"):
        return sorted(_AUGMENTATIONS)
    colors = ("brightness", "contrast", "saturation", "hue") if class_name == "RandomColorJitter" else ()
    return [f"random_{color}" for color in colors if settings.get(f"{color}_factor") is not None]


def _is_serialized(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("class_name"), str) and "config" in value


def _given(attribute: str, place: Any) -> Iterator[InnerLayer]:
    if _is_serialized(place):
        yield InnerLayer(attribute, place)


def _listed(attribute: str, places: Any) -> Iterator[InnerLayer]:
    if isinstance(places, list):
        there = (place for place in places if _is_serialized(place))
        yield from (InnerLayer(attribute, place, at=at) for at, place in enumerate(there))


def _made(attribute: str, class_name: str, settings: Settings) -> InnerLayer:
    place = {"module": "keras.layers", "class_name": class_name, "config": dict(settings)}
    return InnerLayer(attribute, place, is_made=True)


def _directions(settings: Settings) -> Iterator[InnerLayer]:
    """Bidirectional copies the layer that it is given under other names; another one for backwards stays as it is."""
    ahead, back = settings.get("layer"), settings.get("backward_layer")
    if not _is_serialized(ahead):
        return
    assert isinstance(ahead, dict)
    yield InnerLayer("forward_layer", _renamed(ahead, "forward_"))
    if _is_serialized(back):
        yield from _given("backward_layer", back)
        return
    turned = {"go_backwards": not settings_of(ahead).get("go_backwards", False)}
    yield InnerLayer("backward_layer", _renamed(ahead, "backward_", **turned))


def _renamed(place: dict[str, Any], prefix: str, **changes: Any) -> dict[str, Any]:
    settings = settings_of(place)
    name = settings.get("name")
    # Without a name Keras counts one up, which no file tells.
    names = {"name": prefix + name.removeprefix(prefix)} if isinstance(name, str) else {}
    copied = {key: value for key, value in place.items() if key != "shared_object_id"}
    return {**copied, "config": {**settings, **changes, **names}}


_OF_THE_LAYER = names_in(
    """
    activity_regularizer batch_input_shape go_backwards implementation input_dim input_length name return_sequences
    return_state stateful time_major trainable unroll zero_output_for_mask
    """
)
"""Settings of a recurrent layer that its cell does not have."""


def _cell_settings(settings: Settings) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if key not in _OF_THE_LAYER}


def _attention_layers(prefix: str, settings: Settings) -> Iterator[InnerLayer]:
    bias = {"bias_axes": "de"} if settings.get("use_bias", True) else {"bias_axes": None}
    for role in ("query", "key", "gate", "value"):
        if role != "gate" or settings.get("use_gate"):
            attribute = f"{'_' if role == 'gate' else prefix}{role}_dense"
            yield _made(attribute, "EinsumDense", {"name": role, **bias})
    yield _made("_softmax", "Softmax", {})
    yield _made("_dropout_layer", "Dropout", {"rate": settings.get("dropout", 0.0)})
    yield _made(f"{prefix}output_dense", "EinsumDense", {"name": "attention_output", **bias})


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))
