"""Decodes many images side by side, into memory or, where they do not fit, into a file that is mapped."""

from __future__ import annotations

import os
import shutil
import weakref
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from math import prod
from pathlib import Path

import numpy as np

from editor.errors import DataError
from editor.training.data.images.decoding import ImageForm, UnreadableImageError, read_image, reading_images
from editor.training.data.images.listing import ImageFile
from editor.training.data.memory import available_bytes
from editor.training.data.parts import Array
from editor.training.data.reading import Reading
from editor.training.data_report import Skipped

SHARE_OF_MEMORY = 0.3
"""Of what is free; a split copies them once more for a moment."""
_CHUNK = 64


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


def load_images(files: Sequence[ImageFile], form: ImageForm, reading: Reading) -> LoadedImages:
    """Decodes images in their order; what cannot be read is left out.

    Args:
        files: The images.
        form: What they are brought to.
        reading: Told of progress; looked at to cancel.

    Raises:
        DataError: They fit neither into memory nor on the disk, or reading was cancelled.
    """
    pixels = new_pixels(len(files), form.shape, reading)
    kept: list[ImageFile] = []
    skipped: list[Skipped] = []
    num_threads = min(os.cpu_count() or 1, 8)
    with reading_images(), ThreadPoolExecutor(num_threads) as pool:
        waiting = iter(files)
        # A chunk at a time, so that a cancelled reading ends soon and few decoded images wait for their place.
        while chunk := list(islice(waiting, _CHUNK)):
            reading.check()
            for file, image in zip(chunk, pool.map(lambda each: _try(each, form), chunk), strict=True):
                if isinstance(image, Skipped):
                    skipped.append(image)
                else:
                    pixels[len(kept)] = image
                    kept.append(file)
            reading.tell(len(kept) + len(skipped), len(files))
    return LoadedImages(pixels[: len(kept)], tuple(kept), tuple(skipped))


def take_images(pixels: Array, rows: Sequence[int] | Array, reading: Reading) -> Array:
    """Some of the images, where there is room for them."""
    if not isinstance(pixels, np.memmap):
        held: Array = pixels[np.asarray(rows)]
        return held
    taken = new_pixels(len(rows), pixels.shape[1:], reading, is_large=True)
    for start in range(0, len(rows), _CHUNK):
        reading.check()
        taken[start : start + _CHUNK] = pixels[np.asarray(rows[start : start + _CHUNK])]
    return taken


def new_pixels(num_images: int, shape: tuple[int, ...], reading: Reading, *, is_large: bool = False) -> Array:
    """Room for images: in memory if they take little of it, else in a file."""
    num_bytes = num_images * prod(shape)
    if not is_large and num_bytes <= SHARE_OF_MEMORY * available_bytes():
        return np.empty((num_images, *shape), np.uint8)
    folder = reading.new_folder()
    free = shutil.disk_usage(folder).free
    if num_bytes > free:
        shutil.rmtree(folder, ignore_errors=True)
        raise DataError(
            f"{num_images:,} images take {num_bytes / 1e9:,.1f} GB at this size, and neither the memory nor the disk "
            f"has room for them ({free / 1e9:,.1f} GB are free in {folder.parent}).",
            hint="Use fewer images, a smaller input, or free some space.",
        )
    mapped: Array = np.lib.format.open_memmap(folder / "images.npy", "w+", np.uint8, (num_images, *shape))
    # Views outlive the array they were made of, but not the map.
    weakref.finalize(mapped._mmap, _remove, folder)  # type: ignore[attr-defined]
    return mapped


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)


def _try(file: ImageFile, form: ImageForm) -> Array | Skipped:
    try:
        return read_image(file.path, form)
    except UnreadableImageError as error:
        return Skipped(f"{file.path.parent.name}/{file.path.name}", str(error))
