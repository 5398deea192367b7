"""What is read of a table and as what: its columns looked at once, and held against what a person chose."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from editor.errors import DataError
from editor.training.data.file_kinds import check_kind_of
from editor.training.data.memory import check_memory
from editor.training.data.table.dialect import spoken
from editor.training.data.table.reading import TableFile
from editor.training.data.table.roles import Roles, find_roles, listed, resolve
from editor.training.data.table.survey import MAX_DISTINCT, MOST_OF_MODELS, ColumnSurvey, survey
from editor.training.data_options import DataOptions, MissingTreatment
from editor.training.model_facts import ModelFacts

BYTES_PER_VALUE = 25
"""At most, while a table is made ready (measured); 4 are left then, as the model takes it."""
CLASS_TASKS = ("binary", "multi-class", "multi-label")


@dataclass(frozen=True)
class TablePlan:
    """What is read of a table and as what.

    Attributes:
        columns: What each column holds.
        roles: What each is used for.
        categories: Of each column that is used as categories, its values in the order of their numbers.
        missing: How gaps are treated, of each column that is used; in one that is learned, `category` keeps words such
            as `none` as classes, and rows without anything in it are left out all the same.
        options: What a person chose.
    """

    table: TableFile
    columns: dict[str, ColumnSurvey]
    roles: Roles
    categories: dict[str, tuple[str, ...]]
    missing: dict[str, MissingTreatment]
    options: DataOptions

    @property
    def name(self) -> str:
        """The file's name."""
        return self.table.path.name

    @property
    def kept(self) -> tuple[str, ...]:
        """Columns in which words such as `none` are values."""
        return tuple(name for name in self.roles.targets if self.missing[name] == "category")

    @property
    def notes(self) -> tuple[str, ...]:
        """Which words are taken for missing values of what is learned."""
        return tuple(_words_note(self.columns[name]) for name in self.roles.targets if self.columns[name].words)


def look_at(path: Path, num_left_out: int = 0) -> tuple[TableFile, dict[str, ColumnSurvey]]:
    """Opens a table and looks at all of it once, in bounded memory; not again while the file stays the same.

    Args:
        path: The file.
        num_left_out: Columns that will not be used; the others have to fit into the memory.

    Raises:
        DataError: It is no table, has no rows, or is larger than the memory.
    """
    check_kind_of(path, "table")
    table, status = TableFile(path), path.stat()
    num_rows, num_columns = table.estimated_rows(), max(len(table.names) - num_left_out, 1)
    check_memory(path.name, num_rows * num_columns * BYTES_PER_VALUE, num_rows)
    return _look_at(path, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=3)  # The tables to train, to validate and to test on, while a person chooses among their columns.
def _look_at(path: Path, _changed: int, _num_bytes: int) -> tuple[TableFile, dict[str, ColumnSurvey]]:
    table = TableFile(path)
    columns = survey(table)
    if not max((column.num_rows for column in columns.values()), default=0):
        header = "a header, but " if table.dialect else ""
        raise DataError(f"{path.name} has {header}no rows.", hint="Choose a table with a row for each sample.")
    return table, columns


def plan_table(
    table: TableFile, columns: dict[str, ColumnSurvey], options: DataOptions, facts: ModelFacts
) -> TablePlan:
    """Decides what is read of a table and as what.

    Raises:
        DataError: It is too large, or a column does not hold what it is used for.
    """
    name = table.path.name
    num_rows = next(iter(columns.values())).num_rows
    roles = find_roles(name, columns, options, facts)
    kept = _kept_words(name, columns, roles, options)
    columns = {column: each.with_words() if column in kept else each for column, each in columns.items()}
    check_memory(name, num_rows * len(roles.needed) * BYTES_PER_VALUE, num_rows)
    categories = {
        column: _categories(columns[column])
        for column in roles.needed
        if _is_category(column, columns, roles, options, is_kept=column in kept)
    }
    for column in roles.needed:
        if column not in categories:
            check_numbers(columns[column], name)
    return TablePlan(table, columns, roles, categories, _treatments(name, columns, roles, categories, options), options)


def check_numbers(column: ColumnSurvey, file_name: str) -> None:
    """Holds a column that is used as numbers to that.

    Raises:
        DataError: A cell holds something else, or an infinite number.
    """
    if column.not_a_number:
        wrong = column.not_a_number
        raise DataError(
            f"Row {wrong.row:,} of {file_name} holds {wrong.text!r} in {spoken(column.name)}, where numbers belong.",
            hint="Correct that cell or empty it, or use the column as a category.",
            field="columns",
            name=column.name,
        )
    if column.infinite:
        is_infinite = "inf" in column.infinite.text.lower()
        raise DataError(
            f"Row {column.infinite.row:,} of {file_name} holds {column.infinite.text} in {spoken(column.name)}, which "
            f"{'is infinite' if is_infinite else f'is too large for a model (above {MOST_OF_MODELS:.1e})'}.",
            hint="Correct that cell or empty it, or leave the column out.",
            field="columns",
            name=column.name,
        )


