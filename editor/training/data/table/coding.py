"""How a column becomes values that a model takes: what is learned from the training rows and then held to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from editor.training.data.parts import Array
from editor.training.data.table.collecting import MISSING_CODE, UNKNOWN_CODE, Rows
from editor.training.data_options import MissingTreatment
from editor.training.progress import note_progress

MISSING_CATEGORY = "(missing)"


@dataclass(frozen=True)
class NumberCoding:
    """A column of numbers.

    Attributes:
        fill: What a gap becomes.
        mean: What is subtracted then.
        scale: What it is divided by then, above 0.
    """

    name: str
    missing: MissingTreatment
    fill: float = 0.0
    mean: float = 0.0
    scale: float = 1.0

    @property
    def value_names(self) -> tuple[str, ...]:
        """What each value is called."""
        return (self.name,)

    def encode(self, column: Array) -> npt.NDArray[np.float64]:
        """`(num_rows, 1)`."""
        filled = np.where(np.isnan(column), self.fill, column).astype(np.float64)
        return np.expand_dims((filled - self.mean) / self.scale, 1)


@dataclass(frozen=True)
class CategoryCoding:
    """A column of categories.

    Attributes:
        categories: In the order of their numbers; `MISSING_CATEGORY` is the last one where gaps are one.
        fill: Number of the category that a gap becomes.
        is_index: Whether its number is handed on, as an Embedding takes it; one-hot otherwise.
    """

    name: str
    missing: MissingTreatment
    categories: tuple[str, ...]
    fill: int = 0
    is_index: bool = False

    @property
    def value_names(self) -> tuple[str, ...]:
        """What each value is called."""
        return (self.name,) if self.is_index else tuple(f"{self.name}={category}" for category in self.categories)

    def encode(self, column: Array) -> npt.NDArray[np.float64]:
        """`(num_rows, num_values)`; an unknown category is all zeros, or 0 as a number."""
        codes = np.where(column == MISSING_CODE, self.fill, column)
        if self.is_index:
            return np.where(codes == UNKNOWN_CODE, 0, codes)[:, np.newaxis].astype(np.float64)
        return np.equal.outer(codes, np.arange(len(self.categories))).astype(np.float64)


Coding = NumberCoding | CategoryCoding


def number_coding(name: str, column: Array, missing: MissingTreatment, *, is_standardized: bool) -> NumberCoding:
    """Learns a column of numbers from the training rows."""
    present = column[~np.isnan(column)]
    if not len(present):
        return NumberCoding(name, missing)
    fill = float(present.mean())
    if missing == "most-frequent":
        values, counts = np.unique(present, return_counts=True)
        fill = float(values[counts.argmax()])
    if not is_standardized:
        return NumberCoding(name, missing, fill)
    filled = np.where(np.isnan(column), fill, column)
    return NumberCoding(name, missing, fill, float(filled.mean()), float(filled.std()) or 1.0)


def category_coding(
    name: str, column: Array, categories: Sequence[str], missing: MissingTreatment, *, is_index: bool
) -> CategoryCoding:
    """Learns a column of categories; a gap is a category of its own where there are gaps in the training file."""
    if missing == "category":
        return CategoryCoding(name, missing, (*categories, MISSING_CATEGORY), len(categories), is_index)
    present = column[column >= 0]
    most_frequent = int(np.bincount(present).argmax()) if len(present) else 0
    return CategoryCoding(name, missing, tuple(categories), most_frequent, is_index)


def one_scale(codings: Sequence[NumberCoding], rows: Rows) -> list[NumberCoding]:
    """The same mean and scale for all columns, as those of one series are measured by one instrument."""
    columns = [np.where(np.isnan(rows.columns[each.name]), each.fill, rows.columns[each.name]) for each in codings]
    mean = float(np.mean([column.mean() for column in columns]))
    scale = float(np.sqrt(np.mean([((column - mean) ** 2).mean() for column in columns]))) or 1.0
    return [NumberCoding(each.name, each.missing, each.fill, mean, scale) for each in codings]


def encode_input(codings: Sequence[Coding], rows: Rows, dtype: str = "float32") -> Array:
    """All columns of an input side by side, `(num_rows, num_values)`."""
    widths = [len(coding.value_names) for coding in codings]
    matrix = np.empty((len(rows.numbers), sum(widths)), dtype)
    start = 0
    for at, (coding, width) in enumerate(zip(codings, widths, strict=True)):
        note_progress("Preparing columns", at, len(codings))
        matrix[:, start : start + width] = coding.encode(rows.columns[coding.name])
        start += width
    return matrix
