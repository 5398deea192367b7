"""Data that can be read, and of which nothing can be made as things are chosen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from editor.errors import DataError
from editor.training.data_options import DataOptions
from editor.training.data_report import DataReport


class UnfitDataError(DataError):
    """The data are sound by themselves; what was found in them helps to choose otherwise.

    Attributes:
        report: What was found so far, such as the columns of a table.
    """

    def __init__(self, error: DataError, report: DataReport) -> None:
        super().__init__(error.summary, hint=error.hint, details=error.details, field=error.field, name=error.name)
        self.report = report


@contextmanager
def about_part(part: str, options: DataOptions) -> Iterator[None]:
    """Has whatever is wrong with data to validate or to test on said of them, where they were chosen by themselves.

    Args:
        part: `val` or `test`.
        options: What was chosen.
    """
    field, path = ("test", options.test) if part == "test" else ("validation", options.validation)
    try:
        yield
    except DataError as error:
        if path:
            error.field, error.name = field, ""
        raise
