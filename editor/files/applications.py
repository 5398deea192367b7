"""What the window knows of `keras.applications` without Keras: data made by `python -m resources.make_applications`."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import msgspec

from editor.files.options import Application
from resources import resource_path

DATA_FILE = "applications.json"
IMAGENET_CLASSES = 1000
IMAGENET_CHANNELS = 3


class Hidden(msgspec.Struct, frozen=True, kw_only=True):
    """A dense layer on the flattened features, whose size depends on the input's: VGG's.

    Attributes:
        stride: The features' height and width are those of the input divided by this, rounded down.
        channels: Of the features.
        units: Of the layer.
    """

    stride: int
    channels: int
    units: int


class ApplicationFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One of `keras.applications`, as Keras builds it.

    Attributes:
        name: Name of its function.
        alpha: Width multiplier; 1.0 where there is none.
        module: Its module below `keras.applications`, which has its `preprocess_input`.
        size: Height and width that it has by default.
        least_size: The smallest height and width that Keras takes.
        has_preprocessing: Whether it takes pixels from 0 to 255; else they are to be preprocessed first.
        num_without_top: Number of parameters with three channels and without its top.
        num_per_channel: How many more there are with each further channel.
        num_in_top: Number of parameters of the top with no classes.
        num_per_class: How many more there are with each class.
        hidden: The top's first layer, where its size depends on the input's; not counted in `num_in_top`.
        is_top_of_any_size: Whether ImageNet's weights with the top go with any size.
        top_files: Names of the files with ImageNet's weights, by the input's size, with the top.
        no_top_files: The same without the top; another size takes that of `size`.
    """

    name: str
    alpha: float = 1.0
    module: str
    size: int
    least_size: int
    has_preprocessing: bool
    num_without_top: int
    num_per_channel: int
    num_in_top: int
    num_per_class: int
    hidden: Hidden | None = None
    is_top_of_any_size: bool
    top_files: dict[int, str]
    no_top_files: dict[int, str]

    @property
    def title(self) -> str:
        """What people call it, such as `MobileNetV2 (0.35)`."""
        return self.name if self.alpha == 1.0 else f"{self.name} ({self.alpha:g})"

    def input_shape(self, application: Application) -> tuple[int, int, int]:
        """The shape that is built: the one that is asked for, else its own."""
        return application.input_shape or (self.size, self.size, IMAGENET_CHANNELS)

    def num_parameters(self, application: Application) -> int:
        """Number of parameters of what would be built, statistics included."""
        height, width, channels = self.input_shape(application)
        number = self.num_without_top + (channels - IMAGENET_CHANNELS) * self.num_per_channel
        if not application.include_top:
            return number
        if self.hidden:
            features = (height // self.hidden.stride) * (width // self.hidden.stride) * self.hidden.channels
            number += (features + 1) * self.hidden.units
        return number + self.num_in_top + application.num_classes * self.num_per_class

    def imagenet_obstacle(self, application: Application) -> str:
        """Why ImageNet's weights cannot be had for this without a network, as a sentence; empty if they can."""
        height, width, channels = self.input_shape(application)
        if channels != IMAGENET_CHANNELS:
            return f"ImageNet's weights take {IMAGENET_CHANNELS} channels."
        if application.include_top and application.num_classes != IMAGENET_CLASSES:
            return f"With the classifier, ImageNet's weights have {IMAGENET_CLASSES:,} classes."
        if (
            application.include_top
            and not self.is_top_of_any_size
            and (height != width or height not in self.top_files)
        ):
            sizes = " or ".join(str(size) for size in self.top_files)
            return f"With the classifier, ImageNet's weights take a size of {sizes}."
        path = self._imagenet_file(application)
        if path.is_file():
            return ""
        return f"They are not in Keras's cache, and Frostline downloads nothing: there is no file {_from_home(path)}."

    def _imagenet_file(self, application: Application) -> Path:
        height, width, _ = self.input_shape(application)
        files = self.top_files if application.include_top else self.no_top_files
        return cached_path(files.get(height, files[self.size]) if height == width else files[self.size])


class _Data(msgspec.Struct, frozen=True):
    keras_version: str
    applications: tuple[ApplicationFacts, ...]


@cache
def applications() -> tuple[ApplicationFacts, ...]:
    """All of them, in alphabetical order."""
    return msgspec.json.decode(resource_path(DATA_FILE).read_bytes(), type=_Data).applications


def facts_of(application: Application) -> ApplicationFacts | None:
    """What is known of an application; None for an unknown one."""
    wanted = (application.name, application.alpha)
    return next((facts for facts in applications() if (facts.name, facts.alpha) == wanted), None)


def cached_path(file_name: str) -> Path:
    """Where Keras keeps a file of weights that it has downloaded: under `KERAS_HOME`, else under `~/.keras`."""
    home = os.environ.get("KERAS_HOME")
    return (Path(home) if home else Path.home() / ".keras").expanduser() / "models" / file_name


def _from_home(path: Path) -> str:
    """A path as people write it, with `~` for their home."""
    try:
        return f"~/{path.relative_to(Path.home()).as_posix()}"
    except ValueError:
        return str(path)
