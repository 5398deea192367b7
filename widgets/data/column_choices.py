"""What choosing a column means for the other choices."""

from __future__ import annotations

from msgspec.structs import replace

from editor.training.data_options import ColumnUse, DataOptions

_OF_TARGETS = ("drop", "category")
"""Treatments of missing values that what is learned can have."""


def with_target(options: DataOptions, column: str, *, is_one_more: bool = False) -> DataOptions:
    """With another column to be learned; with one output it takes the place of the one there was.

    Args:
        options: What is chosen so far.
        column: Empty for the one that is found.
        is_one_more: Whether those that there are stay.
    """
    others = tuple(name for name in options.targets if name != column) if is_one_more else ()
    return replace(
        options,
        targets=(*others, column) if column else (),
        columns={name: use for name, use in options.columns.items() if use != "target" and name != column},
        missing={name: each for name, each in options.missing.items() if name != column or each in _OF_TARGETS},
    )


def with_use(options: DataOptions, column: str, use: ColumnUse) -> DataOptions:
    """With another use of a column."""
    if use == "target":
        return with_target(options, column, is_one_more=options.task == "multi-label")
    targets = tuple(name for name in options.targets if name != column)
    return replace(options, targets=targets, columns={**options.columns, column: use})
