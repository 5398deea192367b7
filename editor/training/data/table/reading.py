"""Reads a table in pieces: CSV and TSV (gzip'ed too) as text, Parquet with its own types; pyarrow does the work."""

from __future__ import annotations

import codecs
import os
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pac
import pyarrow.csv as pc
import pyarrow.parquet as pq

from editor.errors import DataError
from editor.training.data.file_kinds import PARQUET, begins_with
from editor.training.data.table.cells import EMPTY
from editor.training.data.table.dialect import FALLBACK, Dialect, check_names, find_dialect, unpacked
from editor.training.progress import note_bytes, note_progress

BLOCK_BYTES = 1 << 22
NUM_ROWS_OF_BLOCK = 4
"""At least, where rows are very long."""
PARQUET_ROWS = 1 << 15
_UTF8 = ("utf-8", "utf-8-sig")


@dataclass(frozen=True)
class Piece:
    """Some rows of a table.

    Attributes:
        columns: By name; text as strings, whatever else a Parquet file holds in its own type.
        numbers: Of its rows, `(num_rows,)`, as a spreadsheet counts them: a header is row 1, an empty line is a row,
            and a row with line breaks in quoted cells is one.
    """

    columns: dict[str, pa.Array]
    numbers: npt.NDArray[np.int64]


class TableFile:
    """A table on disk that can be read again and again.

    Attributes:
        names: Of its columns.
        notes: What a person should know about how it was read.
        bytes_per_value: What one value takes on disk on average, before compression; for Parquet as stored.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.notes: tuple[str, ...] = ()
        self.dialect: Dialect | None = None
        self._empty_rows: npt.NDArray[np.int64] = np.zeros(0, np.int64)
        if begins_with(path, PARQUET):
            self._open_parquet()
        else:
            self._open_text()

    @property
    def has_decimal_comma(self) -> bool:
        """Whether numbers are written with a comma."""
        return bool(self.dialect and self.dialect.has_decimal_comma)

    @property
    def has_header(self) -> bool:
        """Whether the file itself names its columns."""
        return self.dialect is None or self.dialect.has_header

    def estimated_rows(self) -> int:
        """About how many rows there are: by the size of the first ones, or as a Parquet file tells."""
        if self.dialect is None:
            return int(self._num_rows)
        return int(self.path.stat().st_size / self.dialect.row_bytes)

    def pieces(self, names: Sequence[str] | None = None) -> Iterator[Piece]:
        """The rows, in order, with some columns or all. Tells of progress.

        Rows without anything in them are left out; they are found when all columns are read, which comes first.

        Raises:
            GivenUpError: Nobody waits for them any more.
            DataError: A row has more or fewer cells than the table has columns, or the file is damaged.
            UnicodeDecodeError: It began as UTF-8 and is none.
        """
        with self._told():
            yield from self._parquet_pieces(names) if self.dialect is None else self._text_pieces(names)

    # -- text ---------------------------------------------------------------------------------------------------

    def _open_text(self) -> None:
        self.dialect = find_dialect(self.path)
        self.names = self.dialect.names
        self._note_encoding()

    def read_as_fallback(self) -> None:
        """To be called when a part of a file, far from its beginning, turned out not to be UTF-8."""
        if self.dialect is not None:
            self.dialect = replace(self.dialect, encoding=FALLBACK)
            self._note_encoding()

    def _note_encoding(self) -> None:
        if self.dialect is not None and self.dialect.encoding == FALLBACK:
            self.notes = (f"{self.path.name} is not in UTF-8; it was read as Windows-1252 (Western European).",)

    def _text_pieces(self, names: Sequence[str] | None) -> Iterator[Piece]:
        dialect = self.dialect
        assert dialect is not None
        if not dialect.has_rows:
            return
        bad: list[pc.InvalidRow] = []
        blank: list[int] = []

        def note(row: pc.InvalidRow) -> str:
            if not row.text.strip():
                blank.append(row.number)
                return "skip"
            bad.append(row)
            return "error"

        next_row = dialect.first_row
        with self.path.open("rb") as stored:
            num_bytes = os.fstat(stored.fileno()).st_size
            file = unpacked(stored)
            try:
                reader = pc.open_csv(
                    _Utf8(file) if dialect.encoding in _UTF8 else file,
                    read_options=pc.ReadOptions(
                        use_threads=False,
                        block_size=max(BLOCK_BYTES, NUM_ROWS_OF_BLOCK * int(dialect.row_bytes)),
                        skip_rows_after_names=dialect.first_row - 1,
                        column_names=list(dialect.names),
                        encoding=dialect.encoding,
                    ),
                    parse_options=pc.ParseOptions(
                        delimiter=dialect.separator,
                        newlines_in_values=True,
                        ignore_empty_lines=False,
                        invalid_row_handler=note,
                    ),
                    convert_options=pc.ConvertOptions(
                        column_types={name: pa.string() for name in dialect.names},
                        strings_can_be_null=False,
                        include_columns=list(names) if names is not None else None,
                    ),
                )
                for batch in reader:
                    note_bytes(_doing(names), self.path.name, stored.tell(), num_bytes)
                    numbers = _row_numbers(next_row, batch.num_rows, blank)
                    next_row = int(numbers[-1]) + 1 if len(numbers) else next_row
                    yield self._without_empty_rows(Piece(_columns(batch), numbers), is_first_look=names is None)
            except pa.ArrowInvalid as error:
                if bad:
                    raise self._wrong_row(bad[0]) from error
                if "straddles two block" in str(error):  # Nothing else tells of a cell that is longer than a block.
                    raise self._open_quote(next_row) from error
                raise

    def _without_empty_rows(self, piece: Piece, *, is_first_look: bool) -> Piece:
        if is_first_look:
            is_empty = _is_empty(list(piece.columns.values()))
            before = self._empty_rows[self._empty_rows < piece.numbers[0]] if len(piece.numbers) else self._empty_rows
            self._empty_rows = np.concatenate([before, piece.numbers[is_empty]])
        else:
            is_empty = np.isin(piece.numbers, self._empty_rows)
        if not is_empty.any():
            return piece
        kept = pa.array(~is_empty)
        return Piece({name: cells.filter(kept) for name, cells in piece.columns.items()}, piece.numbers[~is_empty])

    def _wrong_row(self, row: pc.InvalidRow) -> DataError:
        dialect = cast("Dialect", self.dialect)
        if "\n" in row.text.strip() and row.text.count('"') % 2:
            return self._open_quote(row.number)
        number = f"Row {row.number:,}" if row.number is not None else f"The row {row.text[:60]!r}"
        cells = f"{row.actual_columns} cell{'' if row.actual_columns == 1 else 's'}"
        return DataError(
            f"{number} of {self.path.name} has {cells}, but "
            f"{'the first row names' if dialect.has_header else 'the first row has'} {row.expected_columns}.",
            hint="Give every row one cell for each column; put quotes around text that holds the separator.",
            details=row.text[:500],
        )

    def _open_quote(self, number: int) -> DataError:
        return DataError(
            f"Row {number:,} of {self.path.name} opens a quotation mark that is not closed, so that the rows behind it "
            "would be one cell.",
            hint='Close it, or write "" for a quotation mark within quoted text.',
        )

    # -- Parquet ------------------------------------------------------------------------------------------------

    def _open_parquet(self) -> None:
        with self._told(), pq.ParquetFile(self.path) as file:
            schema = file.schema_arrow
            self._num_rows = file.metadata.num_rows
        check_names([field.name for field in schema], self.path.name)
        usable = [field.name for field in schema if _is_usable(field.type)]
        left_out = [field.name for field in schema if not _is_usable(field.type)]
        if left_out:
            self.notes = (f"Left out, as they hold neither numbers nor text: {', '.join(left_out)}.",)
        self.names = tuple(usable)

    def _parquet_pieces(self, names: Sequence[str] | None) -> Iterator[Piece]:
        next_row = 1
        with pq.ParquetFile(self.path) as file:
            wanted = list(self.names if names is None else names)
            for batch in file.iter_batches(batch_size=PARQUET_ROWS, columns=wanted):
                note_progress(f"{_doing(names)} rows of {self.path.name}", next_row - 1, self.estimated_rows())
                batch.validate(full=True)  # Text of a damaged file may be none.
                yield Piece(_columns(batch), np.arange(next_row, next_row + batch.num_rows))
                next_row += batch.num_rows

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Says in our words what pyarrow and zlib raise on files that are not what they claim to be."""
        try:
            yield
        except UnicodeDecodeError as error:
            if self.dialect is not None and self.dialect.encoding in _UTF8:
                raise
            raise self._damaged(error) from error
        except (pa.ArrowException, OSError, EOFError, zlib.error, UnicodeError) as error:
            raise self._damaged(error) from error

    def _damaged(self, error: Exception) -> DataError:
        return DataError(
            f"{self.path.name} cannot be read to its end; it is damaged or of another kind than its name tells.",
            hint="Copy or save it again.",
            details=f"{type(error).__name__}: {error}",
        )


