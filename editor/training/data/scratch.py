"""Room on disk for data that do not fit into memory."""

from __future__ import annotations

import shutil
import tempfile
import time
import weakref
from math import prod
from pathlib import Path

import numpy as np
from platformdirs import user_cache_path

from editor.errors import DataError
from editor.training.data.parts import Array

_PREFIX = "data-"
_OLD_SECONDS = 7 * 24 * 3600
"""What is older was left behind by a process that was killed."""


def new_mapped(num_samples: int, shape: tuple[int, ...], dtype: type[np.generic]) -> Array:
    """A new array in a file; the file is removed when nobody holds the array any more.

    Args:
        num_samples: Its first axis.
        shape: Its other axes.
        dtype: Of its values.

    Raises:
        DataError: The disk has no room for it.
    """
    cache = user_cache_path("frostline", appauthor=False)
    _remove_old(cache)
    num_bytes = num_samples * prod(shape) * np.dtype(dtype).itemsize
    try:
        cache.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(cache).free
        if num_bytes > free:
            raise DataError(
                f"{num_samples:,} samples take {num_bytes / 1e9:,.1f} GB at this size, and neither the memory nor the "
                f"disk has room for them ({free / 1e9:,.1f} GB are free in {cache}).",
                hint="Use fewer samples, a model with a smaller input, or free some space.",
            )
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=cache))
        mapped = np.lib.format.open_memmap(folder / "samples.npy", "w+", dtype, (num_samples, *shape))
    except OSError as error:
        raise DataError(
            f"The data do not fit into memory, and {cache} cannot be written to: {error.strerror or error}.",
            hint="Look at its permissions, or use fewer samples.",
        ) from error
    # Views outlive the array they were made of, but not the map.
    weakref.finalize(mapped._mmap, shutil.rmtree, folder, ignore_errors=True)  # type: ignore[attr-defined]
    return mapped


def _remove_old(cache: Path) -> None:
    for folder in cache.glob(f"{_PREFIX}*"):
        if folder.exists() and folder.stat().st_mtime < time.time() - _OLD_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)
