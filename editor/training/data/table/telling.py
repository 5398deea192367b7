"""What is told about a table before anything trains."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import msgspec
import numpy as np

from editor.errors import DataError
from editor.training.data.parts import Part
from editor.training.data.reporting import range_of, target_bars
from editor.training.data.table.coding import CategoryCoding, NumberCoding
from editor.training.data.table.inputs import InputCoding
from editor.training.data.table.learning import OutputCoding
from editor.training.data.table.plan import TablePlan
from editor.training.data.table.reading import TableFile
from editor.training.data.table.roles import find_roles
from editor.training.data.table.survey import ColumnSurvey
from editor.training.data_options import ColumnUse, DataOptions, MissingTreatment
from editor.training.data_report import Bar, ColumnFacts, DataReport, SampleView
from editor.training.model_facts import ModelFacts

MOST_VALUES = 300
"""Of a row that are shown; a table of more columns takes seconds to draw."""
MOST_SERIES_VALUES = 2_000
IMAGE_AXES = 3
"""Axes of a batch of series; images have more, and are shown as pictures."""


def table_report(
    plan: TablePlan,
    train: Part,
    validation: Part | None,
    inputs: Sequence[InputCoding],
    outputs: Sequence[OutputCoding],
) -> DataReport:
    """What was found in a table; what is left out and the line of text are for the caller to add."""
    return DataReport(
        kind="series" if all(each.is_series for each in inputs) else "table",
        text="",
        task=outputs[0].task,
        tasks=tuple(each.task for each in outputs),
        num_train=train.num_samples,
        num_validation=validation.num_samples if validation else 0,
        bars=output_bars(train, validation, outputs),
        columns=_columns(plan, inputs),
        can_standardize=any(each.can_standardize for each in inputs),
        value_range=range_of(train),
        notes=(*plan.table.notes, *plan.roles.notes, *plan.notes, *(note for each in outputs for note in _notes(each))),
    )


def first_report(
    table: TableFile, columns: Mapping[str, ColumnSurvey], options: DataOptions, facts: ModelFacts
) -> DataReport:
    """What is known of a table before its columns have their places in a model."""
    num_rows = next(iter(columns.values())).num_rows
    found = _found_uses(table, columns, options, facts) or {
        name: options.columns.get(name, _usual_use(column)) for name, column in columns.items()
    }
    uses: dict[str, ColumnUse] = found | dict.fromkeys([name for name in options.targets if name in found], "target")
    return DataReport(
        kind="table",
        text=f"{num_rows:,} rows of {len(columns):,} columns",
        columns=tuple(column_facts(column, uses[name], options.missing.get(name)) for name, column in columns.items()),
        notes=table.notes,
    )


def _found_uses(
    table: TableFile, columns: Mapping[str, ColumnSurvey], options: DataOptions, facts: ModelFacts
) -> dict[str, ColumnUse]:
    """What each column is used as; empty where it cannot be told which belong where."""
    try:
        return find_roles(table.path.name, columns, options, facts).uses
    except DataError:
        return {}


def _usual_use(column: ColumnSurvey) -> ColumnUse:
    kind = column.kind
    return "ignore" if kind == "text" else kind


def output_bars(train: Part, validation: Part | None, outputs: Sequence[OutputCoding]) -> tuple[tuple[Bar, ...], ...]:
    """Samples by class, of each output."""
    held = validation.targets if validation else (None,) * len(outputs)
    return tuple(
        target_bars(ours, theirs, output.classes)
        for ours, theirs, output in zip(train.targets, held, outputs, strict=True)
    )


def row_view(
    part: Part, inputs: Sequence[InputCoding], outputs: Sequence[OutputCoding]
) -> Callable[[Part, int], SampleView] | None:
    """Shows rows as the model will receive them; None where they are images, which show themselves."""
    if any(array.ndim > IMAGE_AXES for array in part.inputs):
        return None
    return partial(_view, inputs, outputs)


def _view(inputs: Sequence[InputCoding], outputs: Sequence[OutputCoding], part: Part, at: int) -> SampleView:
    label = ", ".join(_label(output, part.targets[place][at]) for place, output in enumerate(outputs))
    if all(each.is_series for each in inputs):
        return SampleView(label=label, series=tuple(part.inputs[0][at].ravel()[:MOST_SERIES_VALUES].tolist()))
    values = [
        (name, f"{value:.4g}")
        for each, array in zip(inputs, part.inputs, strict=True)
        for name, value in zip(each.value_names, array[at].ravel().tolist(), strict=True)
    ]
    return SampleView(label=label, values=tuple(values[:MOST_VALUES]))


def _label(output: OutputCoding, target: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> str:
    if output.flags is not None:
        return ", ".join(name for name, value in zip(output.classes, target.tolist(), strict=True) if value)
    if len(output.columns) > 1:
        return ", ".join(f"{name} {value:g}" for name, value in zip(output.columns, target.tolist(), strict=True))
    if output.classes:
        return output.classes[int(target)]
    return f"{float(target):g}"


def _notes(output: OutputCoding) -> tuple[str, ...]:
    return output.coding.notes if output.coding else ()


def _columns(plan: TablePlan, inputs: Sequence[InputCoding]) -> tuple[ColumnFacts, ...]:
    codings = {coding.name: coding for each in inputs for coding in each.codings}
    return tuple(_facts(plan, name, codings.get(name)) for name in plan.columns)


def _facts(plan: TablePlan, name: str, coding: NumberCoding | CategoryCoding | None) -> ColumnFacts:
    return _with_coding(column_facts(plan.columns[name], plan.roles.uses[name], plan.missing.get(name)), coding)


def column_facts(column: ColumnSurvey, use: ColumnUse, missing: MissingTreatment | None) -> ColumnFacts:
    """What a column holds."""
    default: MissingTreatment = "mean" if column.kind == "number" else "category"
    if use == "target":
        default = "drop"
    return ColumnFacts(
        name=column.name,
        kind=column.kind,
        use=use,
        missing=missing or default,
        num_missing=column.num_missing,
        num_distinct=len(column.counts),
        value_range=(column.lowest, column.highest) if column.kind == "number" else None,
        examples=column.examples,
    )


def _with_coding(found: ColumnFacts, coding: NumberCoding | CategoryCoding | None) -> ColumnFacts:
    if isinstance(coding, CategoryCoding):
        return msgspec.structs.replace(found, categories=coding.categories)
    if isinstance(coding, NumberCoding):
        return msgspec.structs.replace(found, mean=coding.mean, scale=coding.scale)
    return found