def _kept_words(file_name: str, columns: dict[str, ColumnSurvey], roles: Roles, options: DataOptions) -> set[str]:
    """Learned columns in which words such as `none` are classes: missing values are to be a category of their own."""
    wanted = [name for name, treatment in options.missing.items() if treatment == "category"]
    said = {resolve(file_name, name, list(columns), "missing") for name in wanted}
    return {name for name in roles.targets if name in said and columns[name].words}


def with_values_of(plan: TablePlan, columns: dict[str, ColumnSurvey]) -> TablePlan:
    """A plan that knows the cells of another table too, as labels may stand together there that do so nowhere here."""
    learned = [names[0] for names in plan.roles.outputs if len(names) == 1]
    found = {
        name: tuple(sorted({*plan.categories[name], *columns[name].counts}))
        for name in learned
        if name in plan.categories and name in columns
    }
    return replace(plan, categories=plan.categories | found)


def _is_category(
    name: str, columns: dict[str, ColumnSurvey], roles: Roles, options: DataOptions, *, is_kept: bool
) -> bool:
    column, use = columns[name], roles.uses[name]
    if use != "target":
        return use == "category"
    is_mixed = column.not_a_number is not None
    return not column.is_mostly_numbers or (is_mixed and (is_kept or options.task in CLASS_TASKS))


def _categories(column: ColumnSurvey) -> tuple[str, ...]:
    if not column.has_all_counts:
        raise DataError(
            f"{spoken(column.name, is_first=True)} has more than {MAX_DISTINCT:,} different values, "
            "too many for categories.",
            hint="Leave the column out, or choose another target.",
            field="columns",
            name=column.name,
        )
    if column.is_mostly_numbers and column.not_a_number is None:
        return tuple(sorted(column.counts, key=_as_number))
    return tuple(sorted(column.counts))


def _as_number(text: str) -> float:
    return float(text.replace(",", "."))


def _treatments(
    file_name: str,
    columns: dict[str, ColumnSurvey],
    roles: Roles,
    categories: dict[str, tuple[str, ...]],
    options: DataOptions,
) -> dict[str, MissingTreatment]:
    said = {
        resolve(file_name, name, list(columns), "missing"): treatment for name, treatment in options.missing.items()
    }
    found: dict[str, MissingTreatment] = {}
    for name in roles.needed:
        if name in roles.targets:
            found[name] = said.get(name, "drop")
            _check_target_treatment(name, found[name])
        else:
            found[name] = said.get(name) or ("category" if name in categories else "mean")
            _check_treatment(name, found[name], is_category=name in categories)
    return found


def _check_target_treatment(name: str, treatment: MissingTreatment) -> None:
    if treatment not in ("drop", "category"):
        raise DataError(
            f"{spoken(name, is_first=True)} is learned; a missing value in it cannot be made up.",
            hint="Use drop, or category to have words such as none as a class.",
            field="missing",
            name=name,
        )


def _check_treatment(name: str, treatment: MissingTreatment, *, is_category: bool) -> None:
    if treatment == "mean" and is_category:
        raise DataError(
            f"{spoken(name, is_first=True)} holds categories, which have no mean for missing values.",
            hint="Use category, most-frequent or drop.",
            field="missing",
            name=name,
        )
    if treatment == "category" and not is_category:
        raise DataError(
            f"{spoken(name, is_first=True)} holds numbers; a missing one cannot be a category.",
            hint="Use mean, most-frequent or drop.",
            field="missing",
            name=name,
        )


def _words_note(column: ColumnSurvey) -> str:
    words, count = [repr(word) for word in list(column.words)[:3]], column.words.total()
    return (
        f"{' and '.join(words)} in {spoken(column.name)} ({count:,} {'row' if count == 1 else 'rows'}) "
        f"{'is' if len(words) == 1 else 'are'} taken for a missing value, and {'it is' if count == 1 else 'they are'} "
        "left out. If it is a class, treat missing values of that column as a category of their own."
    )


def check_same_columns(plan: TablePlan, other: TableFile) -> None:
    """Holds a table to validate or test on to the columns of the training table.

    Raises:
        DataError: It lacks a column that is used.
    """
    absent = [name for name in plan.roles.needed if name not in other.names]
    if absent and plan.table.has_header != other.has_header:
        without, named = (other, plan.table) if plan.table.has_header else (plan.table, other)
        raise DataError(
            f"The first row of {without.path.name} holds no names of columns, but that of {named.path.name} does.",
            hint="Give both tables a first row with the same names.",
        )
    if absent:
        raise DataError(
            f"{other.path.name} has no column {absent[0]!r}, which the training data {plan.name} have.",
            hint=f"Give both tables the same columns. Those of {other.path.name} are: {listed(other.names)}.",
        )
