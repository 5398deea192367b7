"""How a table of text is written: its encoding, separator, header and decimal sign, found from its beginning."""

from __future__ import annotations

import codecs
import csv
import gzip
import re
import zlib
from collections import Counter
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import IO, cast

from editor.errors import DataError

SAMPLE_BYTES = 1 << 18
"""Read from the beginning to find out how the table is written."""
LARGEST_SAMPLE = 1 << 26
"""Read at most where rows are so long that there are not `FEWEST_LINES` of them."""
FEWEST_LINES = 3
SAMPLE_ROWS = 200
SEPARATORS = ("\t", ";", ",", "|")
MISSING = frozenset({"", "na", "n/a", "#n/a", "nan", "null", "none", "?", "-", ".", "missing"})
"""Cells without a value, in small letters; as pandas and R write them, and `?` of the UCI repository."""

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?inf(inity)?", re.IGNORECASE)
_COMMA_NUMBER = re.compile(r"[+-]?\d+,\d+([eE][+-]?\d+)?")
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
FALLBACK = "cp1252"

# With another separator than its own, a whole row is one cell; a sample is in memory anyway.
csv.field_size_limit(LARGEST_SAMPLE)


@dataclass(frozen=True)
class Dialect:
    """How a table of text is written.

    Attributes:
        names: Of the columns; `column 1`, `column 2`, … where there is no header.
        row_bytes: What a row takes on average, before compression.
        first_row: Number of the first row below the header and the empty lines at the beginning, 1 upwards.
        has_rows: Whether there is one.
    """

    encoding: str
    separator: str
    has_header: bool
    has_decimal_comma: bool
    names: tuple[str, ...]
    row_bytes: float
    first_row: int
    has_rows: bool


def unpacked(file: BufferedReader) -> IO[bytes]:
    """The content of a file that was just opened, unpacked if it is gzip."""
    is_packed = file.peek(2)[:2] == b"\x1f\x8b"
    return cast("IO[bytes]", gzip.GzipFile(fileobj=file)) if is_packed else file


def find_dialect(path: Path) -> Dialect:
    """How a table is written.

    Raises:
        DataError: It is empty, or no text.
    """
    content = _beginning(path)
    encoding = _encoding(content)
    text = _text(content, encoding)
    if "\0" in text:
        raise DataError(
            f"{path.name} is no table of text: it holds bytes that no text has.",
            hint="Save the table as CSV or TSV again, or choose another file.",
        )
    is_all = len(content) < SAMPLE_BYTES
    lines = _whole_lines(text, is_all=is_all)
    if not lines:
        raise DataError(f"{path.name} is empty.", hint="Choose a table with a row for each sample.")
    separator = _separator(lines, path)
    rows = _cells(lines, separator, path)
    has_header = _has_header(rows, separator)
    names = _names(rows[0], path) if has_header else tuple(f"column {at + 1}" for at in range(len(rows[0])))
    return Dialect(
        encoding=encoding,
        separator=separator,
        has_header=has_header,
        has_decimal_comma=separator != "," and _uses_comma(rows),
        names=names,
        row_bytes=len(content) / max(1, content.count(b"\n")),
        first_row=1 + has_header + _num_empty(text),
        has_rows=len(rows) > has_header or not is_all,
    )


def spoken(name: str, *, is_first: bool = False) -> str:
    """A column in a sentence: `column species`, and `column 3` where the file has no names."""
    word = "Column" if is_first else "column"
    return f"{word} {name.removeprefix('column ')}"


def is_missing(cell: str) -> bool:
    """Whether a cell holds no value."""
    return cell.strip().lower() in MISSING


def is_number(cell: str) -> bool:
    """Whether a cell holds a number, with a point or a comma."""
    return bool(_NUMBER.fullmatch(cell.strip()) or _COMMA_NUMBER.fullmatch(cell.strip()))


