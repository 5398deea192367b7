"""How numbers, sizes and shapes are written."""

from __future__ import annotations

from collections.abc import Sequence

from editor.layers.accounts import Account
from editor.layers.records import Shape

UNKNOWN = "unknown"
"""What stands where a file does not tell."""

NOT_TOLD = "the file does not tell which weights are statistics; the others are counted as trainable or frozen"

_BYTES_PER_UNIT = 1024
_UNITS = ("KB", "MB", "GB", "TB")


def count(number: int) -> str:
    """With separators of thousands: `7,635,264`."""
    return f"{number:,}"


def byte_size(num_bytes: int) -> str:
    """Three digits that matter: `56.2 MB`. A MB is 1024 × 1024 bytes, as in Keras's own `summary()`."""
    size, unit = float(num_bytes), ""
    for larger in _UNITS:
        if round(size, 1) < _BYTES_PER_UNIT:
            break
        size, unit = size / _BYTES_PER_UNIT, larger
    return f"{size:,.1f} {unit}" if unit else f"{num_bytes} B"


def percent(share: float) -> str:
    """A share of 0.0 to 1.0 as `48.1 %`; what is not quite nothing or all is not rounded to it."""
    if 0.0 < share < 0.001:
        return "< 0.1 %"
    if 0.999 < share < 1.0:
        return "> 99.9 %"
    return f"{share * 100:.1f} %".replace(".0 %", " %")


def times(sizes: Sequence[int | None]) -> str:
    """Sizes joined by a multiplication sign: `3 × 3 × 64`; a free size is `?`, no size at all a scalar."""
    return " × ".join("?" if size is None else str(size) for size in sizes) or "scalar"


def output_shape(shapes: Sequence[Shape]) -> str:
    """The outputs of a layer without the batch: `56 × 56 × 128`; several are joined by a comma."""
    return ", ".join(times(shape[1:]) for shape in shapes)


def full_output_shape(shapes: Sequence[Shape]) -> str:
    """The outputs of a layer with the batch: `(batch, 14, 14, 512)`."""
    return ", ".join(_with_batch(shape) for shape in shapes)


def _with_batch(shape: Shape) -> str:
    first = "batch" if shape and shape[0] is None else None
    names = [first or str(shape[0])] if shape else []
    names += ["?" if size is None else str(size) for size in shape[1:]]
    return f"({', '.join(names)})"


def account_lines(account: Account) -> str:
    """The parts of an account with their bytes, a line each, for tooltips."""
    parts = (
        ("Frozen", account.frozen),
        ("Trainable", account.trainable),
        ("Statistics", account.statistics),
        ("Total", account.total),
    )
    return "\n".join(
        f"{name}: {tally.parameters:,} parameters, {byte_size(tally.num_bytes)} ({tally.num_bytes:,} bytes)"
        for name, tally in parts
    )
