"""Keras's random image layers that training samples can be changed with: plain data, without Keras.

The defaults are those that people begin with, mild enough for most pictures; the limits are Keras's own
(https://keras.io/api/layers/preprocessing_layers/image_augmentation/).
"""

from __future__ import annotations

import msgspec

from editor.training.data_options import Augmentation


class Argument(msgspec.Struct, frozen=True, kw_only=True):
    """An argument of a layer.

    Attributes:
        name: Keras's name of it.
        text: What it does, in a few words.
        default: What is offered at first.
        lowest: Of a number.
        highest: Of a number.
        choices: Of a word; empty for a number.
    """

    name: str
    text: str
    default: str | float
    lowest: float = 0.0
    highest: float = 1.0
    choices: tuple[str, ...] = ()


class AugmentationLayer(msgspec.Struct, frozen=True, kw_only=True):
    """One of Keras's random image layers.

    Attributes:
        name: Its class.
        title: What people call it.
        arguments: Those that can be chosen; all have a default.
        needs_color: Whether it takes images of three channels alone.
        has_value_range: Whether it is told the values of black and white; that is done for it.
    """

    name: str
    title: str
    arguments: tuple[Argument, ...]
    needs_color: bool = False
    has_value_range: bool = False

    def augmentation(self) -> Augmentation:
        """The layer as it is offered at first."""
        return Augmentation(layer=self.name, config={each.name: each.default for each in self.arguments})


def _share(text: str, default: float = 0.1, name: str = "factor", lowest: float = 0.0) -> Argument:
    return Argument(name=name, text=text, default=default, lowest=lowest)


_FILL = Argument(
    name="fill_mode",
    text="what the edges are filled with",
    default="reflect",
    choices=("reflect", "constant", "wrap", "nearest"),
)
_COLOR_CHANNELS = 3
_A_RANGE = 2
_SHARE = _share("share of the images that are changed", 0.5)
_CHANCE = _share("highest chance of an image to be changed", 0.5)

AUGMENTATIONS: tuple[AugmentationLayer, ...] = (
    AugmentationLayer(
        name="RandomFlip",
        title="Flip",
        arguments=(
            Argument(
                name="mode",
                text="direction",
                default="horizontal",
                choices=("horizontal", "vertical", "horizontal_and_vertical"),
            ),
        ),
    ),
    AugmentationLayer(
        name="RandomRotation", title="Rotate", arguments=(_share("share of a full turn, to either side", 0.05), _FILL)
    ),
    AugmentationLayer(
        name="RandomZoom",
        title="Zoom",
        arguments=(_share("share of the size, in or out", 0.1, "height_factor"), _FILL),
    ),
    AugmentationLayer(
        name="RandomTranslation",
        title="Move",
        arguments=(
            _share("share of the height, up or down", 0.1, "height_factor"),
            _share("share of the width, left or right", 0.1, "width_factor"),
            _FILL,
        ),
    ),
    AugmentationLayer(
        name="RandomShear",
        title="Shear",
        arguments=(_share("along the width", 0.1, "x_factor"), _share("along the height", 0.0, "y_factor"), _FILL),
    ),
    AugmentationLayer(
        name="RandomBrightness", title="Brightness", arguments=(_share("lighter or darker"),), has_value_range=True
    ),
    AugmentationLayer(
        name="RandomContrast", title="Contrast", arguments=(_share("more or less"),), has_value_range=True
    ),
    AugmentationLayer(
        name="RandomHue",
        title="Hue",
        arguments=(_share("share of the color circle"),),
        needs_color=True,
        has_value_range=True,
    ),
    AugmentationLayer(name="RandomGrayscale", title="To grey", arguments=(_SHARE,), needs_color=True),
    AugmentationLayer(name="RandomGaussianBlur", title="Blur", arguments=(_CHANCE,), has_value_range=True),
    AugmentationLayer(name="RandomErasing", title="Erase a part", arguments=(_CHANCE,), has_value_range=True),
    AugmentationLayer(name="RandomInvert", title="Invert", arguments=(_CHANCE,), has_value_range=True),
)


def augmentation_layer(name: str) -> AugmentationLayer | None:
    """One of the layers by its class; None for an unknown one."""
    return next((layer for layer in AUGMENTATIONS if layer.name == name), None)


def augmentation_problem(augmentation: Augmentation, num_channels: int) -> str:
    """What is wrong with a chosen layer, in words that tell what to do; empty if nothing is.

    Args:
        augmentation: The layer and its arguments.
        num_channels: Of the images.
    """
    layer = augmentation_layer(augmentation.layer)
    if layer is None:
        known = ", ".join(each.name for each in AUGMENTATIONS)
        return f"There is no augmentation called {augmentation.layer!r}. Use some of: {known}."
    if layer.needs_color and num_channels != _COLOR_CHANNELS:
        return f"{layer.name} needs images in color, with 3 channels; these have {num_channels}. Leave it out."
    arguments = {each.name: each for each in layer.arguments}
    for name, value in augmentation.config.items():
        if name not in arguments:
            return f"{layer.name} has no argument {name!r}. Use some of: {', '.join(arguments)}."
        if not _is_right(arguments[name], value):
            return f"{name} of {layer.name} cannot be {value!r}. {_expected(arguments[name])}"
    return ""


def _is_right(argument: Argument, value: str | float | bool | list[float]) -> bool:
    if argument.choices:
        return value in argument.choices
    numbers = value if isinstance(value, list) else [value]
    are_numbers = all(isinstance(number, int | float) and not isinstance(number, bool) for number in numbers)
    least = -argument.highest if isinstance(value, list) else argument.lowest
    is_count_right = not isinstance(value, list) or len(value) == _A_RANGE
    return are_numbers and is_count_right and all(least <= float(number) <= argument.highest for number in numbers)


def _expected(argument: Argument) -> str:
    if argument.choices:
        return f"Use one of: {', '.join(argument.choices)}."
    return f"Use a number from {argument.lowest:g} to {argument.highest:g}."
