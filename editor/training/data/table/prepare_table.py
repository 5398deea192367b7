"""From a table on disk to what a model trains on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from editor.errors import DataError
from editor.training.data.parts import Array, Numbered, Part, Prepared
from editor.training.data.reporting import balancing_weights, describe
from editor.training.data.splitting import draw_validation
from editor.training.data.table.collecting import MISSING_CODE, Rows, collect
from editor.training.data.table.dialect import spoken
from editor.training.data.table.inputs import InputCoding, learn_inputs, unknown_notes
from editor.training.data.table.learning import OutputCoding, learn_output
from editor.training.data.table.plan import (
    TablePlan,
    check_numbers,
    check_same_columns,
    look_at,
    plan_table,
    with_values_of,
)
from editor.training.data.table.reading import TableFile
from editor.training.data.table.survey import ColumnSurvey
from editor.training.data.table.telling import first_report, row_view, table_report
from editor.training.data.targets import Target
from editor.training.data.unfit import UnfitDataError, about_part
from editor.training.data_report import DataReport, Skipped
from editor.training.model_facts import ModelFacts
from editor.training.settings import TrainSettings

MOST_TOLD = 100
"""Rows left out that are listed."""


@dataclass
class _Table:
    """A table that is being prepared, with what is told of it so far."""

    settings: TrainSettings
    facts: ModelFacts
    plan: TablePlan
    skipped: list[Skipped]
    num_skipped: int = 0
    notes: tuple[str, ...] = ()


def prepare_table(settings: TrainSettings, facts: ModelFacts, seed: int) -> Prepared:
    """Reads a table, and the tables to validate and to test on.

    Args:
        settings: The data, and how they are to be read.
        facts: The model that they are for.
        seed: Decides which rows are drawn to validate on.

    Raises:
        DataError: Something in a table is wrong, or nothing that the model takes can be made of it.
    """
    uses = list(settings.data_options.columns.values())
    file, columns = look_at(Path(settings.data), uses.count("ignore"))
    try:
        plan = plan_table(file, columns, settings.data_options, facts)
        return _prepare(_Table(settings, facts, plan, []), seed)
    except DataError as error:
        raise UnfitDataError(error, first_report(file, columns, settings.data_options, facts)) from error


def _prepare(table: _Table, seed: int) -> Prepared:
    options = table.settings.data_options
    for part, path in (("val", options.validation), ("test", options.test)):
        with about_part(part, options):
            table.plan = with_values_of(table.plan, look_at(Path(path))[1]) if path else table.plan
    plan = table.plan
    rows = _read(table, plan.table, plan.columns)
    outputs = _learn_outputs(table, rows)
    targets = tuple(output.encode(rows, plan.name) for output in outputs)
    kept, held = _split(table, outputs, targets, seed)
    inputs = learn_inputs(plan, table.facts, _some(rows, kept))
    whole = Part(tuple(each.encode(rows) for each in inputs), targets)
    with about_part("val", options):
        validation = _other(table, options.validation, inputs, outputs)
    with about_part("test", options):
        test = _other(table, options.test, inputs, outputs)
    prepared = Prepared(
        whole.take(kept),
        DataReport(kind="table", text=""),
        validation=whole.take(held) if len(held) else validation,
        test=test,
        augmentation=options.augmentation,
        input_names=tuple(f"input {each.name}" if each.name else "the table" for each in inputs),
        target_names=tuple(output.target.name for output in outputs),
        has_own_validation=validation is not None,
        tasks=tuple(output.task for output in outputs),
        class_names=outputs[0].classes,
    )
    num_more = (validation.num_samples if validation else 0, test.num_samples if test else 0)
    text = describe(whole.inputs, targets, len(targets[0]), num_more, prepared.tasks)
    prepared = replace(prepared, report=msgspec.structs.replace(prepared.report, text=text))
    return _told(table, prepared, _some(rows, kept), inputs, outputs)


def _told(
    table: _Table, prepared: Prepared, rows: Rows, inputs: Sequence[InputCoding], outputs: Sequence[OutputCoding]
) -> Prepared:
    """With the report and the weights of the classes."""
    train, validation = prepared.train, prepared.validation
    report = table_report(table.plan, train, validation, inputs, outputs)
    report = msgspec.structs.replace(
        report,
        text=prepared.report.text,
        num_test=prepared.test.num_samples if prepared.test else 0,
        skipped=tuple(table.skipped[:MOST_TOLD]),
        num_skipped=table.num_skipped,
        notes=(*report.notes, *table.notes),
    )
    is_balanced = table.settings.data_options.balance_classes and len(outputs) == 1
    weights = balancing_weights(train.targets[0], outputs[0].task) if is_balanced else None
    sources = Numbered("row {:,}", rows.numbers)
    return replace(
        prepared, report=report, class_weight=weights, sources=sources, view=row_view(train, inputs, outputs)
    )


def _learn_outputs(table: _Table, rows: Rows) -> tuple[OutputCoding, ...]:
    plan, facts = table.plan, table.facts
    targets = [
        Target(
            spoken(names[0]) if len(names) == 1 else f"the columns from {names[0]} to {names[-1]}",
            facts.output_shape(at),
            facts.activation(at),
            plan.options.task,
            names[0] if len(names) == 1 else "",
        )
        for at, names in enumerate(plan.roles.outputs)
    ]
    return tuple(
        learn_output(target, names, plan.categories, rows, plan.name)
        for target, names in zip(targets, plan.roles.outputs, strict=True)
    )


def _split(
    table: _Table, outputs: Sequence[OutputCoding], targets: Sequence[Array], seed: int
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    options = table.settings.data_options
    total = len(targets[0])
    share = 0.0 if options.validation or total == 1 else table.settings.validation_split
    has_classes = options.is_stratified and outputs[0].task in ("binary", "multi-class") and targets[0].ndim == 1
    return draw_validation(total, share, seed, targets[0].astype(np.int64) if has_classes else None)


def _some(rows: Rows, places: npt.NDArray[np.intp]) -> Rows:
    return Rows({name: column[places] for name, column in rows.columns.items()}, rows.numbers[places])


def _read(table: _Table, file: TableFile, columns: dict[str, ColumnSurvey]) -> Rows:
    """The rows of a file that are used; a row is left out where a gap in it is treated so."""
    plan = table.plan
    rows = collect(file, plan.roles.needed, plan.categories, plan.kept)
    is_kept = np.ones(len(rows.numbers), bool)
    for name in [name for name in plan.roles.needed if plan.missing[name] == "drop" or name in plan.roles.targets]:
        word = columns[name].missing_word if name not in plan.kept else ""
        reason = f"{word!r} in {spoken(name)} is taken for a missing value" if word else f"no value in {spoken(name)}"
        column = rows.columns[name]
        is_gap = np.isnan(column) if column.dtype.kind == "f" else column == MISSING_CODE
        for at in np.flatnonzero(is_gap & is_kept)[: MOST_TOLD - len(table.skipped)]:
            table.skipped.append(Skipped(f"row {rows.numbers[at]:,} of {file.path.name}", reason))
        is_kept &= ~is_gap
    table.num_skipped += int((~is_kept).sum())
    if not is_kept.any():
        reason = table.skipped[-1].reason if table.skipped else "nothing in it"
        raise DataError(
            f"No row of {file.path.name} can be used: each has {reason}, or a gap in another column.",
            hint="Treat missing values in another way than by leaving rows out, or choose another target.",
            field="missing",
        )
    return rows.keep(is_kept)


def _other(table: _Table, name: str, inputs: Sequence[InputCoding], outputs: Sequence[OutputCoding]) -> Part | None:
    """A table to validate or to test on, held to the columns, categories and scales of the training rows."""
    if not name:
        return None
    file, columns = look_at(Path(name))
    check_same_columns(table.plan, file)
    for column in table.plan.roles.needed:
        if column not in table.plan.categories:
            check_numbers(columns[column], file.path.name)
    rows = _read(table, file, columns)
    table.notes = (*table.notes, *unknown_notes(inputs, rows, file.path.name))
    targets = tuple(output.encode(rows, file.path.name) for output in outputs)
    return Part(tuple(each.encode(rows) for each in inputs), targets)
