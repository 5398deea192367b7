"""What is learned from a table: target columns as the outputs of a model take them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from editor.errors import DataError
from editor.training.data.parts import Array
from editor.training.data.table.collecting import UNKNOWN_CODE, Rows
from editor.training.data.table.dialect import spoken
from editor.training.data.table.tags import are_several, split_labels
from editor.training.data.targets import ClassCoding, Target, find_coding, listed
from editor.training.data_options import Task
from editor.wording import counted


@dataclass(frozen=True)
class OutputCoding:
    """What an output learns.

    Attributes:
        target: The output.
        columns: Its columns.
        categories: Of each column of text, its values.
        coding: Of an output with one column.
        task: What is learned.
        classes: Names of the classes, of the labels of one column, or of the columns of a target of several.
        flags: Which labels each category of the one column has, `(num_categories, num_labels)`; None where a cell holds
            one.
    """

    target: Target
    columns: tuple[str, ...]
    categories: dict[str, tuple[str, ...]]
    coding: ClassCoding | None
    task: Task
    classes: tuple[str, ...]
    flags: Array | None = None

    def encode(self, rows: Rows, file_name: str) -> Array:
        """`(num_rows,)` class numbers or values, or `(num_rows, num_columns)` for several columns or labels.

        Raises:
            DataError: A row is of a class that the training rows do not have.
        """
        if self.flags is not None:
            return self.flags[_codes(rows, self.columns[0], file_name)]
        if self.coding is None:
            return np.stack([self._as_numbers(rows, name, file_name) for name in self.columns], axis=1)
        labels, is_unknown = self.coding.encode(_labels(rows, self.columns[0], self.categories, file_name))
        if is_unknown.any():
            raise _unknown_class(rows, is_unknown, self.columns[0], file_name)
        is_number = self.task == "regression"
        return labels.astype(np.float32 if is_number else np.int64)

    def _as_numbers(self, rows: Rows, name: str, file_name: str) -> Array:
        column = _codes(rows, name, file_name) if name in self.categories else rows.columns[name]
        return column.astype(np.float32)


def learn_output(
    target: Target, columns: tuple[str, ...], categories: dict[str, tuple[str, ...]], rows: Rows, file_name: str
) -> OutputCoding:
    """How the target columns of an output become what its loss takes.

    Raises:
        DataError: The output cannot learn them.
    """
    if len(columns) > 1:
        return _several(target, columns, categories, rows)
    if columns[0] in categories and are_several(target, categories[columns[0]]):
        return _labelled(target, columns[0], categories)
    coding = find_coding(target, _labels(rows, columns[0], categories, file_name))
    if coding.task == "regression" and (target.num_units or 1) > 1:
        raise DataError(
            f"The model gives {target.num_units} values for each row, but one column of numbers is to be learned, "
            f"{columns[0]}.",
            hint=f"Choose {target.num_units} target columns, or give the model an output of one value.",
            field="targets",
            name=columns[0],
        )
    return OutputCoding(target, columns, categories, coding, coding.task, coding.classes)


def _several(
    target: Target, columns: tuple[str, ...], categories: dict[str, tuple[str, ...]], rows: Rows
) -> OutputCoding:
    if target.num_units not in (len(columns), None):
        raise DataError(
            f"{len(columns)} target columns are chosen ({', '.join(columns[:5])}), but the model gives "
            f"{target.num_units} value{'' if target.num_units == 1 else 's'}.",
            hint="Choose one column for each value of the model's output.",
            field="targets",
        )
    many = [name for name in columns if len(categories.get(name, ())) > 2]
    if many:
        raise DataError(
            f"{spoken(many[0], is_first=True)} has {len(categories[many[0]])} categories; one of several "
            "target columns holds numbers, or two categories.",
            hint="Choose it alone as the target, or leave it out.",
            field="targets",
            name=many[0],
        )
    are_flags = all(np.isin(rows.columns[name], (0, 1)).all() for name in columns)
    task: Task = "regression"
    if are_flags:
        task = "multi-class" if target.activation == "softmax" else "multi-label"
    return OutputCoding(target, columns, categories, None, task if target.wanted == "auto" else target.wanted, columns)


def _labelled(target: Target, column: str, categories: dict[str, tuple[str, ...]]) -> OutputCoding:
    names, flags = split_labels(categories[column])
    if target.num_units not in (len(names), None):
        raise DataError(
            f"There are {counted(len(names), 'label')} in {target.name} ({listed(names)}), but the model has "
            f"{counted(target.num_units or 0, 'output')}.",
            hint="Give it an output for each label (Replace Head… in the window), or leave out rows.",
            field="targets",
            name=column,
        )
    return OutputCoding(target, (column,), categories, None, "multi-label", names, flags)


def _labels(rows: Rows, name: str, categories: dict[str, tuple[str, ...]], file_name: str) -> Array:
    if name not in categories:
        return rows.columns[name]
    return np.array(categories[name], dtype=str)[_codes(rows, name, file_name)]


def _codes(rows: Rows, name: str, file_name: str) -> Array:
    """The numbers of a column's categories, all of which are known."""
    column = rows.columns[name]
    if (column == UNKNOWN_CODE).any():
        raise _unknown_class(rows, column == UNKNOWN_CODE, name, file_name)
    return column


def _unknown_class(rows: Rows, is_unknown: Array, name: str, file_name: str) -> DataError:
    return DataError(
        f"Row {rows.numbers[int(is_unknown.argmax())]:,} of {file_name} has a value in {spoken(name)} that no row of "
        "the training data has.",
        hint="Leave that row out, or add such rows to the training data.",
    )
