"""From the cells of a column to numbers: what is missing, and what is none."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pac

from editor.training.data.table.dialect import MISSING

# Scalars that are made anew with each call take forty times the call: a table may have very many columns.
EMPTY = pa.scalar("")
_NOTHING = pa.scalar(None, pa.string())
_NO_WORDS = pa.array([], pa.string())
_MISSING = pac.SetLookupOptions(pa.array(sorted(MISSING)))
_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$|^[+-]?[iI][nN][fF](inity)?$"


class Numbers(NamedTuple):
    """A piece of a column as numbers.

    Attributes:
        values: `(num_rows,)`, float64, NaN where there is none.
        is_wrong: `(num_rows,)`, where a cell holds something that is no number; None if there is no such cell.
    """

    values: npt.NDArray[np.float64]
    is_wrong: npt.NDArray[np.bool_] | None


def clean(cells: pa.Array, *, keeps_words: bool = False) -> pa.Array:
    """Text without blanks around it, null where it means that there is no value; numbers as they are.

    Args:
        cells: As they stand in the file.
        keeps_words: Whether only an empty cell is one without a value, and `none` is a word as others are.
    """
    if not pa.types.is_string(cells.type):
        return cells
    trimmed = pac.utf8_trim_whitespace(cells)
    if keeps_words:
        return pac.if_else(pac.equal(trimmed, EMPTY), _NOTHING, trimmed)
    return pac.if_else(pac.is_in(pac.utf8_lower(trimmed), options=_MISSING), _NOTHING, trimmed)


def missing_words(cells: pa.Array, cleaned: pa.Array) -> pa.Array:
    """What stands in the cells that were taken for missing values, without those that are empty."""
    if not pa.types.is_string(cells.type) or not cleaned.null_count:
        return _NO_WORDS
    words = pac.utf8_trim_whitespace(cells.filter(cleaned.is_null()).drop_null())
    return words.filter(pac.not_equal(words, EMPTY))


def numbers_of(cells: pa.Array, *, has_decimal_comma: bool) -> Numbers:
    """The numbers in cleaned cells."""
    if not pa.types.is_string(cells.type):
        return Numbers(_as_floats(cells), None)
    if has_decimal_comma:
        cells = pac.replace_substring(cells, ",", ".")
    try:
        return Numbers(_as_floats(cells), None)
    except pa.ArrowInvalid:
        is_number = pac.match_substring_regex(cells, _NUMBER)
        numbers = _as_floats(pac.if_else(is_number, cells, _NOTHING))
        is_wrong = pac.fill_null(pac.invert(is_number), False).to_numpy(zero_copy_only=False)
        return Numbers(numbers, is_wrong)


def texts_of(cells: pa.Array) -> pa.Array:
    """Cleaned cells as text: whole numbers without a fraction, so that `1` and `1.0` are one category."""
    if pa.types.is_string(cells.type):
        return cells
    if pa.types.is_floating(cells.type):
        whole = pac.cast(cells, pa.int64(), safe=False)
        is_whole = pac.equal(pac.cast(whole, cells.type, safe=False), cells)
        return pac.if_else(is_whole, whole.cast(pa.string()), cells.cast(pa.string()))
    return cells.cast(pa.string())


def _as_floats(cells: pa.Array) -> npt.NDArray[np.float64]:
    if pa.types.is_decimal(cells.type):
        cells = cells.cast(pa.float64(), safe=False)
    floats = cells.cast(pa.float64(), safe=False) if not pa.types.is_string(cells.type) else cells.cast(pa.float64())
    return np.asarray(floats.to_numpy(zero_copy_only=False), dtype=np.float64)
