"""Finds layers that are declared far larger than any weight in their file: to build them would take all memory."""

from __future__ import annotations

from collections.abc import Iterator

from editor.files.preview.draft_records import all_records
from editor.layers.records import LayerRecord

MAX_FACTOR = 4
"""How many times the greatest dimension in the file: a quantized matrix is stored packed."""
SMALL_SIZE = 4096
GREATEST_SIZE = 10_000_000
"""Where a file has no weights to compare with."""

_SIZES = ("units", "filters", "output_dim", "input_dim", "kernel_size", "num_heads", "key_dim", "value_dim")


def size_obstacle(root: LayerRecord) -> str:
    """Why a model of such sizes must not be built, as a sentence; empty if nothing stands against it."""
    records = list(all_records(root))
    greatest = max((size for record in records for weight in record.weights for size in weight.shape), default=0)
    limit = max(SMALL_SIZE, MAX_FACTOR * greatest) if greatest else GREATEST_SIZE
    for record in records:
        for name, size in _declared(record):
            if size > limit:
                compared = f"the file holds weights of at most {greatest:,}" if greatest else "no model has as many"
                return f"The layer {record.name!r} declares {size:,} for {name!r}, and {compared}."
    return ""


def _declared(record: LayerRecord) -> Iterator[tuple[str, int]]:
    for name in _SIZES:
        value = record.config.get(name)
        for size in value if isinstance(value, list | tuple) else (value,):
            if isinstance(size, int | float) and not isinstance(size, bool):
                yield name, int(min(size, 1 << 62)) if size == size else 0
