"""From an image file to the bytes of one sample, whatever kind of image it is."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

from editor.errors import DataError
from editor.layers.records import Shape
from editor.training.data.images.listing import readable_formats
from editor.training.data_options import Fitting

Pixels = npt.NDArray[np.uint8]

LARGEST_IMAGE = 89_478_485
"""Pixels; Pillow's own limit, 256 MB of three channels. Beyond it a small file can take all memory."""

_MODES = {1: "L", 3: "RGB", 4: "RGBA"}
_BYTE, _SIXTEEN_BITS = 255, 65535
_WHITE = (255, 255, 255, 255)
_REASONS: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], str], ...] = (
    (UnidentifiedImageError, "is not an image, whatever its name says"),
    ((Image.DecompressionBombError, Image.DecompressionBombWarning), "has too many pixels to be read safely"),
    (PermissionError, "may not be read: permission denied"),
    (FileNotFoundError, "is not there (a link to nowhere)"),
    (MemoryError, "does not fit into memory"),
)


class UnreadableImageError(Exception):
    """An image that is left out; its text says why and goes on after the name."""


@dataclass(frozen=True, slots=True)
class ImageForm:
    """What every image is brought to.

    Attributes:
        height: In pixels.
        width: In pixels.
        channels: 1, 3 or 4; 0 for grey without an axis of channels.
        fitting: How an image of another shape is brought to it.
    """

    height: int
    width: int
    channels: int
    fitting: Fitting = "stretch"

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one sample."""
        return (self.height, self.width, *((self.channels,) if self.channels else ()))


def form_of(sample_shape: Shape | None, size: tuple[int, int], fitting: Fitting) -> ImageForm:
    """What a model takes.

    Args:
        sample_shape: One sample of its input; None where it does not tell.
        size: Height and width where they are free.
        fitting: How an image of another shape is brought to it.

    Raises:
        DataError: The model takes no images.
    """
    axes = 3 if sample_shape is None else len(sample_shape)
    shape: Shape = (None, None, 3) if sample_shape is None else sample_shape
    channels = 0 if axes == 2 else 3 if shape[-1] is None else shape[-1]
    is_series = axes == 2 and shape[-1] == 1
    if axes not in (2, 3) or channels not in (0, *_MODES) or is_series:
        sizes = " × ".join("any" if each is None else str(each) for each in shape) or "1 value"
        raise DataError(
            f"The model takes samples of {sizes}, and no images of 1, 3 or 4 channels.",
            hint="Use a model that takes (height, width, channels), or other data.",
        )
    return ImageForm(shape[0] or size[0], shape[1] or size[1], channels, fitting)


@contextmanager
def reading_images() -> Iterator[None]:
    """Makes Pillow refuse what would take all memory, and keep small faults of a file to itself.

    To be entered once around all threads that read, as warnings are of the whole process.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="PIL")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


def image_size(path: Path) -> tuple[int, int] | None:
    """Height and width by the head of a file, turned as it is to be shown; None if it cannot be read."""
    try:
        with Image.open(path, formats=readable_formats()) as image:
            is_turned = image.getexif().get(0x0112, 1) >= 5
            return (image.width, image.height) if is_turned else (image.height, image.width)
    except Exception:  # noqa: BLE001 - decoders raise anything; who reads it says what is wrong
        return None


def read_image(path: Path, form: ImageForm) -> Pixels:
    """An image as a model takes it, apart from its scaling: the first frame, turned as it is to be shown.

    Args:
        path: The file.
        form: What it is brought to.

    Returns:
        uint8 of shape `form.shape`, 0 to 255.

    Raises:
        UnreadableImageError: It is no image, damaged, or too large.
    """
    try:
        with Image.open(path, formats=readable_formats()) as image:
            _check_size(image)
            longest = max(form.height, form.width)
            # JPEG can be decoded smaller in the first place, which is several times faster.
            image.draft(None, (longest, longest))
            turned = ImageOps.exif_transpose(image)
            fitted = _fitted(_in_mode(turned, _MODES.get(form.channels, "L")), form)
    except Exception as error:
        raise UnreadableImageError("is empty (0 bytes)" if _is_empty(path) else _reason(error)) from error
    return np.asarray(fitted, np.uint8).reshape(form.shape)


def _is_empty(path: Path) -> bool:
    return path.is_file() and not path.stat().st_size


def _check_size(image: Image.Image) -> None:
    if image.width * image.height > LARGEST_IMAGE:
        raise Image.DecompressionBombError


def _reason(error: Exception) -> str:
    known = next((reason for kinds, reason in _REASONS if isinstance(error, kinds)), "")
    text = str(error).strip().rstrip(".") or type(error).__name__
    return known or f"is damaged: {text[:1].lower()}{text[1:]}"


def _fitted(image: Image.Image, form: ImageForm) -> Image.Image:
    size = (form.width, form.height)
    match form.fitting:
        case "crop":
            return ImageOps.fit(image, size, Image.Resampling.BILINEAR)
        case "pad":
            return ImageOps.pad(image, size, Image.Resampling.BILINEAR)
        case _:
            return image if image.size == size else image.resize(size, Image.Resampling.BILINEAR)


def _in_mode(image: Image.Image, mode: str) -> Image.Image:
    """An image of 8 bits in `L`, `RGB` or `RGBA`; what is transparent is white where there is no alpha."""
    plain = _eight_bits(image) if image.mode[0] in "IF" else image
    if mode != "RGBA" and plain.has_transparency_data:
        own = plain.convert("RGBA")
        plain = Image.alpha_composite(Image.new("RGBA", own.size, _WHITE), own)
    return plain if plain.mode == mode else plain.convert(mode)


def _eight_bits(image: Image.Image) -> Image.Image:
    """Grey images of 16 or 32 bits: by their type where that tells the range, else by their highest value."""
    values = np.asarray(image, np.float64)
    highest = float(values.max(initial=0.0))
    if image.mode.startswith("I;16") or _BYTE < highest <= _SIXTEEN_BITS:
        values = values / (_SIXTEEN_BITS / _BYTE)
    elif highest > _SIXTEEN_BITS:
        values = values * (_BYTE / highest)
    elif image.mode == "F" and highest <= 1:
        values = values * _BYTE
    return Image.fromarray(np.rint(np.clip(np.nan_to_num(values), 0, _BYTE)).astype(np.uint8))