class _Utf8:
    """A file that is read to be UTF-8 to its end: pyarrow would hand on whatever else there is.

    Raises:
        UnicodeDecodeError: On reading what is none.
    """

    closed = False

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def read(self, num_bytes: int = -1) -> bytes:
        content = self._file.read(num_bytes)
        self._decoder.decode(content, final=not content)
        return content

    def close(self) -> None:
        self._file.close()


def _doing(names: Sequence[str] | None) -> str:
    """A table is looked through for what its columns hold, and then read."""
    return "Checking" if names is None else "Reading"


def _row_numbers(first: int, count: int, skipped: Sequence[int]) -> npt.NDArray[np.int64]:
    """Numbers of the next rows, without those that were skipped."""
    numbers = np.arange(first, first + count + len(skipped))
    return numbers[~np.isin(numbers, skipped)][:count] if skipped else numbers


def _is_empty(columns: Sequence[pa.Array]) -> npt.NDArray[np.bool_]:
    """Which rows hold nothing in any column."""
    is_empty = pac.equal(columns[0], EMPTY)
    for cells in columns[1:]:
        if not pac.any(is_empty).as_py():
            break
        is_empty = pac.and_(is_empty, pac.equal(cells, EMPTY))
    return np.asarray(is_empty.to_numpy(zero_copy_only=False), bool)


def _columns(batch: pa.RecordBatch) -> dict[str, pa.Array]:
    return {name: _plain(batch.column(at)) for at, name in enumerate(batch.schema.names)}


def _plain(values: pa.Array) -> pa.Array:
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    return values.cast(pa.string()) if _is_text(values.type) or pa.types.is_boolean(values.type) else values


def _is_text(kind: Any) -> bool:
    types = pa.types
    return bool(types.is_large_string(kind) or types.is_string_view(kind) or types.is_date(kind))


def _is_usable(kind: Any) -> bool:
    types = pa.types
    if types.is_dictionary(kind):
        kind = kind.value_type
    checks = (types.is_integer, types.is_floating, types.is_decimal, types.is_boolean, types.is_string, _is_text)
    return any(is_kind(kind) for is_kind in checks)
