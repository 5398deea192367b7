"""What each column of a table holds, found in one pass over the file in bounded memory."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pac

from editor.training.data.table.cells import clean, missing_words, numbers_of, texts_of
from editor.training.data.table.reading import Piece, TableFile

MAX_DISTINCT = 1_000
"""Different values of a column that are counted; a column of text with more is no category."""
NUM_EXAMPLES = 4
MOST_OF_MODELS = float(np.finfo(np.float32).max)
"""Models take numbers of 32 bits; what is beyond becomes infinite in them."""
SHOWN_CELL = 40
"""Characters of a cell that are shown in a sentence."""

ColumnKind = Literal["number", "category", "text"]


@dataclass
class Wrong:
    """A cell that does not belong where it stands."""

    row: int
    text: str


@dataclass
class ColumnSurvey:
    """What a column holds.

    Attributes:
        counts: How often each value is there, as text; cut at `MAX_DISTINCT`.
        not_a_number: The first cell that is none; None where all are.
        infinite: The first cell that is infinite, or beyond `MOST_OF_MODELS`.
        counts_rows: Whether each number is one more than that of the row above.
        words: Cells such as `none` that are taken for missing values, as they stand, and how many of each.
    """

    name: str
    num_rows: int = 0
    num_missing: int = 0
    num_numbers: int = 0
    is_whole: bool = True
    lowest: float = float("inf")
    highest: float = float("-inf")
    counts: Counter[str] = field(default_factory=Counter)
    not_a_number: Wrong | None = None
    infinite: Wrong | None = None
    missing_row: int = 0
    words: Counter[str] = field(default_factory=Counter)
    counts_rows: bool = True
    _last: float = field(default=float("nan"), repr=False)

    @property
    def num_present(self) -> int:
        """Cells with a value."""
        return self.num_rows - self.num_missing

    @property
    def has_all_counts(self) -> bool:
        """Whether every value was counted."""
        return len(self.counts) <= MAX_DISTINCT

    @property
    def is_mostly_numbers(self) -> bool:
        """Whether at least half of the values are numbers: others are taken for mistakes then."""
        return self.num_present > 0 and self.num_numbers >= self.num_present / 2

    @property
    def kind(self) -> ColumnKind:
        """What the values are, as far as they tell themselves."""
        if self.is_mostly_numbers:
            return "number"
        is_unique = len(self.counts) > 20 and len(self.counts) > self.num_present / 2
        return "category" if self.has_all_counts and not is_unique else "text"

    @property
    def examples(self) -> tuple[str, ...]:
        """Some of the values."""
        return tuple(text[:SHOWN_CELL] for text in list(self.counts)[:NUM_EXAMPLES])

    @property
    def missing_word(self) -> str:
        """The one word that stands in all cells without a value; empty where it is not one."""
        is_all = len(self.words) == 1 and self.words.total() == self.num_missing
        return next(iter(self.words)) if is_all else ""

    def with_words(self) -> ColumnSurvey:
        """As if words such as `none` were values as others are."""
        word = next(iter(self.words), "")
        return replace(
            self,
            counts=self.counts + self.words,
            num_missing=self.num_missing - self.words.total(),
            not_a_number=self.not_a_number or (Wrong(self.missing_row, word) if word else None),
            words=Counter(),
        )

    def add(self, cells: pa.Array, rows: npt.NDArray[np.int64], *, has_decimal_comma: bool) -> None:
        """Looks at the cells of some more rows, whose numbers are given."""
        stored, cells = cells, clean(cells)
        words = missing_words(stored, cells)
        self.words.update(_counted(words))
        numbers, is_wrong = numbers_of(cells, has_decimal_comma=has_decimal_comma)
        is_present = ~np.isnan(numbers)
        is_missing = ~is_present if is_wrong is None else ~is_present & ~is_wrong
        if is_missing.any() and not self.num_missing:
            self.missing_row = int(rows[is_missing.argmax()])
        self.num_rows += len(cells)
        self.num_missing += int(is_missing.sum())
        self._add_numbers(numbers[is_present])
        self.counts_rows = self.counts_rows and bool(is_present.all()) and _counts_up(numbers, self._last)
        self._last = float(numbers[-1]) if len(numbers) else self._last
        if is_wrong is not None and self.not_a_number is None and is_wrong.any():
            self.not_a_number = _wrong(cells, int(is_wrong.argmax()), rows)
        is_infinite = np.abs(numbers) > MOST_OF_MODELS
        if self.infinite is None and is_infinite.any():
            self.infinite = _wrong(cells, int(is_infinite.argmax()), rows)
        if self.has_all_counts:
            self._count(texts_of(cells))

    def _add_numbers(self, numbers: np.ndarray[tuple[int], np.dtype[np.float64]]) -> None:
        if len(numbers):
            self.num_numbers += len(numbers)
            self.lowest = min(self.lowest, float(numbers.min()))
            self.highest = max(self.highest, float(numbers.max()))
            self.is_whole = self.is_whole and bool(np.all(numbers == np.floor(numbers)))

    def _count(self, texts: pa.Array) -> None:
        self.counts.update(_counted(texts.drop_null()))


def survey(table: TableFile) -> dict[str, ColumnSurvey]:
    """Reads a whole table once.

    Raises:
        DataError: A row has more or fewer cells than there are columns, or the file is damaged.
    """
    try:
        return _survey(table)
    except UnicodeDecodeError:
        table.read_as_fallback()
        return _survey(table)


def _survey(table: TableFile) -> dict[str, ColumnSurvey]:
    columns = {name: ColumnSurvey(name) for name in table.names}
    for piece in table.pieces():
        _add(columns, piece, has_decimal_comma=table.has_decimal_comma)
    return columns


def _add(columns: dict[str, ColumnSurvey], piece: Piece, *, has_decimal_comma: bool) -> None:
    for name, cells in piece.columns.items():
        columns[name].add(cells, piece.numbers, has_decimal_comma=has_decimal_comma)


def _counted(texts: pa.Array) -> dict[str, int]:
    """How often each text is there, of at most some of them."""
    if not len(texts):
        return {}
    found = pac.value_counts(texts).slice(0, 2 * MAX_DISTINCT)
    return dict(zip(found.field(0).to_pylist(), found.field(1).to_pylist(), strict=True))


def _counts_up(numbers: npt.NDArray[np.float64], before: float) -> bool:
    return bool((np.diff(numbers) == 1).all()) and (np.isnan(before) or not len(numbers) or numbers[0] == before + 1)


def _wrong(cells: pa.Array, at: int, rows: npt.NDArray[np.int64]) -> Wrong:
    return Wrong(int(rows[at]), str(cells[at].as_py())[:SHOWN_CELL])
