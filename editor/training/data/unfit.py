"""Data that can be read, and of which nothing can be made as things are chosen."""

from __future__ import annotations

from editor.errors import DataError
from editor.training.data_report import DataReport


class UnfitDataError(DataError):
    """The data are sound by themselves; what was found in them helps to choose otherwise.

    Attributes:
        report: What was found so far, such as the columns of a table.
    """

    def __init__(self, error: DataError, report: DataReport) -> None:
        super().__init__(error.summary, hint=error.hint, details=error.details)
        self.report = report
