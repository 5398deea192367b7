"""Reads the columns that are used into memory: numbers as float64, categories as numbers of a list of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pac

from editor.training.data.parts import Array
from editor.training.data.table.cells import clean, numbers_of, texts_of
from editor.training.data.table.reading import TableFile

MISSING_CODE = -1
UNKNOWN_CODE = -2


@dataclass(frozen=True)
class Rows:
    """Rows of a table in memory.

    Attributes:
        columns: By name, `(num_rows,)`: float64 with NaN for a gap, or int32 with `MISSING_CODE` and `UNKNOWN_CODE`.
        numbers: Of the rows, `(num_rows,)`, as a spreadsheet counts them.
    """

    columns: dict[str, Array]
    numbers: npt.NDArray[np.int64]

    def keep(self, mask: npt.NDArray[np.bool_]) -> Rows:
        """The rows where a mask is true."""
        if mask.all():
            return self
        return Rows({name: column[mask] for name, column in self.columns.items()}, self.numbers[mask])


def collect(
    table: TableFile, names: Sequence[str], categories: Mapping[str, Sequence[str]], kept: Collection[str] = ()
) -> Rows:
    """Reads columns.

    Args:
        table: The file.
        names: Of the columns.
        categories: Of the columns that are categories, their values in the order of their numbers.
        kept: Columns in which words such as `none` are values.

    Raises:
        DataError: The file is damaged.
    """
    sets = {name: pa.array(list(values), pa.string()) for name, values in categories.items()}
    found: dict[str, list[Array]] = {name: [] for name in names}
    numbers: list[npt.NDArray[np.int64]] = []
    for piece in table.pieces(names):
        numbers.append(piece.numbers)
        for name in names:
            found[name].append(_values(clean(piece.columns[name], keeps_words=name in kept), sets.get(name), table))
    columns = {}
    for name in names:
        columns[name] = np.concatenate(found.pop(name) or [np.zeros(0)])
    return Rows(columns, np.concatenate(numbers or [np.zeros(0, np.int64)]))


def _values(cells: pa.Array, categories: pa.Array | None, table: TableFile) -> Array:
    if categories is None:
        return numbers_of(cells, has_decimal_comma=table.has_decimal_comma).values
    texts = texts_of(cells)
    codes = pac.fill_null(pac.index_in(texts, value_set=categories), UNKNOWN_CODE)
    codes = pac.if_else(pac.is_null(texts), MISSING_CODE, codes)
    return np.asarray(codes.to_numpy(zero_copy_only=False), dtype=np.int32)