def _beginning(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            stream = unpacked(file)
            content = stream.read(SAMPLE_BYTES)
            while content.count(b"\n") < FEWEST_LINES and len(content) < LARGEST_SAMPLE:
                more = stream.read(len(content))
                if not more:
                    break
                content += more
            return content
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(
            f"{path.name} cannot be read; it is damaged or not open to you.",
            hint="Copy or save it again.",
            details=f"{type(error).__name__}: {error}",
        ) from error


def _encoding(content: bytes) -> str:
    for mark, name in _BOMS:
        if content.startswith(mark):
            return name
    try:
        # The last character may be cut in two.
        codecs.getincrementaldecoder("utf-8")().decode(content)
    except UnicodeDecodeError:
        return FALLBACK
    return "utf-8"


def _text(content: bytes, encoding: str) -> str:
    return codecs.getincrementaldecoder(encoding)("replace").decode(content)


def _whole_lines(text: str, *, is_all: bool) -> list[str]:
    lines = text.splitlines()
    return [line for line in (lines if is_all or len(lines) < 2 else lines[:-1]) if line.strip()][:SAMPLE_ROWS]


def _num_empty(text: str) -> int:
    """Empty lines before the first one that is not."""
    return next((at for at, line in enumerate(text.splitlines()) if line.strip()), 0)


def _cells(lines: list[str], separator: str, path: Path) -> list[list[str]]:
    try:
        return [row for row in csv.reader(lines, delimiter=separator) if row]
    except csv.Error as error:
        raise DataError(
            f"The first rows of {path.name} are no table: {error}.", hint="Save the table as CSV or TSV again."
        ) from error


def _separator(lines: list[str], path: Path) -> str:
    """The one that cuts most lines into the same number of cells, and more than one; a tie goes to the first."""
    order = sorted(SEPARATORS, key=lambda sign: sign != "\t") if ".tsv" in path.name.lower() else SEPARATORS

    def score(separator: str) -> tuple[float, bool]:
        widths = Counter(len(row) for row in _cells(lines, separator, path))
        width, count = max(widths.items(), key=lambda item: item[1])
        return (count / len(lines) if width > 1 else 0.0), width > 1

    best = max(order, key=score)
    return best if score(best)[0] else ","


def _has_header(rows: list[list[str]], separator: str) -> bool:
    """Whether the first row holds names: text over columns of numbers, or words that the columns do not repeat."""
    first, others = rows[0], rows[1:]
    if all(is_missing(cell) or is_number(cell) for cell in first):
        return _counts_up(first) and bool(others) and separator != ""
    columns = [[row[at] for row in others if at < len(row) and not is_missing(row[at])] for at in range(len(first))]
    are_numbers = [bool(column) and sum(map(is_number, column)) > len(column) / 2 for column in columns]
    if any(are_numbers):
        return any(is_one and not is_number(cell) for is_one, cell in zip(are_numbers, first, strict=True))
    return all(cell not in column for cell, column in zip(first, columns, strict=True))


def _counts_up(cells: list[str]) -> bool:
    """Whether cells are the names `0`, `1`, `2`, … that pandas gives to columns without one."""
    return len(cells) > 2 and cells == [str(at) for at in range(len(cells))]


def _names(cells: list[str], path: Path) -> tuple[str, ...]:
    names = [cell.strip() or f"column {at + 1}" for at, cell in enumerate(cells)]
    check_names(names, path.name)
    return tuple(names)


def check_names(names: list[str], file_name: str) -> None:
    """Refuses names that two columns share.

    Raises:
        DataError: Two columns have one name.
    """
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise DataError(
            f"{file_name} has {names.count(twice[0])} columns called {twice[0]!r}.",
            hint="Give each column a name of its own in the first row.",
        )


def _uses_comma(rows: list[list[str]]) -> bool:
    cells = [cell.strip() for row in rows[1:] for cell in row]
    return any(_COMMA_NUMBER.fullmatch(cell) for cell in cells) and not any("." in c and is_number(c) for c in cells)
