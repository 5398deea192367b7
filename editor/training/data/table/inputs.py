"""What each input of a model takes of a table, in the shape that it takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from editor.errors import DataError
from editor.layers.records import Shape
from editor.training.data.parts import Array
from editor.training.data.table.coding import (
    CategoryCoding,
    Coding,
    NumberCoding,
    category_coding,
    encode_input,
    number_coding,
    one_scale,
)
from editor.training.data.table.collecting import UNKNOWN_CODE, Rows
from editor.training.data.table.dialect import spoken
from editor.training.data.table.plan import TablePlan
from editor.training.data.table.roles import Roles, before_hint
from editor.training.labels import shape_text
from editor.training.model_facts import ModelFacts

NUM_NAMED = 8


@dataclass(frozen=True)
class InputCoding:
    """What an input takes.

    Attributes:
        name: Keras's name of it; empty where the model does not tell.
        codings: Of its columns.
        shape: Of one sample.
        dtype: NumPy's name of its type.
        is_series: Whether the columns are one series of measurements.
        can_standardize: Whether it takes numbers that could be standardized.
    """

    name: str
    codings: tuple[Coding, ...]
    shape: tuple[int, ...]
    dtype: str
    is_series: bool
    can_standardize: bool

    def encode(self, rows: Rows) -> Array:
        """`(num_rows, *shape)`."""
        return encode_input(self.codings, rows, self.dtype).reshape(-1, *self.shape)

    @property
    def value_names(self) -> list[str]:
        """What each value of a sample is called."""
        return [name for coding in self.codings for name in coding.value_names]


def learn_inputs(plan: TablePlan, facts: ModelFacts, rows: Rows) -> tuple[InputCoding, ...]:
    """How the columns of each input become what it takes, learned from the training rows.

    Raises:
        DataError: They make more or fewer values than an input takes.
    """
    return tuple(_learn(plan, facts, at, rows) for at in range(len(plan.roles.inputs)))


def unknown_notes(inputs: Sequence[InputCoding], rows: Rows, file_name: str) -> tuple[str, ...]:
    """Which categories of another table the training rows do not have."""
    notes = []
    for coding in [coding for each in inputs for coding in each.codings if isinstance(coding, CategoryCoding)]:
        is_unknown = rows.columns[coding.name] == UNKNOWN_CODE
        if is_unknown.any():
            count = int(is_unknown.sum())
            notes.append(
                f"{count:,} {'row' if count == 1 else 'rows'} of {file_name}, the first is row "
                f"{rows.numbers[int(is_unknown.argmax())]:,}, have a category in {spoken(coding.name)} that the "
                f"training data do not have; it counts as {'the first one' if coding.is_index else 'none'}."
            )
    return tuple(notes)


def _learn(plan: TablePlan, facts: ModelFacts, at: int, rows: Rows) -> InputCoding:
    names, shape = plan.roles.inputs[at], facts.input_shape(at)
    vocabulary = facts.vocabulary(at)
    dtype = facts.input_dtypes[at] if at < len(facts.input_dtypes) else "float32"
    is_index = vocabulary is not None or dtype.startswith(("int", "uint"))
    has_numbers_only = all(name not in plan.categories for name in names)
    said = plan.options.is_series
    is_series = has_numbers_only and (said if said is not None else shape is not None and len(shape) == 2)
    is_image = shape is not None and len(shape) > 2
    can_standardize = not (is_index or is_image or facts.has_normalization)
    is_standardized = plan.options.standardize and can_standardize
    codings: list[Coding] = [
        _coding(plan, name, rows, is_index=is_index, is_standardized=is_standardized and not is_series)
        for name in names
    ]
    if is_series and is_standardized:
        codings = list(one_scale([each for each in codings if isinstance(each, NumberCoding)], rows))
    if vocabulary is not None:
        _check_vocabulary(codings, rows, vocabulary)
    name = facts.input_names[at] if len(facts.input_names) > 1 else ""
    return InputCoding(
        name,
        tuple(codings),
        _fitted(codings, shape, name, plan.roles),
        _numpy_type(dtype),
        is_series,
        can_standardize and any(isinstance(each, NumberCoding) for each in codings),
    )


def _numpy_type(dtype: str) -> str:
    return dtype if dtype.startswith(("int", "uint")) else "float32"


def _coding(plan: TablePlan, name: str, rows: Rows, *, is_index: bool, is_standardized: bool) -> Coding:
    column, missing = rows.columns[name], plan.missing[name]
    if name not in plan.categories:
        return number_coding(name, column, missing, is_standardized=is_standardized)
    has_gaps = plan.columns[name].num_missing > 0
    treatment = "most-frequent" if missing == "category" and not has_gaps else missing
    return category_coding(name, column, plan.categories[name], treatment, is_index=is_index)


def _fitted(codings: Sequence[Coding], shape: Shape | None, input_name: str, roles: Roles) -> tuple[int, ...]:
    """The shape of a sample, where the columns make as many values as the model takes."""
    count = sum(len(coding.value_names) for coding in codings)
    if shape is None:
        return (count,)
    known = [size for size in shape if size is not None]
    if len(known) == len(shape) and prod(known) == count:
        return tuple(known)
    num_free = len(shape) - len(known)
    if num_free and count % prod(known) == 0 and (num_free == 1 or count == prod(known)):
        return tuple(size if size is not None else count // prod(known) for size in shape)
    where = f"the model's input {input_name}" if input_name else "the model's input"
    takes = f"{prod(known):,}" if not num_free else shape_text(shape)
    targets = roles.targets
    begin = f"{spoken(targets[0], is_first=True)} is learned; the other" if len(targets) == 1 else "The"
    raise DataError(
        f"{begin} columns make {count:,} {'value' if count == 1 else 'values'} for each row ({_widths(codings)}), but "
        f"{where} takes {takes}{_as_shape(shape) if not num_free else ''}.",
        hint=before_hint(roles.left_out)
        + "Set columns that are not needed to Ignore (in the window under Columns), or give the model an input of that "
        "size.",
        field="inputs" if input_name else "data",
        name=input_name,
    )


def _as_shape(shape: Shape) -> str:
    return f", as {shape_text(shape)}" if len(shape) > 1 else ""


def _widths(codings: Sequence[Coding]) -> str:
    """`island: 3, year: 1`: how many values each column makes."""
    if all(isinstance(coding, NumberCoding) for coding in codings) and len(codings) > NUM_NAMED:
        return f"one for each column from {codings[0].name} to {codings[-1].name}"
    texts = [f"{coding.name}: {len(coding.value_names)}" for coding in codings]
    return ", ".join([*texts[:NUM_NAMED], *(["…"] if len(texts) > NUM_NAMED else [])])


def _check_vocabulary(codings: Sequence[Coding], rows: Rows, vocabulary: int) -> None:
    for coding in codings:
        if isinstance(coding, CategoryCoding):
            if len(coding.categories) > vocabulary:
                raise DataError(
                    f"{spoken(coding.name, is_first=True)} has {len(coding.categories):,} categories, but the "
                    f"model's Embedding takes {vocabulary:,} different numbers.",
                    hint="Leave the column out, or use a model with a larger Embedding.",
                    field="columns",
                    name=coding.name,
                )
            continue
        values = np.nan_to_num(rows.columns[coding.name], nan=coding.fill)
        is_wrong = (values < 0) | (values >= vocabulary) | (values != np.floor(values))
        if is_wrong.any():
            at = int(is_wrong.argmax())
            raise DataError(
                f"Row {rows.numbers[at]:,} holds {values[at]:g} in {spoken(coding.name)}, but the model's Embedding "
                f"takes whole numbers from 0 to {vocabulary - 1:,}.",
                hint="Use the column as a category, leave it out, or use a model with a larger Embedding.",
                field="columns",
                name=coding.name,
            )
