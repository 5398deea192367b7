"""Decodes many images side by side, into memory or, where they do not fit, into a file that is mapped."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from math import prod

import numpy as np
import numpy.typing as npt

from editor.training.data.images.decoding import ImageForm, UnreadableImageError, read_image, reading_images
from editor.training.data.images.listing import ImageFile
from editor.training.data.memory import available_bytes
from editor.training.data.parts import Array
from editor.training.data.scratch import new_mapped
from editor.training.data_report import Skipped
from editor.training.progress import note_progress

SHARE_OF_MEMORY = 0.3
"""Of what is free; a split copies them once more for a moment."""
_CHUNK = 64
_MOST_THREADS = 8


@dataclass(frozen=True, eq=False)
class LoadedImages:
    """Decoded images.

    Attributes:
        pixels: uint8 `(num_images, *form.shape)`, or a map of a file of them.
        files: The image at each place.
        skipped: Files that could not be read.
    """

    pixels: Array
    files: tuple[ImageFile, ...]
    skipped: tuple[Skipped, ...]


def load_images(files: Sequence[ImageFile], form: ImageForm) -> LoadedImages:
    """Decodes images in their order; what cannot be read is left out. Tells of progress.

    Args:
        files: The images.
        form: What they are brought to.

    Raises:
        DataError: They fit neither into memory nor on the disk.
        GivenUpError: Nobody waits for them any more.
    """
    pixels = _new_pixels(len(files), form.shape)
    kept: list[ImageFile] = []
    skipped: list[Skipped] = []
    num_threads = min(os.cpu_count() or 1, _MOST_THREADS)
    with reading_images(), ThreadPoolExecutor(num_threads) as pool:
        waiting = iter(files)
        # A chunk at a time, so that few decoded images wait for their place, and giving up takes effect soon.
        while chunk := list(islice(waiting, _CHUNK)):
            for file, image in zip(chunk, pool.map(lambda each: _try(each, form), chunk), strict=True):
                if isinstance(image, Skipped):
                    skipped.append(image)
                else:
                    pixels[len(kept)] = image
                    kept.append(file)
            note_progress("Reading images", len(kept) + len(skipped), len(files))
    return LoadedImages(pixels[: len(kept)], tuple(kept), tuple(skipped))


def take_images(pixels: Array, rows: npt.NDArray[np.intp]) -> Array:
    """Some of the images, where there is room for them."""
    taken = _new_pixels(len(rows), pixels.shape[1:], is_mapped=isinstance(pixels, np.memmap))
    for start in range(0, len(rows), _CHUNK):
        taken[start : start + _CHUNK] = pixels[rows[start : start + _CHUNK]]
    return taken


def _new_pixels(num_images: int, shape: tuple[int, ...], *, is_mapped: bool = False) -> Array:
    """Room for images: in memory if they take little of it, else in a file."""
    is_small = num_images * prod(shape) <= SHARE_OF_MEMORY * available_bytes()
    is_in_memory = is_small and not is_mapped
    return np.empty((num_images, *shape), np.uint8) if is_in_memory else new_mapped(num_images, shape, np.uint8)


def _try(file: ImageFile, form: ImageForm) -> Array | Skipped:
    try:
        return read_image(file.path, form)
    except UnreadableImageError as error:
        return Skipped(f"{file.path.parent.name}/{file.path.name}", str(error))
